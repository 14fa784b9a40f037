// Hearing: what follows from each piece of news that a watch brings of a session: what the session keeps, says, and
// where it goes. Pure bookkeeping.
// Never: takes the end of a program, or its exit code, for the end of its work.
import { betweenTriesMs, unknownAllowanceMs } from './accounts.ts'
import { polecatOf, witnessOf } from './address.ts'
import type { EffectOutput } from './effects.ts'
import type { IssueBrief, MailBody, Outgoing, ReturnReason } from './mail.ts'
import { type Note, read, readReceipts, without } from './notes.ts'
import type { News } from './profile.ts'
import { again, arrived, gathered, isWaiting, meantFor, saying, shown, type Words } from './said.ts'
import type { SessionRecord } from './session-effects.ts'

export interface SessionContext {
  rig: string
  polecat: string
  address: string
  /** Grows with every start; calls of an older epoch are refused. */
  epoch: number
  incarnation: number
  issue: IssueBrief | null
  worktree: string
  branch: string
  attempt: number
  returned: ReturnReason | null
  session: SessionRecord | null
  /** Everybody who asked for the end: each is told of it. */
  killers: string[]
  killReason: 'killed' | 'stopped' | 'stalled' | 'failed' | 'refused' | 'overlong' | 'cycled'
  /** Why the start came to nothing, or nothing more can come of it. */
  trouble: string
  /** Somebody speaks with its agent. */
  spoken: boolean
  /** What the conversation is resumed with; it outlives a run, and ends with the incarnation. */
  conversation: string | null
  /** The agent of this run has said that it is there. */
  isThere: boolean
  /** How far the evidence of this run was read, in bytes. */
  seen: number
  words: Words[]
  /** How often this run was told something: orders what it is told. */
  told: number
  /** Turns in a row that its service let fail; and those that met a used-up allowance. */
  failures: number
  limits: number
  /** Its issue asked for this agent, or model. */
  ownChoice: boolean
  /** The account it has from its next start on; null: none is there, and it waits; absent: what the environment says. */
  account?: string | null
  /** That of its present run, and that under which its conversation began. */
  under?: string
  begunUnder?: string
  /** What it waits for; null: nothing. */
  pause: { until: number | null; ms: number; atLeastMs?: number; why: string } | null
  /** It was silent, and was asked whether it is at work; nothing came since. */
  asked: boolean
  /** What its agent noted for its next conversation, and which of it this run began with (`notes.ts`). */
  notes: Note[]
  carried: string[]
  offered: string[]
  /** Its next run begins a new conversation. */
  endsTalk: boolean
  /** Its turn is over, and nothing was said to it since: its silence means nothing. */
  isIdle: boolean
  /** It was asked to begin a new conversation, and may know that still. */
  toldToCycle: boolean
  /** For how long its conversation was watched, in milliseconds. */
  lastedMs: number
  /** Why the conversation before the one that is to begin is over; empty: there was none. */
  former: string
}

/** What is known of a run that nobody has spoken with. */
export const unspoken = {
  ...{ spoken: false, isThere: false, seen: 0, told: 0, failures: 0, limits: 0, pause: null },
  ...{ asked: false, toldToCycle: false, isIdle: false, ownChoice: false, endsTalk: false },
  ...{ conversation: null, words: [], notes: [], carried: [], offered: [], lastedMs: 0, former: '' },
}

/** A service that fails is asked again after this long, twice as long each time, in milliseconds. */
const failurePauseMs = 30_000
/** Failures in a row after which another conversation may fare better. */
const failuresMax = 6

const goesOn = 'Your service can be used again, as far as known. Look at `git status`, and go on where you were.'
const areYouThere =
  'There has been no sign of progress from you for a long time. If you are at work, go on; if you are done, `gt handoff`.'

/** How an agent is asked to begin a new conversation. */
const takesNote =
  'Note down where you are, for yourself: what is done, what is next, what you have found out. Then say `gt handoff --cycle "<your note>"`; a new conversation begins with it.'
const nearlyFull = `Your context is nearly full. ${takesNote}`
const lastedLong = `This conversation has gone on for long. When you come to a good place to stop: ${takesNote}`
const madeShorter =
  'Your context was made shorter, and what you were told at first may be gone. Once more who you are here, and what is next; `gt prime` tells all of it.'
export const beginAnew = `You are to begin a new conversation. ${takesNote}`

type Watched = EffectOutput<'watchSession'>
type Looked = Pick<Watched, 'seen' | 'conversation' | 'receipts' | 'watchedMs'> & { kind?: string }
type Place = 'heard' | 'paused' | 'silent' | 'killing' | 'absent'
export type Heard = News<SessionContext> & { to: Place }

export const ended = (
  context: SessionContext,
  cause: MailBody<'session.ended'>['cause'],
  exitCode: number | null,
  tail: string,
): Outgoing[] => {
  const recipients = new Set([polecatOf(context.rig, context.polecat), ...context.killers])
  return [...recipients].map((to) => ({
    to,
    type: 'session.ended',
    body: { epoch: context.epoch, exitCode, cause, tail },
  }))
}

/** Nothing can be started on its account: until then, or (null) until somebody mends it. */
const held = (
  { rig, issue, under = '' }: SessionContext,
  more: Pick<MailBody<'account.held'>, 'what' | 'why'> & Partial<MailBody<'account.held'>>,
): Outgoing => ({
  to: witnessOf(rig),
  type: 'account.held',
  body: { until: null, account: under, ...more, issue: (issue as IssueBrief).id },
})

/** What its supervisor is told: all that waits. The same words are said once, however often they are told. */
export const telling = ({ session, spoken, told, words }: SessionContext) =>
  session === null || !spoken
    ? []
    : words
        .filter(isWaiting)
        .map(({ id, text, primes = false }, n) => ({ session, id, place: told + n + 1, text, primes }))

/** One more to say, by somebody or by the session itself. */
export function withWords(context: SessionContext, one: Parameters<typeof saying>[1]): News<SessionContext> {
  if (context.session !== null && !context.spoken) return {}
  return saidTo(context, { words: saying(context.words, one), told: context.told + 1, isIdle: false })
}

/** What of these changes is new to say is handed over. */
function saidTo(context: SessionContext, changes: Partial<SessionContext>): News<SessionContext> {
  const known = new Set(context.words.map(({ id }) => id))
  return { changes, tell: telling({ ...context, ...changes }).filter(({ id }) => !known.has(id)) }
}

/** Mail that has come before its model is shown. */
const receiptsIn = (context: SessionContext, output: Looked) => [
  ...shown(context.words, output.receipts).map((mail) => ({
    ...{ mail, to: context.address, step: 'shown' as const, by: context.address },
  })),
  ...readReceipts(context, read(context, output)),
]

/** What follows. */
export function heard(before: SessionContext, output: Watched): Heard {
  const context = { ...before, ...looked(before, output) }
  const { changes, ...rest } = judged(context, output)
  const now = { ...looked(before, output), ...changes }
  const receipts = receiptsIn(before, output)
  if (rest.to === 'killing' || rest.to === 'absent') return { ...rest, changes: now, receipts }
  const { tell = [] } = saidTo(before, now)
  if (!output.isCompacted) return { ...rest, changes: now, receipts, tell }
  const more = own({ ...before, ...now }, madeShorter, { toldToCycle: false }, true)
  return { ...rest, changes: { ...now, ...more.changes }, receipts, tell: [...tell, ...(more.tell ?? [])] }
}

/** Ends of a run that are also those of its conversation, and what the next one is told of it. */
const lasting: Readonly<Partial<Record<SessionContext['killReason'], string>>> = {
  overlong: 'its context was full',
  failed: 'it could not go on',
  cycled: 'it asked for a new one',
}
const left = (former: string): Partial<SessionContext> => ({ conversation: null, lastedMs: 0, former })

/** Its agent has noted where it is: the next conversation begins with that. */
export const noted = (): Partial<SessionContext> => left('it noted where it was')

/** Its run has been ended: what it heard until then it is not told again. */
export function gone(before: SessionContext, output: Looked): News<SessionContext> {
  const context = { ...before, ...looked(before, output) }
  const why = lasting[before.killReason]
  const isOver = why !== undefined && context.conversation !== null
  const changes = { ...context, words: again(context.words), ...(isOver ? left(why) : {}) }
  return { changes, receipts: receiptsIn(before, output) }
}

/** What a look at the evidence has shown, whatever else it says. */
function looked(context: SessionContext, output: Looked): Partial<SessionContext> {
  const { seen, conversation, receipts, watchedMs = 0 } = output
  return {
    lastedMs: context.lastedMs + watchedMs,
    seen: Math.max(seen, context.seen),
    conversation: conversation ?? context.conversation,
    isThere: context.isThere || conversation !== null,
    words: arrived(context.words, receipts),
    ...without(context, read(context, output)),
  }
}

function judged(context: SessionContext, output: Watched): Heard {
  const { rig, polecat, epoch, pause } = context
  const on = pause === null ? 'heard' : 'paused'
  switch (output.kind) {
    case 'heard':
      if ((output.isFull || output.isOld) && !context.toldToCycle) {
        const text = output.isFull ? nearlyFull : lastedLong
        return { to: on, ...own(context, text, { asked: false, toldToCycle: true }) }
      }
      // That its program has taken words tells nothing of the agent.
      return { to: on, changes: isSignOfLife(output) ? { asked: false } : {} }
    case 'stalled': {
      if (context.spoken && !context.asked) return { to: 'heard', ...own(context, areYouThere, { asked: true }) }
      const body = { epoch, silentMs: output.silentMs, tail: output.tail }
      return { to: 'silent', mail: [{ to: polecatOf(rig, polecat), type: 'session.stalled', body }] }
    }
    case 'turn_over':
      return turnOver(context, output)
    case 'limited': {
      const { until, why } = output
      const { limits } = context
      // A time that is over already, on this clock or the service's, is no reason to ask it without a pause.
      const atLeastMs = betweenTriesMs(limits)
      const leftMs = output.leftMs === null ? null : Math.max(output.leftMs, atLeastMs)
      const waits = { until, ms: unknownAllowanceMs, atLeastMs, why }
      const mail = held(context, { what: 'limited', until, leftMs, why, again: limits > 0, times: limits })
      return { to: 'paused', changes: { limits: limits + 1, pause: waits, account: null }, mail: [mail] }
    }
    case 'pause_over':
      return resumed(context)
    case 'refused':
      return refused(context, output.why, context.under ?? '')
    case 'ended':
      return over(context, output)
  }
}

const isSignOfLife = ({ conversation, receipts }: Watched) =>
  conversation !== null || receipts.some(({ state }) => state !== 'taken')

function turnOver(context: SessionContext, { end, why, asksToCycle }: Watched & { kind: 'turn_over' }): Heard {
  const { rig, polecat, epoch, failures } = context
  // Nothing more can come of this conversation.
  if (end === 'overlong') return { to: 'killing', changes: { killReason: 'overlong', trouble: why } }
  if (end === 'failed') {
    if (failures + 1 >= failuresMax) return { to: 'killing', changes: { killReason: 'failed', trouble: why } }
    const pause = { until: null, ms: failurePauseMs * 2 ** failures, why }
    return { to: 'paused', changes: { failures: failures + 1, pause } }
  }
  if (asksToCycle) return { to: 'killing', changes: { killReason: 'cycled', trouble: '' } }
  const mail: Outgoing = { to: polecatOf(rig, polecat), type: 'session.idle', body: { epoch } }
  return { to: 'heard', changes: { failures: 0, limits: 0, asked: false, pause: null, isIdle: true }, mail: [mail] }
}

/** What it waited for is there again, as far as known. */
export const resumed = (context: SessionContext): Heard => ({
  to: 'heard',
  ...own(context, goesOn, { pause: null, asked: false }),
})

/** Key, credit or configuration. `account`: the one that is refused; null: it is not the account's. */
export const refused = (context: SessionContext, why: string, account: string | null = null): Heard =>
  context.ownChoice
    ? // What an issue asked for itself is its own trouble.
      { to: 'killing', changes: { killReason: 'failed', trouble: why } }
    : {
        to: 'killing',
        changes: { killReason: 'refused', trouble: why, ...(account === null ? {} : { account: null }) },
        mail: [held(context, { what: 'refused', why, account })],
      }

/** Its account is gone: it begins once it is given another, or that one is there again. */
export const unpaid = (context: SessionContext, why: string): News<SessionContext> => ({
  changes: { account: null },
  mail: [held(context, { what: 'refused', why })],
})

function over(context: SessionContext, output: Watched & { kind: 'ended' }): Heard {
  const { exitCode, tail, cutOff, asksToCycle } = output
  const { spoken, isThere, conversation } = context
  const neverCame = spoken && !isThere && !cutOff
  // By itself, and before it was there: so it will each time. A signal tells nothing.
  if (neverCame && conversation === null && exitCode !== null && exitCode > 0 && exitCode < 128)
    return refused(context, `its program ended at once with ${exitCode}\n${tail}`.trim())
  // By itself, too: one that could not be resumed is not tried again.
  const isForgotten = neverCame && conversation !== null && exitCode !== null && exitCode < 128
  const cause = asksToCycle ? 'cycled' : cutOff ? 'cut_off' : isForgotten ? 'forgotten' : 'gone'
  const former = asksToCycle ? lasting.cycled : isForgotten ? 'its program does not know it any more' : undefined
  return {
    to: 'absent',
    mail: ended(context, cause, exitCode, tail),
    changes: { words: again(context.words), ...(former === undefined ? {} : left(former)) },
  }
}

/** Its program runs. */
export function begun(context: SessionContext, output: EffectOutput<'startSession'>): News<SessionContext> {
  if (output.kind !== 'started') return {}
  const { session, spoken, ownChoice, anew } = output
  const { rig, polecat, conversation, under = '', begunUnder = '' } = context
  const isNew = anew || conversation === null
  const changes = {
    ...{ session, spoken, ownChoice, words: spoken ? gathered(context.words) : [] },
    ...(isNew
      ? { conversation: null, begunUnder: under, lastedMs: 0, offered: context.carried }
      : { begunUnder, offered: [] }),
    // Of one that nobody speaks with no more can be known than that it has them.
    ...(spoken ? {} : without(context, context.carried)),
  }
  const { epoch, pid, backend } = session
  return {
    changes,
    receipts: spoken ? [] : readReceipts(context, context.carried),
    tell: telling({ ...context, ...changes }),
    mail: [{ to: polecatOf(rig, polecat), type: 'session.started', body: { epoch, pid, backend } }],
  }
}

/** The account it is to have is another one than that which holds it up; or that is there again. */
export const isGiven = ({ account, under = '' }: SessionContext, given: string | null, which: 'another' | 'back') =>
  account === null && given !== null && (given === under) === (which === 'back')

/** A new run: nothing is known of it yet. */
export const anew = (context: SessionContext, incarnation: number): Partial<SessionContext> => ({
  ...unspoken,
  epoch: context.epoch + 1,
  session: null,
  killers: [],
  killReason: 'killed',
  trouble: '',
  // Another incarnation has another issue.
  words: meantFor(again(context.words), incarnation),
  ...(incarnation === context.incarnation ? goingOn(context) : {}),
})

/** What outlives a run of the same worker. */
const goingOn = ({ conversation, notes, lastedMs, former }: SessionContext) => ({
  ...{ conversation, notes, lastedMs, former },
})

/** The session's own words to its agent. */
function own(
  context: SessionContext,
  text: string,
  changes: Partial<SessionContext>,
  primes = false,
): News<SessionContext> {
  const id = `${context.address}/${context.epoch}/${context.told + 1}`
  const news = withWords(
    { ...context, ...changes },
    { id, from: context.address, text, incarnation: context.incarnation, ...(primes ? { primes } : {}) },
  )
  return { ...news, changes: { ...changes, ...news.changes } }
}
