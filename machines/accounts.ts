// Accounts: what a rig's agents live on, as its Witness knows it: an allowance of their account, which may be used up
// for a while.
// Never: counts that against a worker, or an issue.
import { overseer } from './address.ts'
import type { MailEvent, Outgoing } from './mail.ts'

/** An allowance that is used up. Both times in milliseconds. */
export interface Allowance {
  /** When it is there again; null: nobody knows. */
  until: number | null
  /** When that was told. */
  at: number
}
type Held = MailEvent<'account.held'>

/** Where nobody knows when it is there again, it is tried after so long, in milliseconds. */
export const unknownAllowanceMs = 15 * 60_000
/** Nor is it tried sooner than this. */
const shortestMs = 10_000
/** Whatever a service says, it is tried again after so long, in milliseconds. */
export const longestAllowanceMs = 8 * 24 * 3_600_000

/** How long nobody is started, from when it was told. */
export const heldForMs = ({ until, at }: Allowance): number =>
  until === null ? unknownAllowanceMs : Math.min(longestAllowanceMs, Math.max(shortestMs, until - at))

/** As it is known after one more has told it: the later end counts. */
export function usedUp(before: Allowance | null, { until, at }: Held): Allowance {
  const now = { until, at }
  return before && at + heldForMs(now) < before.at + heldForMs(before) ? before : now
}

/** Said once for each time that nobody can be started. */
export const outOfAllowance = (rig: string, { until, why }: Held): Outgoing => ({
  to: overseer,
  type: 'message.sent',
  body: {
    subject: `the agents of ${rig} have used up an allowance of their account`,
    body: [
      `Their service says: ${why || 'nothing more'}.`,
      `Those at work wait${until === null ? '' : ` until ${new Date(until).toISOString()}`}, and nobody is started meanwhile; then all go on by themselves. No try is counted.`,
      'To try again now: gt up. With another key: gt down, then gt up where it is set.',
    ].join('\n'),
    priority: 2,
  },
})
