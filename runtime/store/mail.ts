// The table of mail: every mail is exactly one of new, done, dead or stale.
// Never: judges what can be delivered, or looks at a clock; a moment is handed in.
import type { DeadLetter, Envelope, JsonObject, Store } from '../contract.ts'

export type MailState = 'new' | 'done' | 'dead' | 'stale'

/** A mail as it is kept. */
export interface KeptMail extends Envelope {
  state: MailState
  /** The effect whose result it is; null for any other mail. */
  effectKey: string | null
  /** The timer whose firing it is; null for any other mail. */
  timerId: string | null
  /** Why it is dead, or why its last turn failed. */
  reason: string | null
}

/**
 * A mail to be kept; with a reason it cannot be delivered and is a dead letter at once. `dueAt`: not to be handled
 * before, in watched time; of a firing, when it fired; else 0.
 */
export type NewMail = Omit<KeptMail, 'seq' | 'state' | 'attempt'> & { dueAt: number }

interface MailRow {
  seq: number
  id: string
  from_address: string
  to_address: string
  type: string
  body: string
  sent_at: number
  cause_id: string | null
  attempt: number
  state: MailState
  effect_key: string | null
  timer_id: string | null
  reason: string | null
  handled_at: number | null
}

/**
 * The oldest mail that may be handled now: the first of its actor's, not in back-off, not of a halted actor. Its two
 * conditions are in the words of the indexes on mail that waits.
 */
const ready = `FROM mail m WHERE state = 'new' AND due_at <= ?
  AND NOT EXISTS (SELECT 1 FROM mail e WHERE e.to_address = m.to_address AND e.state = 'new' AND e.seq < m.seq)
  AND NOT EXISTS (SELECT 1 FROM actor a WHERE a.address = m.to_address AND a.status = 'halted')
  ORDER BY seq LIMIT 1`

export function mailTable(store: Store) {
  const find = (id: string): KeptMail | undefined => {
    const row = store.get<MailRow>('SELECT * FROM mail WHERE id = ?', id)
    return row && mailOf(row)
  }
  return {
    /** The order it was given; undefined when its id is known already, and nothing was written. */
    add(mail: NewMail): number | undefined {
      const { changes, lastInsertRowid } = store.run(
        `INSERT OR IGNORE INTO mail
           (id, from_address, to_address, type, body, sent_at, cause_id, effect_key, timer_id, due_at, state, reason)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        mail.id,
        mail.from,
        mail.to,
        mail.type,
        JSON.stringify(mail.body),
        mail.sentAt,
        mail.causeId,
        mail.effectKey,
        mail.timerId,
        mail.dueAt,
        mail.reason === null ? 'new' : 'dead',
        mail.reason,
      )
      return changes === 1 ? lastInsertRowid : undefined
    },
    find,
    has: (id: string): boolean => store.get('SELECT 1 FROM mail WHERE id = ?', id) !== undefined,
    isReady: (now: number): boolean => store.get(`SELECT 1 ${ready}`, now) !== undefined,
    next(now: number): KeptMail | undefined {
      const row = store.get<MailRow>(`SELECT * ${ready}`, now)
      return row && mailOf(row)
    },
    waitingFor: (address: string): number =>
      store.get<{ n: number }>("SELECT count(*) AS n FROM mail WHERE to_address = ? AND state = 'new'", address)?.n ??
      0,
    waiting: (): number => store.get<{ n: number }>("SELECT count(*) AS n FROM mail WHERE state = 'new'")?.n ?? 0,
    /** When the next mail in back-off is due that was not due at `after` yet. */
    nextDueAt: (after: number): number | null =>
      store.get<{ at: number | null }>("SELECT min(due_at) AS at FROM mail WHERE state = 'new' AND due_at > ?", after)
        ?.at ?? null,
    handled: (id: string, as: 'done' | 'stale', at: number) =>
      store.run('UPDATE mail SET state = ?, handled_at = ? WHERE id = ?', as, at, id),
    dead: (id: string, reason: string, at: number) =>
      store.run("UPDATE mail SET state = 'dead', reason = ?, handled_at = ? WHERE id = ?", reason, at, id),
    backOff: (id: string, attempt: number, dueAt: number, reason: string) =>
      store.run('UPDATE mail SET attempt = ?, due_at = ?, reason = ? WHERE id = ?', attempt, dueAt, reason, id),
    /** A firing that still waits, of a timer that is no more. */
    dropFiring: (address: string, timerId: string, at: number) =>
      store.run(
        "UPDATE mail SET state = 'stale', handled_at = ? WHERE to_address = ? AND timer_id = ? AND state = 'new'",
        at,
        address,
        timerId,
      ),
    /** A result that still waits, of an invocation that is no more. */
    dropResult: (address: string, types: readonly [string, string], at: number) =>
      store.run(
        `UPDATE mail SET state = 'stale', handled_at = ?
         WHERE to_address = ? AND state = 'new' AND effect_key IS NOT NULL AND type IN (?, ?)`,
        at,
        address,
        ...types,
      ),
    deadLetters: (): DeadLetter[] =>
      store
        .all<MailRow>("SELECT * FROM mail WHERE state = 'dead' ORDER BY seq")
        .map((row) => ({ envelope: envelopeOf(row), reason: row.reason ?? '', at: row.handled_at ?? row.sent_at })),
    /** Waits again, as if it had never been tried. */
    revive: (id: string) =>
      store.run("UPDATE mail SET state = 'new', attempt = 0, due_at = 0, reason = NULL WHERE id = ?", id),
    prune: (olderThan: number) =>
      store.run("DELETE FROM mail WHERE state IN ('done', 'stale') AND handled_at < ?", olderThan),
  }
}

const envelopeOf = (row: MailRow): Envelope => ({
  id: row.id,
  seq: row.seq,
  from: row.from_address,
  to: row.to_address,
  type: row.type,
  body: JSON.parse(row.body) as JsonObject,
  sentAt: row.sent_at,
  attempt: row.attempt,
  causeId: row.cause_id,
})

const mailOf = (row: MailRow): KeptMail =>
  Object.assign(envelopeOf(row), {
    state: row.state,
    effectKey: row.effect_key,
    timerId: row.timer_id,
    reason: row.reason,
  })
