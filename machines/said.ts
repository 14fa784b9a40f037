// Said: the words that are on their way to one agent, each with how far it has come. (spec: gt inject, nudges)
// Never: forgets words that have not arrived, while there is somebody to hear them; counts those that were only handed
// over as heard.
import type { MailEvent } from './mail.ts'
import type { Receipt } from './session-effects.ts'
import { wordsLengthMax } from './texts.ts'

export interface Words {
  id: string
  from: string
  /** Of the polecat whose agent is to hear them. */
  incarnation?: number
  /** Empty once they have arrived. */
  text: string
  /** With them it hears once more who it is here, and what is next. */
  primes?: boolean
  /** `taken`: its program has them; `delivered`: its model. `expired`: there was too much to say, or nobody left. */
  state: 'queued' | Receipt['state'] | 'expired'
}

/** As many may wait; beyond that the oldest are not said any more. */
const waitingMax = 20
/** Of those that have arrived, as many are remembered. */
const arrivedMax = 10

export const isWaiting = ({ state }: Words) => state === 'queued' || state === 'taken'

/** One more to say. */
export const saying = (
  all: readonly Words[],
  one: Pick<Words, 'id' | 'from' | 'text' | 'incarnation' | 'primes'>,
): Words[] => (all.some(({ id }) => id === one.id) ? [...all] : bounded([...all, { ...one, state: 'queued' }]))

/** What the evidence shows of them. */
export const arrived = (all: readonly Words[], receipts: readonly Receipt[]): Words[] =>
  bounded(
    receipts.reduce<readonly Words[]>(
      (list, { id, state }) =>
        list.map((one) =>
          one.id !== id || (!isWaiting(one) && state !== 'answered')
            ? one
            : { ...one, state, text: state === 'taken' ? one.text : '' },
        ),
      all,
    ),
  )

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
