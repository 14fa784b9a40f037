// The mailbox: takes mail in, judges whether it can be delivered, and gives it out in order, one at a time for each
// actor.
// Never: handles a mail; it keeps them.
import { distance } from 'fastest-levenshtein'
import type { Draft, Envelope, HostOptions, Role } from './contract.ts'
import { Refusal } from './errors.ts'
import type { Outbox } from './outbox.ts'
import { understands } from './plan.ts'
import type { Tables } from './store/tables.ts'

export type Mailbox = ReturnType<typeof makeMailbox>

export function makeMailbox(options: HostOptions, { mail, actors }: Pick<Tables, 'mail' | 'actors'>, outbox: Outbox) {
  const { clock } = options
  const roleOf = (address: string): Role | undefined => options.roles.find((role) => role.owns(address))

  /** Keeps a mail whose body is of its type's shape; with a reason, as a dead letter. */
  const insert = (
    draft: Draft,
    more: { effectKey?: string; timerId?: string; firedAt?: number; dead?: string | undefined } = {},
  ): { id: string; repeated: boolean } => {
    let id = draft.id ?? options.newMailId(draft.to, options.random)
    // Chance may give the same id twice; a mail taken for a repetition would be lost.
    while (draft.id === undefined && mail.has(id)) id = options.newMailId(draft.to, options.random)
    const said = { ...draft, id, sentAt: clock.now(), causeId: draft.causeId ?? null }
    const seq = mail.add({
      ...said,
      effectKey: more.effectKey ?? null,
      timerId: more.timerId ?? null,
      dueAt: more.firedAt ?? 0,
      reason: more.dead ?? null,
    })
    if (seq !== undefined && more.dead === undefined) project({ ...said, seq, attempt: 0 })
    return { id, repeated: seq === undefined }
  }

  const project = (envelope: Envelope): void => {
    options.project?.(envelope).forEach(({ name, input }, index) => {
      outbox.promise(`mail:${envelope.id}:${index}`, envelope.to, name, input)
    })
  }

  /** Why this mail cannot be delivered, in words; undefined when it can. */
  const obstacle = ({ from, to, type }: Draft): string | undefined => {
    const role = roleOf(to)
    if (!role) {
      const nearest = actors.addresses().sort((a, b) => distance(to, a) - distance(to, b))[0]
      return `nobody is at "${to}"${nearest ? `; did you mean ${nearest}?` : ''}`
    }
    if (!understands(role, type)) return `${to} does not understand ${type}`
    const refused = options.refuses?.({ from, to, type })
    if (refused !== undefined) return refused
    const waiting = mail.waitingFor(to)
    return waiting >= role.mailboxLengthMax ? `the mailbox of ${to} is full (${waiting} mails wait)` : undefined
  }

  return {
    roleOf,
    insert,
    /** From outside: refused with words when it cannot be delivered. */
    post(draft: Draft): { id: string; repeated: boolean } {
      if (draft.id !== undefined && mail.has(draft.id)) return { id: draft.id, repeated: true }
      const why = obstacle(draft)
      if (why !== undefined) throw new Refusal(why)
      return insert({ ...draft, body: options.parseMail(draft.type, draft.body) })
    },
    /** From a turn, its body parsed: what cannot be delivered becomes a dead letter; the sender's turn goes on. */
    send: (draft: Draft) => void insert(draft, { dead: obstacle(draft) }),
    redeliver(id: string): void {
      const letter = mail.find(id)
      if (letter?.state !== 'dead') throw new Refusal(`no dead letter ${id}`)
      const refused = options.refuses?.(letter)
      if (refused !== undefined) throw new Refusal(refused)
      mail.revive(id)
    },
  }
}
