// Incarnation: what a polecat keeps of itself and of its issue, and how it says that to others.
// Never: decides whether it is said.
import { keeperOf, overseer, polecatOf, refineryOf, sessionOf } from './address.ts'
import type { EffectOutput, EffectWish } from './effects.ts'
import { causes } from './escalations.ts'
import { farewell, obstacle, reminder } from './handoff.ts'
import { beginAnew } from './hearing.ts'
import type { IssueBrief, MailEvent, Outcome, Outgoing, Preserved, ReturnReason } from './mail.ts'
import { outputOf, wordsOf } from './profile.ts'
import { asWords } from './said.ts'
import { asOneLine, subjectLengthMax, wordsLengthMax } from './texts.ts'

export interface PolecatInput {
  rig: string
  name: string
  incarnation: number
  startsMax: number
  /** How often its agent is reminded in one start, and may begin a new conversation; absent: 3 and 10. */
  remindersMax?: number
  cyclesMax?: number
}

export interface PolecatContext extends PolecatInput {
  address: string
  branch: string
  /** Starts so far, of a place and a session in it; there may be `startsMax`. */
  starts: number
  /** Starts that do not count, because what held the session ended, and it with that; absent: none. */
  spared?: number
  issue: IssueBrief | null
  resume: Preserved | null
  returned: ReturnReason | null
  attempt: number
  worktree: string
  /** The work as it was handed to the queue. */
  work: Preserved | null
  /** The handoff mails that somebody waits on. */
  askIds: string[]
  /** What it says, or is found, to have come to; how, and what it waits for. */
  outcome: Outcome
  reason: string
  blockedBy: string | null
  /** Its issue was asked how it stands, after this session. */
  asked: boolean
  sessionOver: boolean
  /** The Overseer has stopped it: it starts nothing until it is resumed. */
  paused: boolean
  /** How often its agent was told, in this start, that it has not said how it ended; absent: never. */
  reminded?: number
  /** Its agent asked the Overseer something, and waits; absent: no. */
  waitsForAnswer?: boolean
  /** How often somebody wrote to it; absent: never. */
  heardOf?: number
  /** Its agent stopped while something else was decided; absent: no. */
  wentIdle?: boolean
  /** How often it began a new conversation; absent: never. */
  cycles?: number
  /** Its session has been silent for too long, said once a session. */
  silent: { ms: number; tail: string } | null
  lastEnd: { cause: string; exitCode: number | null; tail: string } | null
  trouble: string
}
type Known = { context: PolecatContext }

export const born = (input: PolecatInput | undefined): PolecatContext => ({
  rig: input?.rig ?? '',
  name: input?.name ?? '',
  address: input ? polecatOf(input.rig, input.name) : '',
  incarnation: input?.incarnation ?? 0,
  branch: input ? `polecat/${input.name}-${input.incarnation}` : '',
  starts: 0,
  startsMax: input?.startsMax ?? 3,
  remindersMax: input?.remindersMax ?? 3,
  cyclesMax: input?.cyclesMax ?? 10,
  issue: null,
  resume: null,
  returned: null,
  attempt: 1,
  worktree: '',
  work: null,
  askIds: [],
  outcome: 'handed_over',
  reason: '',
  blockedBy: null,
  asked: false,
  sessionOver: true,
  paused: false,
  silent: null,
  lastEnd: null,
  trouble: '',
})

export const issueOf = (context: PolecatContext) => (context.issue as IssueBrief).id
export const placeOf = ({ context: { rig, name, incarnation, branch } }: Known) => ({
  rig,
  polecat: name,
  incarnation,
  branch,
})

/** What keeps its place from being handed over, as an inspection found it. */
export const inTheWay = (context: PolecatContext, event: object) =>
  obstacle(
    { ...context, issue: issueOf(context), nothingToDo: context.outcome === 'no_change' },
    outputOf<'inspectWorktree'>(event),
  )

export interface Conclusion {
  outcome: Outcome
  reason: string
  blockedBy?: string | null
}

/** What an issue says for the worker that went without a word. */
export function concluded(found: EffectOutput<'readIssue'>): Conclusion {
  switch (found.kind) {
    case 'closed':
      return found.byHolder
        ? { outcome: 'no_change', reason: found.reason }
        : { outcome: 'let_go', reason: `it was closed: ${found.reason}` }
    case 'blocked':
      return { outcome: 'blocked', reason: found.why, blockedBy: found.on[0] ?? null }
    case 'given_back':
      return { outcome: 'given_back', reason: 'it opened its issue again, and went' }
    case 'let_go':
      return { outcome: 'let_go', reason: found.why }
    case 'held':
      return { outcome: 'failed', reason: '' }
  }
}

const goodbye = (context: PolecatContext) =>
  farewell({ ...context, issue: issueOf(context), sha: context.work?.sha ?? '' })

/** One answer, to everybody who asked for the handoff. */
const answer = (context: PolecatContext, ok: boolean, text: string) => context.askIds.map((to) => ({ to, ok, text }))

const toItsAgent = (
  { rig, name, address, incarnation }: PolecatContext,
  text: string,
  { by = address, about = null, urgent = false }: { by?: string; about?: string | null; urgent?: boolean } = {},
): Outgoing => ({ to: sessionOf(rig, name), type: 'words.said', body: { by, text, about, urgent, incarnation } })

/** Its agent has written to itself. */
const isNoted = (
  { rig, name, incarnation }: PolecatContext,
  { mailId }: { mailId: string },
  note: { text: string; isCut?: true },
): Outgoing => ({ to: sessionOf(rig, name), type: 'session.noted', body: { incarnation, id: mailId, ...note } })

const toItsKeeper = ({ rig, name }: PolecatContext) => keeperOf(rig, name)

/** Ends of a session after which a new conversation begins, which counts as one, and as no try. */
export const newConversation: Readonly<Record<string, string>> = {
  overlong: 'the context of the one before was full',
  cycled: 'it asked for one',
}

/** What a worker's agent has written to itself, as its next conversation hears it. */
function ownNote({ subject, body, mailId }: MailEvent<'message.sent'>): { text: string; isCut?: true } {
  const text = body.trim() === '' ? subject : body
  const rest = `…\n(there is more: \`gt mail read ${mailId}\`)`
  return text.length > wordsLengthMax
    ? { text: `${text.slice(0, wordsLengthMax - rest.length)}${rest}`, isCut: true }
    : { text }
}

/** In mail, to whoever asked, and in the log. */
export const says = {
  noPlace: ({ context, event }: Known & { event: { error: unknown } }) =>
    `no worktree for ${context.address}: ${wordsOf(event.error)}`,
  setupFailed: (found: EffectOutput<'setUpWorktree'>) =>
    found.kind === 'failed' ? `the setup failed: ${found.why}\n${found.tail}`.trim() : '',
  asksForSession: ({ context }: Known): Outgoing => {
    const { rig, name, incarnation, worktree, branch, returned, attempt } = context
    const issue = context.issue as IssueBrief
    return {
      to: sessionOf(rig, name),
      type: 'session.requested',
      body: { incarnation, issue, worktree, branch, returned, attempt },
    }
  },
  worksOn: ({ context }: Known) => ({
    text: `${context.name} works on ${issueOf(context)} “${context.issue?.title}”${context.attempt > 1 ? ` (try ${context.attempt})` : ''}`,
    issue: issueOf(context),
  }),
  isWorking: ({ context }: Known): Outgoing => {
    const { incarnation, branch } = context
    return {
      to: toItsKeeper(context),
      type: 'polecat.working',
      body: { issue: issueOf(context), incarnation, branch },
    }
  },
  isStuck: ({ context }: Known): Outgoing => ({
    to: toItsKeeper(context),
    type: 'polecat.stuck',
    body: {
      issue: issueOf(context),
      reason: `no sign of progress for ${Math.round((context.silent?.ms ?? 0) / 1000)} s`,
      tail: context.silent?.tail ?? '',
    },
  }),
  isStuckStill: ({ context }: Known): Outgoing | [] => (context.silent ? says.isStuck({ context }) : []),
  isStopped: ({ context }: Known): Outgoing => ({
    to: toItsKeeper(context),
    type: 'polecat.stopped',
    body: { issue: issueOf(context) },
  }),
  startsAgain: ({ context }: Known) => {
    const { name, lastEnd, trouble, starts, startsMax } = context
    const isNew = !trouble && newConversation[lastEnd?.cause ?? '']
    if (isNew) return { text: `${name} begins a new conversation: ${isNew}`, issue: issueOf(context) }
    const how =
      lastEnd?.cause === 'failed'
        ? 'did not start'
        : lastEnd?.cause === 'cut_off'
          ? 'was cut off: tmux’s server ended, and all sessions with it'
          : lastEnd?.cause === 'forgotten'
            ? 'could not go on with its conversation, and begins another'
            : `ended without a handoff (exit ${lastEnd?.exitCode ?? 'unknown'})`
    return {
      text: `${trouble || `${name}'s session ${how}`}; start ${starts + 1} of ${startsMax} follows`,
      issue: issueOf(context),
    }
  },
  asksToLand: ({ context }: Known): Outgoing => {
    const { rig, name, branch, issue, work } = context
    return {
      to: refineryOf(rig),
      type: 'merge.requested',
      body: {
        issue: issueOf(context),
        title: issue?.title ?? '',
        polecat: name,
        branch,
        sha: work?.sha ?? '',
        ref: work?.ref ?? '',
        priority: issue?.priority ?? 2,
      },
    }
  },
  asksToBeEnded: ({ context }: Known): Outgoing => {
    const { outcome, reason, blockedBy, lastEnd, incarnation, branch, work } = context
    return {
      to: toItsKeeper(context),
      type: 'shutdown.requested',
      body: {
        issue: issueOf(context),
        outcome,
        reason,
        blockedBy,
        tail: lastEnd?.tail ?? '',
        incarnation,
        branch,
        sha: work?.sha ?? null,
      },
    }
  },
  leaves: ({ context }: Known) => ({ text: goodbye(context).note, issue: issueOf(context) }),
  farewell: ({ context }: Known) => answer(context, true, goodbye(context).answer),
  farewellAgain: ({ context, event }: Known & { event: { mailId: string } }) => ({
    to: event.mailId,
    ok: true,
    text: goodbye(context).answer,
  }),
  neverSaidSo: 'its turns ended again and again without a handoff, and it was told each time',
  reminds: ({ context, event }: Known & { event: object }): Outgoing =>
    toItsAgent(context, reminder({ ...context, issue: issueOf(context) }, outputOf<'inspectWorktree'>(event))),
  remindsBlindly: ({ context }: Known): Outgoing =>
    toItsAgent(context, reminder({ ...context, issue: issueOf(context) }, undefined)),
  isTold: ({ context, event }: Known & { event: MailEvent<'message.sent'> }): Outgoing[] =>
    event.from === context.address
      ? [isNoted(context, event, ownNote(event))]
      : [toItsAgent(context, asWords(event), { by: event.from, about: event.mailId, urgent: event.priority < 2 })],
  asks: ({ context, event }: Known & { event: MailEvent<'question.asked'> }): Outgoing => ({
    to: overseer,
    type: 'message.sent',
    body: {
      subject: `${context.address} asks about ${issueOf(context)}: ${asOneLine(event.question)}`.slice(
        0,
        subjectLengthMax,
      ),
      body: `${event.question}\n\nIt waits for your answer, and no try is counted: gt inject ${context.rig}/${context.name} "…"`,
      priority: 1,
      cause: causes.question(context.address, event.question),
    },
  }),
  isAskedFor: ({ event }: { event: { mailId: string } }) => ({
    to: event.mailId,
    ok: true,
    text: 'the Overseer is asked; end your turn, and the answer comes in this conversation',
  }),
  neverDone: 'it began a new conversation again and again, and was never done',
  /** What it begins anew with is mail to itself from here on, under the id of the asking: that keeps its place among others. */
  keepsNote: ({ context, event }: Known & { event: MailEvent<'cycle.requested'> }): EffectWish<'fileMessage'> => ({
    ...{ id: event.mailId, from: context.address, to: context.address, priority: 2, replyTo: null, threadId: null },
    ...{ subject: `Where ${context.name} is with ${issueOf(context)}`, body: event.note },
  }),
  beginsAnew: ({ context, event }: Known & { event: MailEvent<'cycle.requested'> }): Outgoing[] => [
    isNoted(context, event, { text: event.note }),
    { to: sessionOf(context.rig, context.name), type: 'session.cycleRequested', body: {} },
  ],
  asksForNote: ({ context, event }: Known & { event: MailEvent<'cycle.requested'> }): Outgoing =>
    toItsAgent(context, beginAnew, { by: event.from }),
  cycles: ({ event }: { event: { mailId: string } }) => ({
    to: event.mailId,
    ok: true,
    text: 'this session ends now, and the next conversation begins with your note',
  }),
  isAsked: ({ context, event }: Known & { event: { mailId: string } }) => ({
    to: event.mailId,
    ok: true,
    text: `${context.address} was asked to note where it is; a new conversation begins with that`,
  }),
  notNow: ({ context, event }: Known & { event: { mailId: string } }) => ({
    to: event.mailId,
    ok: false,
    text: `${context.address} cannot hand off: it has no work in progress just now`,
  }),
  notSo: ({ context, event }: Known & { event: object }) => answer(context, false, inTheWay(context, event) ?? ''),
  notNowBecause: ({ context, event }: Known & { event: { error: unknown } }) =>
    answer(context, false, wordsOf(event.error)),
  nothingToLand: ({ context }: Known) => answer(context, false, `${context.branch} has no commit that main lacks`),
}
