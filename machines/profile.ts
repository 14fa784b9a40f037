// What every machine of the town is made with: the words it may say and the effects it may promise, typed.
// Never: does anything. Words and effects are played by the runtime after the turn is committed; here they are empty
// on purpose.
import { type EventObject, enqueueActions, fromPromise, type MachineContext, type PromiseActorLogic } from 'xstate'
import { type EffectInput, type EffectName, type EffectOutput, type EffectWish, effects } from './effects.ts'
import type { Outgoing } from './mail.ts'

type Hands = { [N in EffectName]: PromiseActorLogic<EffectOutput<N>, EffectInput<N>> }

const playedByTheRuntime = fromPromise(async () => {
  throw new Error('an effect is performed by the runtime, never by the machine')
})

/**
 * One actor source an effect name, for `setup({ actors })`: `invoke: { id, src: 'createWorktree', input, onDone,
 * onError }`.
 */
export const hands = Object.fromEntries(
  Object.keys(effects).map((name) => [name, playedByTheRuntime]),
) as unknown as Hands

interface Answer {
  /** null: nobody waits. */
  to: string | null
  ok: boolean
  text: string
}

/** The words a machine may say, for `setup({ actions })`. */
export const words = {
  mail: (_: unknown, _mail: Outgoing | Outgoing[]) => {},
  /** The answer to mail that somebody waits for. */
  reply: (_: unknown, _reply: Answer | Answer[]) => {},
  /** One sentence for the town log. */
  note: (_: unknown, _note: { text: string; issue?: string }) => {},
  claimSlot: (_: unknown, _slot: { pool: string; holder: string }) => {},
  freeSlot: (_: unknown, _slot: { pool: string; holder: string }) => {},
  /** From here on the pool has no more places than this, nor than it is or was configured to have. */
  acceptCapacity: (_: unknown, _pool: { pool: string; places: number }) => {},
  /** Effects whose result nobody waits for; the runtime tries them again by itself. */
  closeIssues: (_: unknown, _input: EffectWish<'closeIssues'>) => {},
  releaseIssue: (_: unknown, _input: EffectWish<'releaseIssue'>) => {},
  tellSession: (_: unknown, _input: EffectWish<'tellSession'> | EffectWish<'tellSession'>[]) => {},
  fileMessage: (_: unknown, _input: EffectWish<'fileMessage'>) => {},
  noteReceipt: (_: unknown, _input: EffectWish<'noteReceipt'> | EffectWish<'noteReceipt'>[]) => {},
}

/** What follows from one thing that happened: how the context changes, and what is said. */
export interface News<Context> {
  changes?: Partial<Context>
  notes?: readonly { text: string; issue?: string }[]
  mail?: readonly Outgoing[]
  reply?: Answer
  close?: EffectWish<'closeIssues'>
  release?: EffectWish<'releaseIssue'>
  tell?: readonly EffectWish<'tellSession'>[]
  receipts?: readonly EffectWish<'noteReceipt'>[]
}

/** One thing after the other: each sees the context as the one before left it. */
function after<Context>(context: Context, ...steps: readonly Change<Context>[]): News<Context> {
  const notes: { text: string; issue?: string }[] = []
  const mail: Outgoing[] = []
  let changes: Partial<Context> = {}
  let told: News<Context> = {}
  for (const step of steps) {
    const next = step({ ...context, ...changes })
    changes = { ...changes, ...next.changes }
    notes.push(...(next.notes ?? []))
    mail.push(...(next.mail ?? []))
    told = { ...told, ...next }
  }
  return { ...told, changes, notes, mail }
}

interface Enqueue<Context> {
  (
    action:
      | { type: 'note'; params: { text: string; issue?: string } }
      | { type: 'mail'; params: Outgoing[] }
      | { type: 'reply'; params: Answer }
      | { type: 'closeIssues'; params: EffectWish<'closeIssues'> }
      | { type: 'releaseIssue'; params: EffectWish<'releaseIssue'> }
      | { type: 'tellSession'; params: EffectWish<'tellSession'>[] }
      | { type: 'noteReceipt'; params: EffectWish<'noteReceipt'>[] },
  ): void
  assign(changes: Partial<Context>): void
}

/** Says and keeps it all. For `enqueueActions`, beside other things. */
function publish<Context>(enqueue: Enqueue<Context>, news: News<Context>): void {
  for (const note of news.notes ?? []) enqueue({ type: 'note', params: note })
  if (news.release) enqueue({ type: 'releaseIssue', params: news.release })
  if (news.close) enqueue({ type: 'closeIssues', params: news.close })
  if (news.tell && news.tell.length > 0) enqueue({ type: 'tellSession', params: [...news.tell] })
  if (news.receipts && news.receipts.length > 0) enqueue({ type: 'noteReceipt', params: [...news.receipts] })
  if (news.mail && news.mail.length > 0) enqueue({ type: 'mail', params: [...news.mail] })
  if (news.reply) enqueue({ type: 'reply', params: news.reply })
  enqueue.assign(news.changes ?? {})
}

/** How a context changes, and what is said of it. */
export type Change<Context> = (context: Context) => News<Context>

/**
 * One change after the other, said and kept, as an action for `setup({ actions })`:
 * `{ type: 'news', params: ({ event }) => [went('build'), built(event.output)] }`.
 */
export const newsOf = <Context extends MachineContext, Event extends EventObject>() =>
  enqueueActions<Context, Event, readonly Change<Context>[], Event, never, never, never, never, never>(
    ({ context, enqueue }, changes) => publish(enqueue as unknown as Enqueue<Context>, after(context, ...changes)),
  )

/** What an effect answered, for a guard of its `onDone`. */
export const outputOf = <N extends EffectName>(event: object) => (event as { output: EffectOutput<N> }).output

/** Guards over an effect's answer, for `setup({ guards })`: `{ type: 'answered', params: 'pushed' }`. */
export const verdicts = {
  answered: ({ event }: { event: object }, kind: string) =>
    (event as { output?: { kind?: string } }).output?.kind === kind,
}

/** The words of an error that reached a machine, or of whatever was thrown instead. */
export function wordsOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message)
  return String(error)
}

export const workersPool = (rig: string) => `${rig}/workers`
