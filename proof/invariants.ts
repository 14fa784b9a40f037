// Invariants: what is true of a town at every moment, and at rest. One list, for the exploration, the simulation and
// the torture test.
// Never: asks a machine whether all is well; it looks at the world, the store, and what the machines promised, and
// compares.
import { matchesState } from 'xstate'
import type { PolecatContext } from '../machines/incarnation.ts'
import type { MayorContext } from '../machines/mayor.ts'
import type { RefineryContext } from '../machines/refinery.ts'
import type { WitnessContext } from '../machines/witness.ts'
import type { Json, JsonObject } from '../runtime/contract.ts'

/** An invariant was broken; whoever plays stops at the first. */
export class Violation extends Error {
  override name = 'Violation'
}

export interface SeenActor {
  address: string
  role: string
  status: 'active' | 'done' | 'halted'
  value: Json
  context: JsonObject
}

export interface SeenSession {
  id: string
  address: string
  issue: string
  polecat: string
  epoch: number
}

export interface SeenLeft {
  session: string
  address: string
  polecat: string
  issue: string
}

/** What another session left that works for the same address, or on the same issue. */
export const leftBeside = ({ id, address, issue }: Omit<SeenSession, 'polecat' | 'epoch'>, left: Iterable<SeenLeft>) =>
  [...left].find((one) => one.session !== id && (one.address === address || one.issue === issue))

export interface SeenIssue {
  id: string
  status: 'open' | 'in_progress' | 'blocked' | 'closed'
  assignee: string | null
  /** Issues it waits for. */
  after: readonly string[]
  /** A person closed it by hand. */
  letGo?: boolean
  /** Its worker closed it itself, and nobody has looked at that yet. */
  closedBy?: string | null
  /** It was closed because there was nothing to change. */
  noChange?: boolean
  /** Nobody asked for it. */
  unasked?: boolean
}

/** A town as whoever plays it can show it: the world as it is, and the store as it is. */
export interface TownView {
  rig: string
  maxWorkers: number
  actors: readonly SeenActor[]
  /** Holders of workers' places. */
  slots: readonly string[]
  /** In words. */
  deadLetters: readonly string[]
  timers: readonly { address: string; id: string }[]
  /** The Overseer has stopped everything. */
  held: boolean
  sessions: readonly SeenSession[]
  /** Processes that sessions have left behind. */
  left: readonly SeenLeft[]
  worktrees: readonly string[]
  issues: readonly SeenIssue[]
  mainHas(issue: string): boolean
  mainIsGreen: boolean
  /** Causes of budgets that are used up now. */
  usedUp: readonly string[]
  /** Mail that waits. */
  waiting: number
  /** Whose effects are not over. */
  openEffects: readonly string[]
  /** What happened, for who keeps it: a state alone does not tell. */
  history?: TownHistory
}

export interface TownHistory {
  spawnDelayMs: number
  /** When workers were begun, in watched time, oldest first. */
  starts: readonly number[]
  /** How often the Overseer was asked about each cause since they last said anything. */
  asked: Readonly<Record<string, number>>
  /** Causes the Overseer was ever asked about. */
  everAsked: readonly string[]
  /** How often something befell this worker that may cost it a start. */
  mayHaveCost?(polecat: string, incarnation: number): number
}

export interface Invariant {
  number: number
  says: string
  /** What is wrong; undefined: nothing. */
  broken(view: TownView): string | undefined
}

const contextOf = <T>(view: TownView, address: string) =>
  view.actors.find((actor) => actor.address === address)?.context as T | undefined
const witnessOf = (view: TownView) => contextOf<WitnessContext>(view, `${view.rig}/witness`)
const escalationsOf = (view: TownView) => contextOf<MayorContext>(view, 'mayor/')?.escalations ?? []
/** Workers of whom something could not be taken down, as the Overseer was told. */
const remainsOf = (view: TownView) =>
  escalationsOf(view).flatMap(({ cause }) =>
    cause.startsWith(`${view.rig}/remains/`) ? [cause.slice(view.rig.length + 9)] : [],
  )
/** The rig is stopped until its agents’ key, credit or configuration is mended, as the Overseer was told. */
const isHalted = (view: TownView) => escalationsOf(view).some(({ cause }) => cause === `${view.rig}/account`)
/** Workers that could not be taken down keep all places, as the Overseer was told: who is asked for waits. */
const isFull = (view: TownView) =>
  view.slots.length >= view.maxWorkers && view.slots.every((holder) => remainsOf(view).includes(nameIn(holder)))
/** What keeps the queue of a rig is one cause for all that wait in it, as the Overseer was told. */
const isKeptInQueue = (view: TownView, id: string) =>
  escalationsOf(view).some(({ cause }) => cause.startsWith(`${view.rig}/queue/`)) &&
  (contextOf<RefineryContext>(view, `${view.rig}/refinery`)?.queue ?? []).some(({ issue }) => issue === id)
const isKept = (view: TownView, id: string) => isKeptInQueue(view, id) || isKeptByBudget(view, id)
/** A used-up budget keeps it from being given out, as the Overseer was told. */
const isKeptByBudget = (view: TownView, id: string) =>
  escalationsOf(view).some(({ cause }) => {
    const [, what, which, of] = cause.split('/')
    return what === 'budget' && (which !== 'issue' || of === id)
  })
const nameIn = (address: string) => address.split('/')[2] ?? ''
const twice = <T>(list: readonly T[]) => list.find((item, n) => list.indexOf(item) !== n)

// What must be guarded at the very moment it is done stands in `hands.ts`, where it cannot be missed between two
// looks: 2 no work lost with a worktree or branch, 3 no second session,
// 4 no push of a commit that never passed its gates, 5 no session too many, 8 session before worktree before branch,
// 12 no issue closed too soon, 13 no worker begun but with a claim that budgets allowed; in `conversation.ts`: 15 no
// conversation of a worker begun before the one before is over, and 16 no mail told as shown that no model has had, or
// the other way round, 17 no note of a worker's told to two of its conversations, or out of order. 11 is the simulation's: it restarts and replays.
// What only the past can show (handled twice, sent back too often, an epoch that did not rise, a timer too early)
// stands in `evidence.ts`.

/** True at every moment. Numbers are those of the town's list of invariants. */
export const always: readonly Invariant[] = [
  {
    number: 1,
    says: 'no mail is lost to a dead letter',
    broken: ({ deadLetters }) => deadLetters[0] && `a dead letter: ${deadLetters[0]}`,
  },
  {
    number: 3,
    says: 'at most one live session an address, and none of an epoch that its actor has left behind',
    broken: (view) => {
      const two = twice(view.sessions.map(({ address }) => address))
      if (two) return `${two} has two live sessions`
      const old = view.sessions.find(
        ({ address, epoch }) => (contextOf<{ epoch: number }>(view, `${address}/session`)?.epoch ?? 0) > epoch,
      )
      return old && `${old.id} lives, and its actor is at a later epoch`
    },
  },
  {
    number: 3,
    says: 'nobody works beside its successor',
    broken: ({ sessions, left }) => {
      for (const session of sessions) {
        const beside = leftBeside(session, left)
        if (beside) return `${session.id} works beside a process that ${beside.session} left`
      }
      return undefined
    },
  },
  {
    number: 4,
    says: 'main’s head passed its gates as that very tree',
    broken: ({ mainIsGreen }) => (mainIsGreen ? undefined : 'main is at a commit that never passed its gates'),
  },
  {
    number: 5,
    says: 'no more workers, places or sessions than max_workers',
    broken: (view) => {
      const workers = Object.keys(witnessOf(view)?.workers ?? {}).length
      const most = Math.max(workers, view.slots.length, view.sessions.length)
      if (most > view.maxWorkers)
        return `${workers} workers, ${view.slots.length} places taken, ${view.sessions.length} sessions; max_workers is ${view.maxWorkers}`
      return workers === view.slots.length ? undefined : `${view.slots.length} places are taken for ${workers} workers`
    },
  },
  {
    number: 5,
    says: 'starts of workers keep their distance, over restarts too',
    broken: ({ history }) => {
      const close = history?.starts.find(
        (at, n) => n > 0 && at - (history.starts[n - 1] as number) < history.spawnDelayMs,
      )
      return close === undefined
        ? undefined
        : `a worker was begun at ${close}, less than ${history?.spawnDelayMs} ms after the one before it`
    },
  },
  {
    number: 6,
    says: 'what is escalated has reached the Overseer',
    broken: (view) => {
      if (!view.history || view.waiting > 0) return undefined
      const untold = escalationsOf(view).find(({ cause }) => !view.history?.everAsked.includes(cause))
      return untold && `the Overseer was never asked about ${untold.cause}`
    },
  },
  {
    number: 6,
    says: 'a cause is escalated once until it is cleared',
    broken: (view) => {
      const two = twice(escalationsOf(view).map(({ cause }) => cause))
      return two && `${two} is escalated twice`
    },
  },
  {
    number: 8,
    says: 'only the Witness and its keepers end a session',
    broken: (view) => {
      for (const { address, role, context } of view.actors) {
        if (role !== 'session') continue
        const stranger = (context.killers as string[]).find((killer) => !killer.startsWith(`${view.rig}/witness`))
        if (stranger) return `${stranger} ends ${address}`
      }
      return undefined
    },
  },
  {
    number: 9,
    says: 'an issue has at most one worker and one live session',
    broken: (view) => {
      const worked = twice(Object.values(witnessOf(view)?.workers ?? {}).map(({ issue }) => issue))
      if (worked) return `${worked} has two workers`
      const live = twice(view.sessions.map(({ issue }) => issue))
      return live && `${live} has two live sessions`
    },
  },
  {
    number: 10,
    says: 'a timer only for a state that is active',
    broken: (view) => {
      for (const { address, id } of view.timers) {
        const actor = view.actors.find((each) => each.address === address)
        // `xstate.after.<delay>.<machine>.<state.path>`
        const path = id.split('.').slice(4)
        if (actor?.status !== 'active' || !matchesState(path.join('.'), actor.value as never))
          return `${address} has the timer ${id}, and is in ${JSON.stringify(actor?.value)}`
      }
      return undefined
    },
  },
  {
    number: 14,
    says: 'no try is used by a limit, a refused key, a new conversation, or the end of the daemon or of tmux',
    broken: ({ actors, history }) => {
      for (const { address, role, status, context } of actors) {
        if (role !== 'polecat' || status !== 'active' || !history?.mayHaveCost) continue
        const { starts, name, incarnation } = context as unknown as PolecatContext
        const causes = history.mayHaveCost(name, incarnation)
        if (starts > 1 + causes) return `${address} is at start ${starts}, and ${causes} things befell it that cost one`
      }
      return undefined
    },
  },
  {
    number: 12,
    says: 'an issue is closed only when origin’s main has its work',
    broken: (view) => {
      const early = view.issues.find(
        ({ id, status, letGo, closedBy, noChange }) =>
          status === 'closed' && !letGo && !closedBy && !noChange && !view.mainHas(id),
      )
      return early && `${early.id} is closed, and main has nothing of it`
    },
  },
]

/** True when nothing is left to happen, and nothing outside is in the way. */
export const atRest: readonly Invariant[] = [
  {
    number: 9,
    says: 'at rest every issue has landed, waits for one that has not, or somebody was told',
    broken: (view) => {
      const open = view.issues.filter(({ status }) => status !== 'closed')
      const causes = escalationsOf(view)
      const told = (id: string) =>
        isFull(view) || isHalted(view) || causes.some(({ issue }) => issue === id) || isKept(view, id)
      // What its worker closed itself is done when it has landed.
      const isDone = (issue: SeenIssue | undefined) => issue?.status === 'closed' && !issue.closedBy
      const waits = (after: readonly string[]) =>
        after.some((id) => !isDone(view.issues.find((issue) => issue.id === id)))
      const silent = open.filter(
        ({ id, status, after, unasked }) => !unasked && status !== 'blocked' && !told(id) && !waits(after),
      )
      return silent.length === 0
        ? undefined
        : `at rest, ${silent.map(({ id, status, assignee }) => `${id} is ${status}${assignee ? ` by ${assignee}` : ''}`).join(', ')}, and nobody was told`
    },
  },
  {
    number: 6,
    says: 'no loop: left alone, a town asks about a cause once',
    broken: ({ history }) => {
      const [cause, times] = Object.entries(history?.asked ?? {}).find(([, count]) => count > 1) ?? []
      return cause && `the Overseer was asked ${times} times about ${cause}, and had said nothing in between`
    },
  },
  {
    number: 6,
    says: 'at rest, what is escalated is so still',
    broken: (view) => {
      const queue = contextOf<RefineryContext>(view, `${view.rig}/refinery`)?.queue ?? []
      const workers = witnessOf(view)?.workers ?? {}
      const over = escalationsOf(view).find(({ cause }) => {
        const [, what, name = ''] = cause.split('/')
        if (cause.startsWith('failing/')) return true
        // What others pushed is told until the Overseer has seen it.
        if (what === 'queue') return queue.length === 0 && name !== 'foreign'
        // Issues that could not be used can be, at rest.
        if (cause === `${view.rig}/issues`) return true
        if (what === 'remains') return !(name in workers)
        if (what === 'budget') return !view.usedUp.includes(cause)
        return view.issues.some(({ id, status }) => id === what && status === 'closed')
      })
      return over && `${over.cause} is over, and still escalated`
    },
  },
  {
    number: 12,
    says: 'at rest, what its own worker closed is landed, or had nothing to land',
    broken: (view) => {
      if (isFull(view) || isHalted(view)) return undefined
      // Of one that could not be taken down, or cannot land, the Overseer was told.
      const unknown = view.issues.find(
        ({ id, status, closedBy }) =>
          status === 'closed' && closedBy && !remainsOf(view).includes(nameIn(closedBy)) && !isKept(view, id),
      )
      return unknown && `${unknown.id} was closed by ${unknown.closedBy}, and nobody looked whether it landed`
    },
  },
  {
    number: 6,
    says: 'at rest, a blocked issue has its escalation',
    broken: (view) => {
      const causes = escalationsOf(view)
      // Older issues may have it blocked, and nobody was given it since.
      if (isFull(view) || isHalted(view)) return undefined
      const untold = view.issues.find(
        ({ id, status }) =>
          status === 'blocked' && !causes.some(({ issue }) => issue === id) && !isKeptByBudget(view, id),
      )
      return untold && `${untold.id} is blocked, and no escalation says so`
    },
  },
  ...// What is left of a worker that could not be taken down is the Overseer's to look at, who was told.
  (
    [
      ['no session lives', (view) => view.sessions.find(({ polecat }) => !remainsOf(view).includes(polecat))?.id],
      [
        'nothing of a session runs',
        (view) => view.left.find(({ polecat }) => !remainsOf(view).includes(polecat))?.session,
      ],
      [
        'no worktree stands',
        (view) => (isHalted(view) ? undefined : view.worktrees.find((polecat) => !remainsOf(view).includes(polecat))),
      ],
      [
        'no place is taken',
        (view) => (isHalted(view) ? undefined : view.slots.find((holder) => !remainsOf(view).includes(nameIn(holder)))),
      ],
      ['no timer is set', (view) => view.timers[0]?.id],
      ['no mail waits', (view) => (view.waiting > 0 ? `${view.waiting} mails` : undefined)],
      ['no effect is open', (view) => view.openEffects.find((address) => !remainsOf(view).includes(nameIn(address)))],
      ['no actor is halted', (view) => view.actors.find(({ status }) => status === 'halted')?.address],
    ] satisfies [string, (view: TownView) => string | undefined][]
  ).map(
    ([says, found]): Invariant => ({
      number: 9,
      says: `at rest ${says}`,
      broken: (view) => {
        const what = found(view)
        return what === undefined ? undefined : `at rest ${says}, but ${what}`
      },
    }),
  ),
]

/** Throws the first Violation. */
export function check(list: readonly Invariant[], view: TownView): void {
  for (const { number, broken } of list) {
    const what = broken(view)
    if (what !== undefined) throw new Violation(`${what} (invariant ${number})`)
  }
}
