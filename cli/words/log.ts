// `gt log`: the journal in words, also of a town that is down, and as it goes on.
// Never: writes.
import { z } from 'zod'
import type { LogEntry } from '../api.ts'
import { answering, type Params } from '../asking.ts'
import { TownUnreachable } from '../errors.ts'
import { clock, plainly, raw, say as toPeople, json as written } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'log',
  group: 'look',
  summary: 'what happened, in the town’s own words',
  usage: '[--follow] [--issue <id>] [--actor <address>] [--since <when>] [--last <n>] [--all]',
  examples: ['gt log', 'gt log --follow', 'gt log --since 2h --actor wyvern/Nux', 'gt log --issue wyv-1.2 --json'],
  options: {
    follow: { kind: 'flag', short: 'f', about: 'go on as it happens' },
    issue: { kind: 'text', about: 'only what was said of this issue' },
    actor: { kind: 'address', about: 'only this role' },
    since: {
      kind: 'moment',
      about: 'only since then: 90s, 10m, 2h, 3d ago, 14:30 today, or a date and time such as 2026-11-24T14:30',
    },
    last: { kind: 'number', range: [1, 10_000_000], about: 'how many entries to look back over (5000)' },
    all: { kind: 'flag', about: 'every turn, also those without words for people' },
  },
  async run({ flags, ask, town, json }) {
    const query = {
      ...(flags.issue ? { issue: flags.issue } : {}),
      ...(flags.actor ? { address: flags.actor } : {}),
    }
    const say = (entries: LogEntry[]) => {
      if (json) for (const entry of entries) raw(`${written(entry)}\n`)
      else toPeople(entries.flatMap((entry) => linesOf(plainly(entry), flags.all)))
    }
    const past = await askOrRead({
      ...query,
      ...(flags.since === undefined ? {} : { sinceMs: flags.since }),
      last: flags.last ?? 5000,
    })
    say(past)
    if (flags.follow)
      await ask(
        'follow',
        { ...query, after: past.at(-1)?.seq ?? 0 },
        { event: (event) => say((event as { entries: LogEntry[] }).entries) },
      )
    return 0

    /** A town that is not up has its log still. */
    async function askOrRead(params: Params<'log'>): Promise<LogEntry[]> {
      try {
        return await ask('log', params)
      } catch (error) {
        if (!(error instanceof TownUnreachable) || flags.follow) throw error
        const { openRecords } = await import('../../actors/records.ts')
        const { readIdentity, readJournal } = await import('../../runtime/open.ts')
        const store = openRecords(town(), { readOnly: true })
        try {
          // It was never up.
          if (readIdentity(store).epoch === 0) throw error
          return readJournal(store, said(params))
        } finally {
          store.close()
        }
      }
    }
  },
})

function linesOf(entry: LogEntry, all: boolean): string[] {
  const who = `${clock(entry.at)}  ${entry.address.padEnd(24)}`
  const notes = entry.notes.map((note) => `${who}  ${note.text}`)
  if (notes.length > 0 || !all) return notes
  return [`${who}  ${entry.mailType}: ${entry.before || '·'} → ${entry.after}  ${entry.promised.join(', ')}`]
}

const chosen = z.object({ address: z.string().optional(), issue: z.string().optional(), after: z.int().optional() })
const bounds = z.object({ last: z.int().positive().optional(), sinceMs: z.number().optional() })

export const answers = {
  log: answering({
    word: 'log',
    shape: z.intersection(chosen, bounds),
    answer: ({ last, address, issue, after, sinceMs }, { town }): LogEntry[] => {
      const bounded = last !== undefined || after !== undefined || sinceMs !== undefined
      return town.host.journal(said({ last: bounded ? last : 200, address, issue, after, sinceMs }))
    },
  }),
  /** Stream: an event `{ entries: LogEntry[] }` after every commit; answers when nobody listens any more. */
  follow: answering({
    word: 'log',
    shape: chosen,
    answer: async ({ after, address, issue }, { town: { host }, gone, emit }): Promise<null> => {
      const tell = (entries: readonly LogEntry[]) => {
        if (entries.length > 0) emit({ entries })
      }
      if (after !== undefined) tell(host.journal(said({ after, address, issue })))
      const meant = (entry: LogEntry) =>
        (!address || entry.address === address) && (!issue || entry.notes.some((note) => note.issue === issue))
      const unheard = host.onCommit((entries) => tell(entries.filter(meant)))
      if (!gone.aborted) await new Promise((resolve) => gone.addEventListener('abort', resolve, { once: true }))
      unheard()
      return null
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}

/** Without what was not said. */
const said = <T extends object>(query: T) =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
