// Reading the journal: what each turn did, in order.
// Never: writes it; only a committed turn does.
import type { Host, JournalEntry, Store } from './contract.ts'

export function readJournal(store: Store, query: Parameters<Host['journal']>[0]): JournalEntry[] {
  const rows = store.all<
    Omit<JournalEntry, 'notes' | 'promised'> & { notes: string; promised: string; mail_id: string; mail_type: string; from_address: string; cause_id: string | null }
  >(
    `SELECT * FROM (SELECT * FROM journal WHERE seq > ? AND (? IS NULL OR seq = ?) AND at >= ? AND (? IS NULL OR address = ?) AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(notes) WHERE value ->> 'issue' = ?))
     ORDER BY seq DESC LIMIT ?) ORDER BY seq`,
    query.after ?? 0,
    query.seq ?? null,
    query.seq ?? null,
    query.sinceMs ?? 0,
    query.address ?? null,
    query.address ?? null,
    query.issue ?? null,
    query.issue ?? null,
    query.last ?? -1,
  )
  return rows.map(({ seq, at, address, incarnation, revision, mail_id, mail_type, from_address, cause_id, before, after, notes, promised }) => ({
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
  }))
}
