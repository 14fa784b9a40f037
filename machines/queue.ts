// Queue: what the Refinery builds next. Pure algebra over the requests that wait; a batching, speculating planner
// fits behind `plan`.
// Never: builds, tests or lands; it only says which requests belong together.
import type { MergeRequest } from './mail.ts'

export interface Queued extends MergeRequest {
  queuedAt: number
  /** Set aside: it cannot land until the Overseer pokes the queue. */
  held: boolean
}

/**
 * The requests that make up the next candidate, in landing order; undefined when there is none. One at a time: by
 * priority, then first come.
 */
export function plan(queue: readonly Queued[]): readonly Queued[] | undefined {
  const next = landingOrder(queue).find((request) => !request.held)
  return next && [next]
}

/** The order in which the queue would land: priority (0 first), then first come. */
export function landingOrder(queue: readonly Queued[]): readonly Queued[] {
  return [...queue].sort((a, b) => a.priority - b.priority || a.queuedAt - b.queuedAt)
}

/**
 * The queue with a request in it: newer work of an issue replaces older work that still waits. Work in `building` is
 * left alone.
 */
export function enqueue(queue: readonly Queued[], request: Queued, building: readonly string[]): Queued[] {
  const same = queue.find((other) => other.issue === request.issue && other.sha === request.sha)
  if (same) return [...queue]
  return [...queue.filter((other) => other.issue !== request.issue || building.includes(other.sha)), request]
}
