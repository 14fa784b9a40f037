// Accounts: what a rig's agents live on, as its Witness knows it: each is there, used up for a while, or refused; and
// which of them a worker is to have. Pure bookkeeping.
// Never: counts what befalls an account against a worker, or an issue.
import { mayor, overseer, sessionOf, whereabouts, witnessOf } from './address.ts'
import { aside, causes } from './escalations.ts'
import type { MailEvent, Outgoing } from './mail.ts'
import type { Change } from './profile.ts'

/** The account of agents that have none of their own: what the environment says. Each rig has its own. */
export const environment = ''
/** It is another for each preset, `<preset>/`; its Witness alone calls it so. */
const environmentOf = ({ agent }: Wallet, preset?: string | null) =>
  (preset ?? agent) ? `${preset ?? agent}/` : environment
const isEnvironment = (account: string) => account === environment || account.endsWith('/')
/** As sessions call it. */
const asTold = (account: string | null) => (account !== null && isEnvironment(account) ? environment : account)

/** Why nobody is started on an account. */
export interface Hold {
  what: 'limited' | 'refused'
  /** When it is there again, milliseconds since the epoch; null: nobody knows. */
  until: number | null
  /** When it is tried again, in watched time; null: when somebody says so. */
  end: number | null
}

/** What a Witness keeps of accounts. Absent: nothing is known. */
export interface Wallet {
  rig: string
  /** The preset of the rig's agent; an issue may ask for another. */
  agent?: string
  /** Those the rig may use, `<preset>/<name>` each. */
  accounts?: string[]
  /** Rigs that may use some of them, too. */
  sharers?: string[]
  holds?: Record<string, Hold>
  /** The last hold of each: when that was told and when it ends, in watched time, and how often in a row before. */
  last?: Record<string, { until: number | null; at: number; end?: number; times?: number }>
  /** Tokens of each since it was last there again, as last counted. */
  used?: Record<string, number>
  /** What each worker's session was told last; null: to wait. */
  given?: Record<string, string | null>
}
interface Rig extends Wallet {
  workers: Record<string, { agent?: string | null }>
}
type Held = MailEvent<'account.held'>

/** Where nobody knows when it is there again, it is tried after so long, in milliseconds. */
export const unknownAllowanceMs = 15 * 60_000
/** Nor is it tried sooner than this. */
const shortestMs = 10_000
/** Whatever a service says, it is tried again after so long, in milliseconds. */
export const longestAllowanceMs = 8 * 24 * 3_600_000

/** Nobody has got far under what is used up again within so long, in milliseconds. */
const soonMs = 5 * 60_000
/** Between two tries of what should be there and is not, in milliseconds; twice as long each time. */
export const betweenTriesMs = (times: number) => (times === 0 ? 0 : 60_000 * 2 ** Math.min(times - 1, 6))

/** How long nobody is started, from when it was told. */
export function heldForMs({ until, leftMs, at }: Pick<Held, 'until' | 'at'> & { leftMs?: number | null }): number {
  const ms = leftMs ?? (until === null ? unknownAllowanceMs : until - at)
  return Math.min(longestAllowanceMs, Math.max(shortestMs, ms))
}

const holdOf = (event: Held, times: number): Hold => ({
  what: event.what,
  until: event.until,
  end: event.what === 'refused' ? null : event.at + Math.max(heldForMs(event), betweenTriesMs(times)),
})

/** How often in a row it was used up before, as soon as it was there again; a time well ahead begins anew. */
function timesBefore({ last }: Wallet, account: string, event: Held, known: boolean): number {
  const { at, until, leftMs, times = 0 } = event
  const { end = Number.NEGATIVE_INFINITY, times: before = 0 } = last?.[account] ?? {}
  const left = leftMs ?? (until === null ? 0 : until - at)
  if (times === 0 && left > unknownAllowanceMs) return 0
  const isInRow = at >= end && at - end < soonMs
  return Math.max(times, known ? before : isInRow ? before + 1 : 0)
}

/** Of two who tell, the later end counts. */
const later = (before: Hold | undefined, now: Hold): Hold =>
  before && (before.end ?? Infinity) > (now.end ?? Infinity) ? before : now

export const isHeld = ({ holds }: Pick<Wallet, 'holds'>, account: string, at: number): boolean => {
  const hold = holds?.[account]
  return hold !== undefined && (hold.end === null || hold.end > at)
}

/** Accounts for an agent of this preset; the rig's own where none is named. */
export function candidates(wallet: Wallet, preset?: string | null): string[] {
  const { accounts = [], agent } = wallet
  const own = accounts.filter((account) => account.startsWith(`${preset ?? agent}/`))
  return own.length > 0 ? own : [environmentOf(wallet, preset)]
}

/**
 * The one with most left of those that are there: the fewest tokens since it was last there again, then the longest
 * since it was used up, then the fewest workers. null: there is none.
 */
export function chosenOf(rig: Rig, at: number, preset?: string | null): string | null {
  const { used = {}, last = {}, given = {}, workers } = rig
  const isBusy = (account: string) => Object.keys(workers).filter((name) => given[name] === account).length
  const rank = (account: string) => [used[account] ?? 0, last[account]?.at ?? -1, isBusy(account)]
  const there = candidates(rig, preset).filter((account) => !isHeld(rig, account, at))
  return there.toSorted((one, other) => inOrder(rank(one), rank(other))).at(0) ?? null
}
/** As far as known, an agent of this preset can be started. */
export const hasAny = (wallet: Wallet, preset?: string | null): boolean =>
  candidates(wallet, preset).some((account) => wallet.holds?.[account] === undefined)
/** Presets that issues may ask for, and of which none can. */
export const agentsHeld = (wallet: Wallet): string[] =>
  [...new Set(Object.keys(wallet.holds ?? {}).map((account) => account.split('/')[0] as string))].filter(
    (preset) => preset !== '' && !hasAny(wallet, preset),
  )
const inOrder = (one: number[], other: number[]) =>
  one.map((value, n) => value - (other[n] as number)).find((difference) => difference !== 0) ?? 0

/** Since when each one's tokens are to be counted, in milliseconds since the epoch. */
export const countedSince = (wallet: Wallet) =>
  (wallet.accounts ?? []).map((account) => ({ account, since: wallet.last?.[account]?.until ?? 0 }))

/**
 * Each worker's session is told which account it has from its next start on, where that is another one than it was
 * told: the same while it is there, for its conversation may not go on under another; null while there is none. `anew`:
 * a worker that begins.
 */
export const provided =
  <R extends Rig>(at: number, anew?: string): Change<R> =>
  (rig) => {
    const mail: Outgoing[] = []
    let given = rig.given ?? {}
    for (const [name, { agent }] of Object.entries(rig.workers)) {
      const was = given[name] === undefined ? environmentOf(rig, agent) : given[name]
      const isSame = name !== anew && was !== null && candidates(rig, agent).includes(was) && !isHeld(rig, was, at)
      const account = isSame ? was : chosenOf({ ...rig, given }, at, agent)
      if (account === was) continue
      const told = asTold(account)
      if (told !== asTold(was))
        mail.push({ to: sessionOf(rig.rig, name), type: 'account.given', body: { account: told } })
      given = { ...given, [name]: account }
    }
    return { mail, changes: given === rig.given ? {} : ({ given } as Partial<R>) }
  }

/** Somebody met an account that is used up, or refused. A session that says so has none from there on. */
export const heldBy =
  <R extends Rig>(event: Held): Change<R> =>
  (rig) => {
    const { at, from } = event
    if (event.account === null) return {}
    const at_ = whereabouts(from)
    const speaker = at_?.role === 'session' ? at_.name : undefined
    const preset = speaker === undefined ? null : rig.workers[speaker]?.agent
    const account = isEnvironment(event.account) ? environmentOf(rig, preset) : event.account
    const known = isHeld(rig, account, at)
    const times = timesBefore(rig, account, event, known)
    const hold = later(known ? rig.holds?.[account] : undefined, holdOf(event, times))
    const end = hold.end ?? at
    // What nothing is kept of has no key at all: a snapshot that was read again has none either.
    const given = speaker === undefined ? {} : { given: { ...rig.given, [speaker]: null } }
    // Nobody may use it any more: only who was about to is without one.
    if (event.what === 'refused' && !isEnvironment(account) && !rig.accounts?.includes(account))
      return { changes: given as Partial<R> }
    const changes = {
      holds: { ...rig.holds, [account]: hold },
      ...(event.what === 'limited' ? { last: { ...rig.last, [account]: { until: event.until, at, end, times } } } : {}),
      ...given,
    } as Partial<R>
    const isFirst = speaker !== undefined && !(known && rig.holds?.[account]?.what === event.what)
    return { changes, mail: isFirst ? tells(rig, { ...event, account, times }, hold) : [] }
  }

/** The first of a rig to meet it: the Overseer is told by the Mayor, once a town, and so are all who share it. */
function tells({ rig, agent: own, sharers = [] }: Rig, event: Held, { end }: Hold): Outgoing[] {
  const { account, issue, what, until, why, times } = event
  const again = event.again || times > 0
  if (account === null || isEnvironment(account)) {
    const preset = account?.slice(0, -1)
    const agents = preset && preset !== own ? `${preset} agents` : 'agents'
    return what === 'refused' || again ? [] : [outOfAllowance(rig, event, agents)]
  }
  const leftMs = end === null ? null : end - event.at
  const body = { account, issue, what, until, leftMs, why, again, times, rigs: sharers }
  return [{ to: mayor, type: 'account.held', body }, ...(what === 'refused' ? [aside(rig, account, issue, why)] : [])]
}

/** These count no more: they are tried again. null: all. */
export const released =
  <R extends Rig>(isOver: (hold: Hold, account: string) => boolean): Change<R> =>
  ({ holds = {} }) => {
    const left = Object.entries(holds).filter(([account, hold]) => !isOver(hold, account))
    return left.length === Object.keys(holds).length
      ? {}
      : { changes: { holds: Object.fromEntries(left) } as Partial<R> }
  }
/** Somebody says that one, or all, are to be tried again. */
export const freed = <R extends Rig>({ account }: MailEvent<'account.released'>) =>
  released<R>((_, name) => account === null || name === account)
export const everyHold = () => true
export const endedBy = (at: number) => (hold: Hold) => hold.end !== null && hold.end <= at
/** What a configuration mends is what the environment says. */
export const ofEnvironment = ({ what }: Hold, account: string) => what === 'refused' && isEnvironment(account)

/** Those the rig may use, as it is configured now. */
export const entitled =
  <R extends Rig>({ agent, accounts, sharers }: MailEvent<'rig.configured'>): Change<R> =>
  ({ holds = {} }) => {
    const { [environment]: ofUnknown, ...known } = holds
    // It was held before its preset was known.
    const named = agent !== '' && ofUnknown ? { holds: { [`${agent}/`]: ofUnknown, ...known } } : {}
    return { changes: { agent, accounts, sharers, ...named } as Partial<R> }
  }

const holdsOfOwn = (wallet: Wallet) => candidates(wallet).map((account) => wallet.holds?.[account])
/** Nobody of the rig can be started, and time will mend it. */
export const allAreUsedUp = (wallet: Wallet): boolean =>
  holdsOfOwn(wallet).every((hold) => hold !== undefined) && holdsOfOwn(wallet).some((hold) => hold?.end !== null)
export const allAreRefused = (wallet: Wallet): boolean => holdsOfOwn(wallet).every((hold) => hold?.what === 'refused')
/** The end of the hold that is over first, in watched time; undefined: none ends by itself. */
export function nextEnd({ holds = {} }: Wallet): number | undefined {
  const ends = Object.values(holds).flatMap(({ end }) => (end === null ? [] : [end]))
  return ends.length === 0 ? undefined : Math.min(...ends)
}

// What the Mayor keeps of them: who is held, so that the Overseer is told once, whichever rigs meet it.

type Holds = Record<string, Hold>

export const heldInTown = (holds: Holds, event: Held): Holds => ({
  ...holds,
  [event.account ?? '']: holdOf(event, event.times),
})

/** To all who share it, and, where that is news, to the Overseer. */
export function announced(holds: Holds, event: Held): Outgoing[] {
  const { from, account, issue, what, until, leftMs, why, again, times, rigs } = event
  const isNews = what === 'limited' && !again && !isHeld({ holds }, account ?? '', event.at)
  const body = { account, issue, what, until, leftMs: leftMs ?? null, why, again: true, times }
  return [
    ...rigs
      .filter((rig) => witnessOf(rig) !== from)
      .map((rig): Outgoing => ({ to: witnessOf(rig), type: 'account.held', body })),
    ...(isNews ? [accountUsedUp(event)] : []),
  ]
}

/** Somebody says that they, or all, are to be tried again. */
export function letGo({ account, rigs }: MailEvent<'account.released'>): Outgoing[] {
  return rigs.map((rig): Outgoing => ({ to: witnessOf(rig), type: 'account.released', body: { account } }))
}
export const isReleased = ({ account }: MailEvent<'account.released'>, cause: string) =>
  account === null ? cause.startsWith('account/') : cause === causes.aside(account)
export const withoutHolds = (holds: Holds, { account }: MailEvent<'account.released'>): Holds =>
  account === null ? {} : Object.fromEntries(Object.entries(holds).filter(([name]) => name !== account))

/** Said once for each time that nobody can be started. */
export const outOfAllowance = (
  rig: string,
  { until, why }: Pick<Held, 'until' | 'why'>,
  agents = 'agents',
): Outgoing => ({
  to: overseer,
  type: 'message.sent',
  body: {
    subject: `the ${agents} of ${rig} have used up an allowance of their account`,
    body: [
      `Their service says: ${why || 'nothing more'}.`,
      `Those at work wait${untilWords(until)}, and no other of them is started meanwhile; then all go on by themselves. No try is counted.`,
      'To try again now: gt up. With another key: gt down, then gt up where it is set; or one more account: gt account add.',
    ].join('\n'),
    priority: 2,
    cause: causes.usedUp(`${rig}/${agents}`),
  },
})

const accountUsedUp = ({ account, until, why }: Held): Outgoing => ({
  to: overseer,
  type: 'message.sent',
  body: {
    subject: `an allowance of the account ${account} is used up`,
    body: [
      `Its service says: ${why || 'nothing more'}.`,
      `Nobody is started on it${untilWords(until)}. Its workers go on under another account where their rig has one that is there, in the same worktree; where there is none they wait. No try is counted.`,
      `All accounts: gt account list. To try it again now: gt account release ${account}`,
    ].join('\n'),
    priority: 2,
    cause: causes.usedUp(`account/${account}`),
  },
})
const untilWords = (until: number | null) => (until === null ? '' : ` until ${new Date(until).toISOString()}`)
