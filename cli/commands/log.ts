import { existsSync } from 'node:fs'
import type { LogEntry, Methods } from '../api.ts'
import { TownUnreachable } from '../client.ts'
import { colour, command, Usage } from '../command.ts'

export default command({
  summary: 'what happened, in the town’s own words',
  usage: '[--follow] [--issue <id>] [--actor <address>] [--since <when>] [--last <n>] [--all]',
  examples: ['gt log', 'gt log --follow', 'gt log --since 2h --actor wyvern/Nux', 'gt log --issue wyv-1.2 --json'],
  options: {
    follow: { type: 'boolean', short: 'f', about: 'go on as it happens' },
    issue: { type: 'string', about: 'only what was said of this issue' },
    actor: { type: 'string', about: 'only this role, by its address' },
    since: {
      type: 'string',
      about: 'only since then: 90s, 10m, 2h, 3d ago, 14:30 today, or a date and time such as 2026-11-24T14:30',
    },
    last: { type: 'string', about: 'how many entries to look back over (5000)' },
    all: { type: 'boolean', about: 'every turn, also those without words for people' },
  },
  args: [0, 0],
  async run({ flags, ask, town, json }) {
    const query = {
      ...(flags.issue ? { issue: String(flags.issue) } : {}),
      ...(flags.actor ? { address: await addressOf(String(flags.actor)) } : {}),
    }
    const since = flags.since === undefined ? {} : { sinceMs: momentOf(String(flags.since), Date.now()) }
    const last = Number(flags.last ?? 5000)
    if (!Number.isSafeInteger(last) || last < 1) throw new Usage(`--last is a number of entries, not "${flags.last}"`)
    const say = (entries: LogEntry[]) => {
      for (const entry of entries)
        for (const line of json ? [JSON.stringify(entry)] : linesOf(entry, flags.all === true)) console.log(line)
    }
    const past = await askOrRead({ ...query, ...since, last })
    say(past)
    if (flags.follow)
      await ask('follow', { ...query, after: past.at(-1)?.seq ?? 0 }, (event) =>
        say((event as { entries: LogEntry[] }).entries),
      )
    return 0

    /** A town that is not up has its log still. */
    async function askOrRead(params: Methods['log']['params']): Promise<LogEntry[]> {
      try {
        return await ask('log', params)
      } catch (error) {
        if (!(error instanceof TownUnreachable) || flags.follow) throw error
        const { townLayout } = await import('../../actors/layout.ts')
        const { db } = townLayout(town())
        if (!existsSync(db)) throw error
        const { openSqliteStore, readJournal } = await import('../../runtime/open.ts')
        const store = openSqliteStore(db, { readOnly: true })
        try {
          return readJournal(store, params)
        } finally {
          store.close()
        }
      }
    }
  },
})

async function addressOf(text: string): Promise<string> {
  const { addressExamples, spelledOut, whereabouts } = await import('../../machines/address.ts')
  const address = spelledOut(text)
  if (!whereabouts(address)) throw new Usage(`"${text}" is not an address; addresses look like ${addressExamples}`)
  return address
}

const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds since the epoch. */
function momentOf(text: string, now: number): number {
  const [, count, unit] = /^(\d+)\s*([smhd])$/.exec(text) ?? []
  if (count && unit) return now - Number(count) * (unitMs[unit] as number)
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? []
  const moment = hours ? new Date(now).setHours(Number(hours), Number(minutes), 0, 0) : Date.parse(text)
  if (Number.isNaN(moment))
    throw new Usage(`--since is a span such as 10m or 2h, a time such as 14:30, or a date, not "${text}"`)
  return moment
}

function linesOf(entry: LogEntry, all: boolean): string[] {
  const time = new Date(entry.at).toTimeString().slice(0, 8)
  const notes = entry.notes.map((note) => `${colour(2, time)}  ${entry.address.padEnd(24)}  ${note.text}`)
  if (notes.length > 0 || !all) return notes
  return [
    `${colour(2, time)}  ${entry.address.padEnd(24)}  ${entry.mailType}: ${entry.before || '·'} → ${entry.after}  ${entry.promised.join(', ')}`,
  ]
}
