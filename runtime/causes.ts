// Causes: why a mail was sent, or an actor is as it is: the chain of turns back to what came from outside.
// Never: writes. What was pruned is the end of the chain.
import type { JournalEntry, Store } from './contract.ts'
import { readJournal } from './store/journal.ts'
import type { KeptMail, MailState } from './store/mail.ts'
import { type Tables, tablesOf } from './store/tables.ts'

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
    state: MailState
    reason: string | null
    sentAt: number
  } | null
}

/** `what`: a mail's id, an actor's address, or what the notes call an issue. undefined: nothing here is called so. */
export function causes(store: Store, what: string): Causes | undefined {
  const tables = tablesOf(store)
  const latest = Number.MAX_SAFE_INTEGER
  const mail = tables.mail.find(what)
  const last = mail
    ? (tables.journal.heard(mail.id, latest) ?? sender(tables, mail, latest))
    : (readJournal(store, { address: what, last: 1 })[0] ?? readJournal(store, { issue: what, last: 1 })[0])
  if (!mail && !last) return undefined
  const chain: JournalEntry[] = []
  for (let turn = last; turn && !chain.some(({ seq }) => seq === turn?.seq); ) {
    chain.unshift(turn)
    const heard = tables.mail.find(turn.mailId)
    turn = heard && sender(tables, heard, turn.seq)
  }
  if (!mail) return { chain, mail: null }
  const { id, from, to, type, state, reason, sentAt } = mail
  return { chain, mail: { id, from, to, type, state, reason, sentAt } }
}

/** The turn that led to this mail: it sent it, promised the effect whose result it is, or set the timer. */
function sender({ journal }: Tables, mail: KeptMail, before: number): JournalEntry | undefined {
  if (mail.causeId !== null) return journal.heard(mail.causeId, before)
  const promised = /^(.+):(\d+)\.(\d+):\d+$/.exec(mail.effectKey ?? '')
  if (promised) {
    const [, address = '', incarnation, revision] = promised
    return journal.turn(address, Number(incarnation), Number(revision), before)
  }
  return mail.timerId === null ? undefined : journal.armed(mail.to, mail.timerId, before)
}
