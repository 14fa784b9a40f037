// What a session asks of its hands, from what it knows.
// Never: asks; its machine does.
import type { SessionContext } from './hearing.ts'
import type { IssueBrief } from './mail.ts'
import { inOrder } from './notes.ts'
import type { SessionRecord } from './session-effects.ts'

type Context = SessionContext

/** Name of this run in tmux, folders and logs: no two runs of a town share one. */
export const sessionId = (context: { rig: string; polecat: string; incarnation: number; epoch: number }) =>
  `gt-${context.rig}-${context.polecat}-${context.incarnation}-${context.epoch}`

/** The run that is to begin. */
export const begins = (context: Context) => ({
  id: sessionId(context),
  rig: context.rig,
  polecat: context.polecat,
  incarnation: context.incarnation,
  branch: context.branch,
  address: context.address,
  epoch: context.epoch,
  issue: context.issue as IssueBrief,
  worktree: context.worktree,
  attempt: context.attempt,
  returned: context.returned,
  conversation: context.conversation,
  note: inOrder(context.notes),
  former: context.former,
  account: context.under ?? '',
  begunUnder: context.begunUnder ?? '',
})

/** `stallMatters`: whether its silence is news; that of one that waits to be spoken to never is. */
export const watches = (context: Context, stallMatters: boolean) => ({
  rig: context.rig,
  session: context.session as SessionRecord,
  worktree: context.worktree,
  stallMatters: stallMatters && !context.isIdle,
  since: context.seen,
  // Who waits for its allowance is asked nothing; nor is one that waits to be spoken to, for its time alone.
  fullMatters: !context.toldToCycle && context.pause === null,
  lastedMs:
    context.spoken && !context.toldToCycle && context.pause === null && !context.isIdle ? context.lastedMs : null,
  pause: context.pause && {
    until: context.pause.until,
    ms: context.pause.ms,
    atLeastMs: context.pause.atLeastMs ?? 0,
  },
})

/** The run that is to be ended. */
export const aims = (context: Context) => ({
  rig: context.rig,
  id: sessionId(context),
  session: context.session,
  since: context.seen,
})
