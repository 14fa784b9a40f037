// Said: the words that are on their way to one agent, each with how far it has come. Where more than a few mails wait
// for it, one line says how many they are. (spec: gt inject, nudges)
// Never: forgets words that have not arrived, while there is somebody to hear them; counts those that were only handed
// over as heard; hides what a person says in a line.
import { whereabouts } from './address.ts'
import type { MailEvent } from './mail.ts'
import type { Receipt } from './session-effects.ts'
import { wordsLengthMax } from './texts.ts'

export interface Words {
  id: string
  from: string
  /** Of the polecat whose agent is to hear them. */
  incarnation?: number | undefined
  /** Empty once they have arrived. */
  text: string
  /** With them it hears once more who it is here, and what is next. */
  primes?: boolean
  /** They are a mail, of this id. */
  isMail?: boolean
  /** As a mail, one that cannot wait. */
  isUrgent?: boolean
  /** They are the line that stands for so many mails; `told`: for how many when it was handed over. */
  counts?: { unread: number; urgent: number; told: number }
  /**
   * `taken`: its program has them; `delivered`: its model. `counted`: in a line, instead of being said. `expired`: there
   * was too much to say, or nobody left.
   */
  state: 'queued' | Receipt['state'] | 'counted' | 'expired'
}
type NewWords = Pick<Words, 'id' | 'from' | 'text' | 'incarnation' | 'primes' | 'isMail' | 'isUrgent'>

/** As many mails are said word for word; where more wait, a line says how many. */
const apartMax = 3

/** As many may wait; beyond that the oldest are not said any more. */
const waitingMax = 20
/** Of those that have arrived, as many are remembered. */
const arrivedMax = 10

export const isWaiting = ({ state }: Words) => state === 'queued' || state === 'taken'

/** A person's words are said as they are, however many wait. */
const mayBeCounted = ({ isMail, from }: Pick<Words, 'isMail' | 'from'>) =>
  isMail === true && !['overseer', 'crew'].includes(whereabouts(from)?.role ?? '')

/** One more to say. */
export function saying(all: readonly Words[], one: NewWords): Words[] {
  if (all.some(({ id }) => id === one.id)) return [...all]
  const isLine = (each: Words) => each.counts !== undefined && isWaiting(each)
  const apart = all.filter((each) => mayBeCounted(each) && isWaiting(each)).length
  if (!mayBeCounted(one) || (apart < apartMax && !all.some(isLine)))
    return bounded([...all, { ...one, state: 'queued' }])
  const more = all.map((each) => (isLine(each) ? counting(each, [one]) : each))
  return bounded([...more, { ...one, text: '', state: 'counted' }, ...(all.some(isLine) ? [] : [lineFor([one])])])
}

/** Its agent begins to listen: where more than a few mails wait, all of them are in one line. */
export function gathered(all: readonly Words[]): Words[] {
  const apart = all.filter((each) => mayBeCounted(each) && each.state === 'queued')
  const line = all.find((each) => each.counts !== undefined && isWaiting(each))
  if (apart.length === 0 || (!line && apart.length <= apartMax)) return handed(all)
  const rest = all
    .filter((each) => each !== line)
    .map((each) => (apart.includes(each) ? { ...each, text: '', state: 'counted' as const } : each))
  return handed([...rest, line ? counting(line, apart) : lineFor(apart)])
}

/** The lines among them say what they count now. */
const handed = (all: readonly Words[]): Words[] =>
  all.map((each) => (each.counts ? { ...each, counts: { ...each.counts, told: each.counts.unread } } : each))

/** A line that is handed over at once. */
function lineFor(mails: readonly NewWords[]): Words {
  const [{ id, from, incarnation } = { id: '', from: '' }] = mails
  return lineOf({ id: `${id}/more`, from, incarnation }, mails.length, mails.filter(({ isUrgent }) => isUrgent).length)
}
const lineOf = (line: Pick<Words, 'id' | 'from' | 'incarnation'>, unread: number, urgent: number): Words => ({
  ...line,
  ...{ text: lineText(unread, urgent), state: 'queued', counts: { unread, urgent, told: unread } },
})

const lineText = (unread: number, urgent: number) => `Mail: ${unread} unread, ${urgent} urgent: \`gt mail inbox\``

/** The same line, for more. */
function counting(line: Words, mails: readonly NewWords[]): Words {
  const before = line.counts ?? { unread: 0, urgent: 0, told: 0 }
  const unread = before.unread + mails.length
  const urgent = before.urgent + mails.filter(({ isUrgent }) => isUrgent).length
  return { ...line, counts: { ...before, unread, urgent }, text: lineText(unread, urgent) }
}

/** Which mails these receipts show to have come before its model. */
export const shown = (all: readonly Words[], receipts: readonly Receipt[]): string[] =>
  all.flatMap(({ id, isMail, state }) =>
    isMail &&
    (state === 'queued' || state === 'taken' || state === 'counted') &&
    receipts.some((each) => each.id === id && each.state !== 'taken')
      ? [id]
      : [],
  )

/** What the evidence shows of them. What a line has not said yet, another one is to say. */
export function arrived(all: readonly Words[], receipts: readonly Receipt[]): Words[] {
  const next = receipts.reduce<readonly Words[]>(
    (list, { id, state }) =>
      list.map((one) =>
        one.id !== id || (!isWaiting(one) && one.state !== 'counted' && state !== 'answered')
          ? one
          : { ...one, state, text: state === 'taken' ? one.text : '' },
      ),
    all,
  )
  const behind = next.flatMap((one, n) => {
    const { unread, told } = one.counts ?? { unread: 0, told: 0 }
    const hasArrived = !isWaiting(one) && isWaiting(all[n] as Words)
    const { id, from, incarnation } = one
    // How many of those are urgent the inbox tells.
    return hasArrived && unread > told ? [lineOf({ id: `${id}/more`, from, incarnation }, unread - told, 0)] : []
  })
  return bounded([...next, ...behind])
}

/** Its program has ended: what it had taken, and not given to its model, is to be said again. */
export const again = (all: readonly Words[]): Words[] =>
  all.map((one) => (one.state === 'taken' ? { ...one, state: 'queued' as const } : one))

/** A worker of this incarnation is there: what was meant for another one is not said any more. */
export const meantFor = (all: readonly Words[], incarnation: number): Words[] =>
  bounded(
    all.map((one) =>
      isWaiting(one) && one.incarnation !== undefined && one.incarnation !== incarnation
        ? { ...one, text: '', state: 'expired' as const }
        : one,
    ),
  )

/** A mail as its recipient's agent is told of it: whole, where it is not too long. */
export function asWords({ from, subject, body, mailId }: MailEvent<'message.sent'>): string {
  const head = `Mail ${mailId} from ${from}: ${subject}`
  const room = wordsLengthMax - head.length - 200
  if (body === subject) return head
  const text = body.length > room ? `${body.slice(0, room)}…\n(there is more: \`gt mail read ${mailId}\`)` : body
  return `${head}\n\n${text}`.trimEnd()
}

function bounded(all: readonly Words[]): Words[] {
  const waiting = all.filter(isWaiting)
  const tooMany = new Set(waiting.slice(0, Math.max(0, waiting.length - waitingMax)))
  const kept = all.map((one) => (tooMany.has(one) ? { ...one, text: '', state: 'expired' as const } : one))
  const over = kept.filter((one) => !isWaiting(one))
  const forgotten = new Set(over.slice(0, Math.max(0, over.length - arrivedMax)))
  return kept.filter((one) => !forgotten.has(one))
}
