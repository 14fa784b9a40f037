import process from 'node:process'
import type { LogEntry, Status } from '../api.ts'
import { colour, command, table } from '../command.ts'

export default command({
  summary: 'polecats, queue, landings, escalations',
  usage: '[--watch]',
  examples: ['gt status', 'gt status --watch', 'gt status --json'],
  options: { watch: { type: 'boolean', short: 'w', about: 'again after every change, with the last words of the log' } },
  args: [0, 0],
  async run({ flags, ask, print, json }) {
    if (!flags.watch) {
      const status = await ask('status', {})
      print(status, () => linesOf(status))
      return 0
    }
    const board = process.stdout.isTTY === true && !json
    const words: string[] = []
    const hear = (entries: readonly LogEntry[]) => {
      words.push(...entries.flatMap((entry) => entry.notes.map((note) => `${colour(2, `${new Date(entry.at).toTimeString().slice(0, 8)}  ${entry.address}`)}  ${note.text}`)))
      words.splice(0, words.length - 10)
    }
    const show = async () => {
      const status = await ask('status', {})
      if (!board) print(status, () => linesOf(status))
      // Written over in place: home, each line cleared to its end, then what was below.
      else process.stdout.write(`\u001b[H${[...linesOf(status), '', ...words].map((line) => `${cut(line)}\u001b[K\n`).join('')}\u001b[J`)
    }
    const past = await ask('log', { last: 200 })
    hear(past)
    if (board) process.stdout.write('\u001b[2J')
    await show()
    let busy = false
    let again = false
    await ask('follow', { after: past.at(-1)?.seq ?? 0 }, async (event) => {
      hear((event as { entries: LogEntry[] }).entries)
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

/** A line that would wrap would push the board down. Colour codes take no room. */
function cut(line: string): string {
  const columns = process.stdout.columns || 80
  let room = columns - 1
  return line.replaceAll(/(\u001b\[\d+m)|./gu, (part: string, code?: string) => (code === undefined && room-- <= 0 ? '' : part))
}

const stateColour: Record<string, number> = {
  working: 36,
  pending_shutdown: 32,
  testing: 33,
  building: 33,
  landing: 32,
  confirming: 32,
  closing: 32,
  backing_off: 31,
  failed: 31,
  stopped: 31,
  set_aside: 31,
}
const coloured = (state: string) => colour(stateColour[state] ?? 0, state)

function linesOf({ town, rigs, escalations }: Status): string[] {
  const lines = [`${colour(1, town.name)}  ${town.root}  pid ${town.pid}${town.stopped ? colour(31, '  STOPPED (gt up lets it go on)') : ''}`]
  if (rigs.length === 0) lines.push('', 'No rigs yet: gt rig add <name> <git-url> --gate …')
  for (const rig of rigs) {
    const gates = rig.gated ? `gates ${rig.gates.join(', ')}` : colour(31, 'NO GATE')
    lines.push('', `${colour(1, rig.name)} (${rig.prefix})  workers ${rig.workers.busy}/${rig.workers.max}  ${gates}${rig.stopped ? colour(31, '  stopped') : ''}`)
    lines.push(...table(rig.polecats.map((cat) => [`  ${cat.name}`, cat.issue, coloured(cat.state), cat.attempt > 1 ? `try ${cat.attempt}` : '', cat.title])))
    lines.push(...table(rig.queue.map((entry) => [`  queue ${entry.position}`, entry.issue, coloured(entry.state), entry.title])))
    lines.push(...rig.landed.slice(0, 5).map((landing) => `  ${colour(32, 'landed')} ${landing.issue}  ${landing.commit.slice(0, 10)}  ${landing.title}`))
  }
  for (const escalation of escalations) lines.push('', colour(31, `! ${escalation.subject}`), '  gt mail inbox has the whole of it')
  return lines
}
