// Notes: what an agent writes to itself. Each is mail, and waits for the next conversation that begins: in the order
// they came, each told to one conversation only, however often programs and daemons end in between. (spec: Session
// Cycling)
// Never: takes a note for read before the agent that begins has had it; gives it to another worker of that name.
import type { EffectOutput } from './effects.ts'
import { wordsLengthMax } from './texts.ts'

export interface Note {
  /** Of the mail; empty: it is of a version that did not keep it. */
  id: string
  text: string
}

interface Keeps {
  address: string
  epoch: number
  notes: Note[]
  /** Ids of those that this run began with, and has not had yet. */
  offered: string[]
}

/** As many wait; older ones stay in the inbox. */
const waitingMax = 10

export const oneMore = (notes: readonly Note[], one: Note): Note[] =>
  notes.some(({ id }) => id === one.id) ? [...notes] : [...notes, one].slice(-waitingMax)

/** As the next conversation begins with them; the newest are told whole. */
export function inOrder(notes: readonly Note[]): string {
  const text = notes.map((note) => note.text).join('\n\n')
  return text.length > wordsLengthMax
    ? `(there is more: \`gt mail inbox\`)\n…${text.slice(100 - wordsLengthMax)}`
    : text
}

type Looked = Pick<EffectOutput<'watchSession'>, 'receipts'> & { kind?: string }

/** Which notes this look shows to have been had. */
export function read({ address, epoch, offered }: Keeps, { receipts, kind }: Looked): string[] {
  const isFirst = ({ id, state }: Looked['receipts'][number]) => id === `${address}/${epoch}/0` && state !== 'taken'
  return receipts.some(isFirst) || kind === 'turn_over' ? offered : []
}

/** These have been had. */
export const without = ({ notes, offered }: Keeps, ids: readonly string[]): Pick<Keeps, 'notes' | 'offered'> => ({
  notes: notes.filter(({ id }) => !ids.includes(id)),
  offered: offered.filter((id) => !ids.includes(id)),
})

/** How far those mails have come by that. */
export const readReceipts = (address: string, ids: readonly string[]) =>
  ids
    .filter((id) => id !== '')
    .flatMap((mail) => (['shown', 'read'] as const).map((step) => ({ mail, to: address, step, by: address })))
