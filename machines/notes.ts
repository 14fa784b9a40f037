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
  /** Nobody knows yet whether its run began, while there is none. */
  session: object | null
  conversation: string | null
  notes: Note[]
  /** Ids of those that were there when this run was to begin: told to it, if a conversation begins with it. */
  carried: string[]
  /** Ids of those that this conversation began with, and has not had yet. */
  offered: string[]
}

/** A run is to begin; one that goes on with a conversation is told none. */
export function toBegin({ notes, conversation }: Pick<Keeps, 'notes' | 'conversation'>) {
  const carried = notes.map(({ id }) => id)
  return { carried, offered: conversation === null ? carried : [] }
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

type Looked = Pick<EffectOutput<'watchSession'>, 'receipts' | 'conversation'> & { kind?: string }

/** Which notes this look shows to have been had. */
export function read(keeps: Keeps, { receipts, conversation, kind }: Looked): string[] {
  const { address, epoch, session, offered, carried } = keeps
  const isFirst = ({ id, state }: Looked['receipts'][number]) => id === `${address}/${epoch}/0` && state !== 'taken'
  if (!receipts.some(isFirst) && kind !== 'turn_over') return []
  // Its start came to nothing, as far as known, and it had begun another conversation than it was to go on with.
  const isOther = session === null && conversation !== null && conversation !== keeps.conversation
  return isOther ? carried : offered
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
