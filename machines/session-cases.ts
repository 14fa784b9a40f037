// What a watch may bring of a session: part of the cases in `cases.ts`.
// Never: used by a town at work.
import type { EffectOutput } from './effects.ts'

/** Nothing else was seen. */
export const looked = { seen: 0, conversation: null, receipts: [], isFull: false, watchedMs: 0, isCompacted: false }

/** A turn, or a run, that is over as usual. */
export const over = { asksToCycle: false, ...looked }

export const watched: readonly EffectOutput<'watchSession'>[] = [
  { kind: 'ended', exitCode: 0, tail: '', cutOff: false, ...over },
  { kind: 'ended', exitCode: 2, tail: 'unknown option', cutOff: false, ...over },
  { kind: 'ended', exitCode: null, tail: '', cutOff: true, ...over },
  { kind: 'ended', exitCode: 0, tail: '', cutOff: false, ...over, asksToCycle: true },
  { kind: 'stalled', silentMs: 1_800_000, tail: '', ...looked },
  { kind: 'heard', isOld: false, ...looked, conversation: 'c-1', receipts: [{ id: 'm-1', state: 'delivered' }] },
  { kind: 'heard', isOld: false, ...looked, isFull: true },
  { kind: 'heard', isOld: true, ...looked, isCompacted: true, watchedMs: 1000 },
  { kind: 'turn_over', end: 'done', why: '', ...over },
  { kind: 'turn_over', end: 'done', why: '', ...over, asksToCycle: true },
  { kind: 'turn_over', end: 'failed', why: 'overloaded', ...over },
  { kind: 'turn_over', end: 'overlong', why: 'prompt is too long', ...over },
  { kind: 'limited', until: 3_600_000, leftMs: null, why: 'usage limit reached', ...looked },
  { kind: 'refused', why: 'invalid x-api-key', ...looked },
  { kind: 'pause_over', ...looked },
]
