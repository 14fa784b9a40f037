// The journal: what each turn did, in order. Evidence, never truth.
// Never: changes a turn that is in it.
import type { Host, JournalEntry, JsonObject, Store } from '../contract.ts'

interface Row {
  seq: number
  at: number
  /** null: written when the two were one. */
  watched_at: number | null
  address: string
  incarnation: number
  revision: number
  mail_id: string
  mail_type: string
  from_address: string
  cause_id: string | null
  before: string
  after: string
  notes: string
  promised: string
}

const watched = 'coalesce(watched_at, at)'

/** A turn with the mail it heard, as it is needed to play it again. */
export interface PlayedTurn {
  seq: number
  watchedAt: number
  address: string
  incarnation: number
  revision: number
  after: string
  mail: { id: string; type: string; from: string; body: JsonObject }
  /** What its life began with, at the first turn of one. */
  input: JsonObject | null
  version: number
}

export function journalTable(store: Store) {
  /** Looked for backwards, since what is asked for is seldom far. */
  const lastBefore = (seq: number, condition: string, ...params: (string | number)[]): JournalEntry | undefined => {
    const row = store.get<Row>(
      `SELECT * FROM journal WHERE seq < ? AND ${condition} ORDER BY seq DESC LIMIT 1`,
      seq,
      ...params,
    )
    return row && entryOf(row)
  }
  return {
    /** `input`: what a life began with, at its first turn; `version`: of the machine that played it. */
    add(entry: Omit<JournalEntry, 'seq'>, input: JsonObject | null, version: number): JournalEntry {
      const { lastInsertRowid: seq } = store.run(
        `INSERT INTO journal (at, watched_at, address, incarnation, revision, mail_id, mail_type, from_address,
           cause_id, before, after, notes, promised, input, version)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        entry.at,
        entry.watchedAt,
        entry.address,
        entry.incarnation,
        entry.revision,
        entry.mailId,
        entry.mailType,
        entry.from,
        entry.causeId,
        entry.before,
        entry.after,
        JSON.stringify(entry.notes),
        JSON.stringify(entry.promised),
        input && JSON.stringify(input),
        version,
      )
      return { seq, ...entry }
    },
    /** The newest turn before `seq` that heard this mail. */
    heard: (mailId: string, seq: number) => lastBefore(seq, 'mail_id = ?', mailId),
    /** The turn of that revision, when it was before `seq`. */
    turn: (address: string, incarnation: number, revision: number, seq: number) =>
      lastBefore(seq, 'address = ? AND incarnation = ? AND revision = ?', address, incarnation, revision),
    /** The newest turn before `seq` that armed this timer. */
    armed: (address: string, timerId: string, seq: number) =>
      lastBefore(
        seq,
        "address = ? AND EXISTS (SELECT 1 FROM json_each(promised) WHERE value LIKE 'timer ' || ? || ' %')",
        address,
        timerId,
      ),
    /** Turns whose mail is still kept, oldest first. */
    played: (until: number): PlayedTurn[] =>
      store
        .all<
          Omit<PlayedTurn, 'mail' | 'input'> & {
            id: string
            type: string
            from: string
            body: string
            input: string | null
          }
        >(
          `SELECT j.seq, ${watched} AS watchedAt, j.address, j.incarnation, j.revision, j.after, j.input, j.version,
             m.id, m.type, m.from_address AS "from", m.body
           FROM journal j JOIN mail m ON m.id = j.mail_id WHERE j.seq <= ? ORDER BY j.seq`,
          until,
        )
        .map(({ id, type, from, body, input, ...turn }) => ({
          ...turn,
          mail: { id, type, from, body: JSON.parse(body) as JsonObject },
          input: input === null ? null : (JSON.parse(input) as JsonObject),
        })),
    /** Both times of the last turn; undefined: there was none yet. */
    lastMoments: (): { at: number; watchedAt: number } | undefined =>
      store.get(`SELECT at, ${watched} AS watchedAt FROM journal WHERE seq > 0 ORDER BY seq DESC LIMIT 1`),
    moments: (watchedAt: number) => momentsAt(store, watchedAt),
    /** The last turn stays: watched time goes on from it. */
    prune: (olderThan: number) =>
      store.run('DELETE FROM journal WHERE at < ? AND seq < (SELECT max(seq) FROM journal)', olderThan),
  }
}

/**
 * Both times of the last turn at or before this one of watched time, or else of the first turn there is. Later turns
 * have later moments: it is found by halving. Turns between may have been pruned.
 */
function momentsAt(store: Store, watchedAt: number): { at: number; watchedAt: number } | undefined {
  const ends = store.get<{ first: number | null; last: number | null }>(
    'SELECT (SELECT min(seq) FROM journal) AS first, (SELECT max(seq) FROM journal) AS last',
  )
  let [low, high] = [ends?.first ?? 0, ends?.last ?? 0]
  const upTo = (seq: number) =>
    store.get<{ at: number; watchedAt: number }>(
      `SELECT at, ${watched} AS watchedAt FROM journal WHERE seq <= ? ORDER BY seq DESC LIMIT 1`,
      seq,
    )
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((upTo(middle)?.watchedAt ?? 0) <= watchedAt) low = middle
    else high = middle - 1
  }
  return upTo(low)
}

/** When this moment of watched time was, milliseconds since the epoch: for people. */
export function shownAt(store: Store, watchedAt: number): number {
  const near = momentsAt(store, watchedAt)
  return near === undefined ? watchedAt : near.at + watchedAt - near.watchedAt
}

/** Oldest first; with `last`, only so many of the newest. */
export function readJournal(store: Store, query: Parameters<Host['journal']>[0]): JournalEntry[] {
  return store
    .all<Row>(
      `SELECT * FROM (
         SELECT * FROM journal WHERE seq > ? AND at >= ? AND (? IS NULL OR address = ?)
           AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(notes) WHERE value ->> 'issue' = ?))
         ORDER BY seq DESC LIMIT ?
       ) ORDER BY seq`,
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

const entryOf = (row: Row): JournalEntry => ({
  seq: row.seq,
  at: row.at,
  watchedAt: row.watched_at ?? row.at,
  address: row.address,
  incarnation: row.incarnation,
  revision: row.revision,
  mailId: row.mail_id,
  mailType: row.mail_type,
  from: row.from_address,
  causeId: row.cause_id,
  before: row.before,
  after: row.after,
  notes: JSON.parse(row.notes) as JournalEntry['notes'],
  promised: JSON.parse(row.promised) as string[],
})
