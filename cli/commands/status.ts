import process from 'node:process'
import type { Status } from '../api.ts'
import { colour, command, table } from '../command.ts'

export default command({
  summary: 'polecats, queue, landings, escalations',
  usage: '[--watch]',
  examples: ['gt status', 'gt status --watch', 'gt status --json'],
  options: { watch: { type: 'boolean', short: 'w', about: 'again after every change' } },
  args: [0, 0],
  async run({ flags, ask, print }) {
    const show = async () => {
      const status = await ask('status', {})
      if (flags.watch && process.stdout.isTTY) process.stdout.write('\u001b[H\u001b[2J')
      print(status, () => linesOf(status))
    }
    await show()
    if (!flags.watch) return 0
    let busy = false
    let again = false
    await ask('follow', {}, async () => {
      again = true
      if (busy) return
      busy = true
      while (again) {
        again = false
        await show()
      }
      busy = false
    })
    return 0
  },
})

function linesOf({ town, rigs, escalations }: Status): string[] {
  const lines = [`${colour(1, town.name)}  ${town.root}  pid ${town.pid}${town.stopped ? colour(31, '  STOPPED (gt up lets it go on)') : ''}`]
  if (rigs.length === 0) lines.push('', 'No rigs yet: gt rig add <name> <git-url> --gate …')
  for (const rig of rigs) {
    const gates = rig.gated ? `gates ${rig.gates.join(', ')}` : colour(31, 'NO GATE')
    lines.push('', `${colour(1, rig.name)} (${rig.prefix})  workers ${rig.workers.busy}/${rig.workers.max}  ${gates}${rig.stopped ? colour(31, '  stopped') : ''}`)
    lines.push(...table(rig.polecats.map((cat) => [`  ${cat.name}`, cat.issue, cat.state, cat.attempt > 1 ? `try ${cat.attempt}` : '', cat.title])))
    lines.push(...table(rig.queue.map((entry) => [`  queue ${entry.position}`, entry.issue, entry.state, entry.title])))
    lines.push(...rig.landed.slice(0, 5).map((landing) => `  ${colour(32, 'landed')} ${landing.issue}  ${landing.commit.slice(0, 10)}  ${landing.title}`))
  }
  for (const escalation of escalations) lines.push('', colour(31, `! ${escalation.subject}`), '  gt mail inbox has the whole of it')
  return lines
}
