import type { LogEntry } from '../api.ts'
import { colour, command } from '../command.ts'

export default command({
  summary: 'what happened, in the town’s own words',
  usage: '[--follow] [--issue <id>] [--actor <address>] [--last <n>] [--all]',
  examples: ['gt log', 'gt log --follow', 'gt log --issue wyv-1.2 --json'],
  options: {
    follow: { type: 'boolean', short: 'f', about: 'go on as it happens' },
    issue: { type: 'string', about: 'only what was said of this issue' },
    actor: { type: 'string', about: 'only this role, by its address' },
    last: { type: 'string', about: 'how many entries to look back over (5000)' },
    all: { type: 'boolean', about: 'every turn, also those without words for people' },
  },
  args: [0, 0],
  async run({ flags, ask, json }) {
    const query = { ...(flags.issue ? { issue: String(flags.issue) } : {}), ...(flags.actor ? { address: String(flags.actor) } : {}) }
    const say = (entries: LogEntry[]) => {
      for (const entry of entries) for (const line of json ? [JSON.stringify(entry)] : linesOf(entry, flags.all === true)) console.log(line)
    }
    const past = await ask('log', { ...query, last: Number(flags.last ?? 5000) })
    say(past)
    if (flags.follow) await ask('follow', { ...query, after: past.at(-1)?.seq ?? 0 }, (event) => say((event as { entries: LogEntry[] }).entries))
    return 0
  },
})

function linesOf(entry: LogEntry, all: boolean): string[] {
  const time = new Date(entry.at).toTimeString().slice(0, 8)
  const notes = entry.notes.map((note) => `${colour(2, time)}  ${entry.address.padEnd(24)}  ${note.text}`)
  if (notes.length > 0 || !all) return notes
  return [`${colour(2, time)}  ${entry.address.padEnd(24)}  ${entry.mailType}: ${entry.before || '·'} → ${entry.after}  ${entry.promised.join(', ')}`]
}
