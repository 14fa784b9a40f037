// What every machine of the town is made with: the words it may say and the effects it may promise, typed.
// Never: does anything. Words and effects are played by the runtime after the turn is committed; here they are empty
// on purpose.
import { fromPromise, type PromiseActorLogic } from 'xstate'
import { type EffectInput, type EffectName, type EffectOutput, effects } from './effects.ts'
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
  closeIssue: (_: unknown, _input: EffectInput<'closeIssue'> | EffectInput<'closeIssue'>[]) => {},
  releaseIssue: (_: unknown, _input: EffectInput<'releaseIssue'>) => {},
}

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
