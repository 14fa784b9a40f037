// Causes: why a mail was sent, or an actor is as it is: the chain of turns back to what came from outside.
// Never: writes. What was pruned is the end of the chain.
import type { JournalEntry, Store } from './contract.ts'
import { lastTurnBefore, readJournal } from './journal.ts'

export interface Causes {
  /**
   * The turns, oldest first; the last is the one asked about (for a mail nobody has handled yet: the one that sent
   * it).
   */
  chain: JournalEntry[]
  /** The mail asked about, when it was one. */
  mail: {
    id: string
    from: string
    to: string
    type: string
    state: 'new' | 'done' | 'dead' | 'stale'
    reason: string | null
    sentAt: number
  } | null
}

interface Sent {
  id: string
  from_address: string
  to_address: string
  type: string
  state: 'new' | 'done' | 'dead' | 'stale'
  reason: string | null
  sent_at: number
  cause_id: string | null
  timer_id: string | null
  effect_key: string | null
}

/** `what`: a mail's id, an actor's address, or what the notes call an issue. undefined: nothing here is called so. */
export function causes(store: Store, what: string): Causes | undefined {
  const mail = mailOf(store, what)
  const last = mail
    ? (turnOf(store, mail.id, Number.MAX_SAFE_INTEGER) ?? sender(store, mail, Number.MAX_SAFE_INTEGER))
    : (readJournal(store, { address: what, last: 1 })[0] ?? readJournal(store, { issue: what, last: 1 })[0])
  if (!mail && !last) return undefined
  const chain: JournalEntry[] = []
  for (let turn = last; turn && !chain.some(({ seq }) => seq === turn?.seq); ) {
    chain.unshift(turn)
    const heard = mailOf(store, turn.mailId)
    turn = heard && sender(store, heard, turn.seq)
  }
  return {
    chain,
    mail: mail
      ? {
          id: mail.id,
          from: mail.from_address,
          to: mail.to_address,
          type: mail.type,
          state: mail.state,
          reason: mail.reason,
          sentAt: mail.sent_at,
        }
      : null,
  }
}

const mailOf = (store: Store, id: string) => store.get<Sent>('SELECT * FROM mail WHERE id = ?', id)
const turnOf = (store: Store, mailId: string, before: number) => lastTurnBefore(store, before, 'mail_id = ?', mailId)

/** The turn that led to this mail: it sent it, promised the effect whose result it is, or set the timer. */
function sender(store: Store, mail: Sent, before: number): JournalEntry | undefined {
  if (mail.cause_id !== null) return turnOf(store, mail.cause_id, before)
  const promised = /^(.+):(\d+)\.(\d+):\d+$/.exec(mail.effect_key ?? '')
  if (promised) {
    const [, address = '', incarnation, revision] = promised
    return lastTurnBefore(
      store,
      before,
      'address = ? AND incarnation = ? AND revision = ?',
      address,
      Number(incarnation),
      Number(revision),
    )
  }
  if (mail.timer_id !== null)
    return lastTurnBefore(
      store,
      before,
      "address = ? AND EXISTS (SELECT 1 FROM json_each(promised) WHERE value LIKE 'timer ' || ? || ' %')",
      mail.to_address,
      mail.timer_id,
    )
  return undefined
}
