// Reading the journal: what each turn did, in order.
// Never: writes it; only a committed turn does.
import type { Host, JournalEntry, Store } from './contract.ts'

type Row = Omit<JournalEntry, 'notes' | 'promised'> & {
  notes: string
  promised: string
  mail_id: string
  mail_type: string
  from_address: string
  cause_id: string | null
}

/** Oldest first; with `last`, only so many of the newest. */
export function readJournal(store: Store, query: Parameters<Host['journal']>[0]): JournalEntry[] {
  return store
    .all<Row>(
      `SELECT * FROM (SELECT * FROM journal WHERE seq > ? AND at >= ? AND (? IS NULL OR address = ?) AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(notes) WHERE value ->> 'issue' = ?))
       ORDER BY seq DESC LIMIT ?) ORDER BY seq`,
      query.after ?? 0,
      query.sinceMs ?? 0,
      query.address ?? null,
      query.address ?? null,
      query.issue ?? null,
      query.issue ?? null,
      query.last ?? -1,
    )
    .map(entryOf)
}

/**
 * The newest turn before `seq` of which this condition holds; looked for backwards, since what is asked for is seldom
 * far.
 */
export function lastTurnBefore(
  store: Store,
  seq: number,
  condition: string,
  ...params: (string | number)[]
): JournalEntry | undefined {
  const row = store.get<Row>(
    `SELECT * FROM journal WHERE seq < ? AND ${condition} ORDER BY seq DESC LIMIT 1`,
    seq,
    ...params,
  )
  return row && entryOf(row)
}

function entryOf({
  seq,
  at,
  address,
  incarnation,
  revision,
  mail_id,
  mail_type,
  from_address,
  cause_id,
  before,
  after,
  notes,
  promised,
}: Row): JournalEntry {
  return {
    seq,
    at,
    address,
    incarnation,
    revision,
    mailId: mail_id,
    mailType: mail_type,
    from: from_address,
    causeId: cause_id,
    before,
    after,
    notes: JSON.parse(notes) as JournalEntry['notes'],
    promised: JSON.parse(promised) as string[],
  }
}
