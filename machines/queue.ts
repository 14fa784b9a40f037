// Queue: what the Refinery builds next, and what waits for what. Pure algebra over the requests.
// Never: builds, tests or lands; it only says which requests belong together.
import type { MergeRequest } from './mail.ts'

export interface Queued extends MergeRequest {
  queuedAt: number
  /** Why it is not tried now; null when it is to be. */
  wait: Wait | null
  /** Times in a row that it could not be built, judged or pushed. */
  setbacks: number
  /** It is tried by itself: in company something could not be done. */
  alone: boolean
  /** Its push ended nobody knows how: until origin has answered, main may have it. */
  maybeOnMain: boolean
}

export interface Wait {
  what: 'refused' | 'broken' | 'away' | 'main_red'
  /** When it is tried again, in watched time; null: when the Overseer says so. */
  until: number | null
}

/** Without gates so many land with one push, each by a merge of its own. */
const togetherMax = 32

const isDue = ({ wait }: Queued, at: number) => wait === null || (wait.until !== null && wait.until <= at)

/**
 * The requests that make up the next candidate, in landing order; undefined when none may be tried now. With gates one
 * at a time, so that what is tested is what each of them is; without, all that wait.
 */
export function plan(queue: readonly Queued[], at: number, gated: boolean): readonly Queued[] | undefined {
  const due = landingOrder(queue).filter((request) => isDue(request, at))
  const [first] = due
  if (first === undefined) return undefined
  return gated || first.alone ? [first] : due.filter(({ alone }) => !alone).slice(0, togetherMax)
}

/** When the next of those that wait is to be tried again; undefined when none waits for a time. */
export function nextDueAt(queue: readonly Queued[]): number | undefined {
  const times = queue.flatMap(({ wait }) => (wait?.until == null ? [] : [wait.until]))
  return times.length === 0 ? undefined : Math.min(...times)
}

/** The order in which the queue would land: priority (0 first), then first come. */
export function landingOrder(queue: readonly Queued[]): readonly Queued[] {
  return [...queue].sort((a, b) => a.priority - b.priority || a.queuedAt - b.queuedAt)
}

/**
 * The queue with a request in it: newer work of an issue replaces older work that still waits. Work in `building` is
 * left alone.
 */
export function enqueue(queue: readonly Queued[], request: MergeRequest, at: number, building: readonly string[]) {
  if (queue.some((other) => other.issue === request.issue && other.sha === request.sha)) return [...queue]
  const { issue, title, polecat, branch, sha, ref, priority } = request
  const fresh = { issue, title, polecat, branch, sha, ref, priority }
  return [
    ...queue.filter((other) => other.issue !== issue || building.includes(other.sha)),
    { ...fresh, queuedAt: at, wait: null, setbacks: 0, alone: false, maybeOnMain: false } satisfies Queued,
  ]
}

/** These, and no others, changed; a request is known by its issue and its commit. */
export function changed(
  queue: readonly Queued[],
  which: readonly Queued[],
  how: (request: Queued) => Queued,
): Queued[] {
  return queue.map((request) => (which.some((each) => isSame(each, request)) ? how(request) : request))
}

export function without(queue: readonly Queued[], which: readonly { issue: string; sha: string }[]): Queued[] {
  return queue.filter((request) => !which.some((each) => isSame(each, request)))
}

/** Everything is to be tried again, as if it had only just come. */
export const released = (queue: readonly Queued[]): Queued[] =>
  queue.map((request) => ({ ...request, wait: null, setbacks: 0 }))

/** What waits because main itself is red may be tried on the main of now. */
export const withMainMoved = (queue: readonly Queued[]): Queued[] =>
  queue.map((request) => (request.wait?.what === 'main_red' ? { ...request, wait: null } : request))

const isSame = (a: { issue: string; sha: string }, b: { issue: string; sha: string }) =>
  a.issue === b.issue && a.sha === b.sha

/** 5 s, 10 s, 20 s … at most 5 minutes. */
export const backoffMs = (times: number) => Math.min(300_000, 5000 * 2 ** Math.max(0, times - 1))
