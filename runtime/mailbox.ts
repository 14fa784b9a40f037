// The mailbox: every mail is exactly one of new, done, dead or stale, and is handled in order, one at a time for each
// actor.
// Never: handles a mail; it keeps them.
import { distance } from 'fastest-levenshtein'
import type { DeadLetter, Draft, Envelope, HostOptions, JsonObject, Role } from './contract.ts'
import { Refusal } from './errors.ts'

export interface MailRow {
  seq: number
  id: string
  from_address: string
  to_address: string
  type: string
  body: string
  sent_at: number
  cause_id: string | null
  attempt: number
  state: 'new' | 'done' | 'dead' | 'stale'
  effect_key: string | null
  timer_id: string | null
  reason: string | null
  handled_at: number | null
}

export function envelopeOf(row: MailRow): Envelope {
  return {
    id: row.id,
    seq: row.seq,
    from: row.from_address,
    to: row.to_address,
    type: row.type,
    body: JSON.parse(row.body) as JsonObject,
    sentAt: row.sent_at,
    attempt: row.attempt,
    causeId: row.cause_id,
  }
}

export function makeMailbox(options: HostOptions, projected: (envelope: Envelope) => void) {
  const { store, clock } = options
  const roleOf = (address: string): Role | undefined => options.roles.find((role) => role.owns(address))

  const insert = (
    draft: Draft,
    more: { effectKey?: string; timerId?: string; dead?: string } = {},
  ): { id: string; repeated: boolean } => {
    let id = draft.id ?? options.newMailId(draft.to, options.random)
    // Chance may give the same id twice; a mail taken for a repetition would be lost.
    while (draft.id === undefined && store.get('SELECT 1 FROM mail WHERE id = ?', id))
      id = options.newMailId(draft.to, options.random)
    const sentAt = clock.now()
    const { changes, lastInsertRowid: seq } = store.run(
      'INSERT OR IGNORE INTO mail (id, from_address, to_address, type, body, sent_at, cause_id, effect_key, timer_id, state, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      id,
      draft.from,
      draft.to,
      draft.type,
      JSON.stringify(draft.body),
      sentAt,
      draft.causeId ?? null,
      more.effectKey ?? null,
      more.timerId ?? null,
      more.dead === undefined ? 'new' : 'dead',
      more.dead ?? null,
    )
    if (changes === 1 && more.dead === undefined)
      projected({ ...draft, id, seq, sentAt, attempt: 0, causeId: draft.causeId ?? null })
    return { id, repeated: changes === 0 }
  }

  /** Why this mail cannot be delivered; undefined when it can. */
  const obstacle = (to: string, type: string): string | undefined => {
    const role = roleOf(to)
    if (!role) {
      const known = store.all<{ address: string }>('SELECT address FROM actor').map((row) => row.address)
      const nearest = known.sort((a, b) => distance(to, a) - distance(to, b))[0]
      return `nobody is at "${to}"${nearest ? `; did you mean ${nearest}?` : ''}`
    }
    if (!role.accepts.includes(type) && !role.ignores.includes(type)) return `${to} does not understand ${type}`
    const { waiting } = store.get<{ waiting: number }>(
      "SELECT count(*) AS waiting FROM mail WHERE to_address = ? AND state = 'new'",
      to,
    ) as { waiting: number }
    if (waiting >= role.mailboxLengthMax) return `the mailbox of ${to} is full (${waiting} mails wait)`
    return undefined
  }

  return {
    roleOf,
    insert,
    /** From outside: refused with words when it cannot be delivered. */
    post(draft: Draft) {
      if (draft.id !== undefined && store.get('SELECT 1 FROM mail WHERE id = ?', draft.id))
        return { id: draft.id, repeated: true }
      const why = obstacle(draft.to, draft.type)
      if (why !== undefined) throw new Refusal(why)
      return insert({ ...draft, body: options.parseMail(draft.type, draft.body) })
    },
    /**
     * From a machine: what cannot be delivered becomes a dead letter; the sender's turn goes on. A wrong body throws.
     */
    send(draft: Draft): string {
      const body = options.parseMail(draft.type, draft.body)
      const why = obstacle(draft.to, draft.type)
      return insert({ ...draft, body }, why === undefined ? {} : { dead: why }).id
    },
    /** The oldest mail that may be handled now: the first of its actor's, not in back-off, not of a halted actor. */
    next(): MailRow | undefined {
      return store.get<MailRow>(
        `SELECT * FROM mail m WHERE state = 'new' AND due_at <= ?
           AND NOT EXISTS (SELECT 1 FROM mail e WHERE e.to_address = m.to_address AND e.state = 'new' AND e.seq < m.seq)
           AND NOT EXISTS (SELECT 1 FROM actor a WHERE a.address = m.to_address AND a.status = 'halted')
         ORDER BY seq LIMIT 1`,
        clock.now(),
      )
    },
    done: (id: string, state: 'done' | 'stale') =>
      store.run('UPDATE mail SET state = ?, handled_at = ? WHERE id = ?', state, clock.now(), id),
    dead: (id: string, reason: string) =>
      store.run("UPDATE mail SET state = 'dead', reason = ?, handled_at = ? WHERE id = ?", reason, clock.now(), id),
    backOff: (id: string, attempt: number, reason: string) =>
      store.run(
        'UPDATE mail SET attempt = ?, due_at = ?, reason = ? WHERE id = ?',
        attempt,
        clock.now() + 100 * 4 ** attempt,
        reason,
        id,
      ),
    deadLetters: (): DeadLetter[] =>
      store
        .all<MailRow>("SELECT * FROM mail WHERE state = 'dead' ORDER BY seq")
        .map((row) => ({ envelope: envelopeOf(row), reason: row.reason ?? '', at: row.handled_at ?? row.sent_at })),
    redeliver(id: string) {
      const { changes } = store.run(
        "UPDATE mail SET state = 'new', attempt = 0, due_at = 0, reason = NULL WHERE id = ? AND state = 'dead'",
        id,
      )
      if (changes === 0) throw new Refusal(`no dead letter ${id}`)
    },
  }
}
