// Notes: what an agent writes to itself. Each is mail, and waits for the next conversation that begins: in the order
// they came, each told to one conversation only, however often programs and daemons end in between. (spec: Session
// Cycling)
// Never: takes a note for read before the agent that begins has had it, whole; gives it to another worker of that name.
import type { EffectOutput } from './effects.ts'
import { wordsLengthMax } from './texts.ts'

export interface Note {
  /** Of the mail; empty: it is of a version that did not keep it. */
  id: string
  text: string
  /** The mail says more: it stays unread. */
  isCut?: boolean
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
  const carried = fitting(notes).map(({ id }) => id)
  return { carried, offered: conversation === null ? carried : [] }
}

/** As many wait; older ones stay in the inbox. */
const waitingMax = 10

export const oneMore = (notes: readonly Note[], one: Note): Note[] =>
  notes.some(({ id }) => id === one.id) ? [...notes] : [...notes, one].slice(-waitingMax)

/** As the next conversation begins with them: the newest, whole; it is said which came before. */
export function inOrder(notes: readonly Note[]): string {
  const told = fitting(notes)
  const before = notes.slice(0, notes.length - told.length).map(({ id }) => id)
  const hint = `(Older notes of yours were too long for here, and are unread: \`gt mail read ${before.join(' ')}\`)`
  return [...(before.length > 0 ? [hint] : []), ...told.map(({ text }) => text)].join('\n\n')
}

/** As many of the newest as can be told at a time. */
function fitting(notes: readonly Note[]): Note[] {
  let told = 0
  let length = 0
  for (const { text } of notes.toReversed()) {
    length += text.length
    if (told > 0 && length > wordsLengthMax) break
    told++
  }
  return notes.slice(notes.length - told)
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

/** These have been had. What came before them is for the inbox alone: none is told after a later one. */
export const without = ({ notes, offered }: Keeps, ids: readonly string[]): Pick<Keeps, 'notes' | 'offered'> => ({
  notes: notes.slice(notes.findLastIndex(({ id }) => ids.includes(id)) + 1),
  offered: offered.filter((id) => !ids.includes(id)),
})

/** How far those mails have come by that. */
export const readReceipts = ({ address, notes }: Pick<Keeps, 'address' | 'notes'>, ids: readonly string[]) =>
  ids
    .filter((id) => id !== '')
    .flatMap((mail) => {
      const isCut = notes.some((note) => note.id === mail && note.isCut)
      return (isCut ? (['shown'] as const) : (['shown', 'read'] as const)).map((step) => ({
        ...{ mail, to: address, step, by: address },
      }))
    })
