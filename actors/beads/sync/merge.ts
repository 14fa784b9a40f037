// Brings two stores together that went on from the same state: whole issues, field by field, three-way.
// Never: looks at the world; takes two issues for one because they say the same; lets an issue vanish that nobody
// deleted.
import type { Comment, Dependency } from '../contract.ts'
import type { Tombstone } from '../deletion.ts'
import type { Whole } from '../embedded.ts'
import { commentsJson, exactly } from '../jsonl.ts'
import { isKept } from '../limits.ts'
import { type Renamed, withOwnIds } from './collisions.ts'
import { byTarget, byTime, type State, saidOf } from './state.ts'

export interface Merged extends Omit<State, 'others'> {
  /** Issues of ours whose ids had been given to others meanwhile. */
  renamed: readonly Renamed[]
}

/**
 * What both come to. `base` is what both had when they last were the same; `nothing` when nobody knows, and then
 * nothing counts as removed. Of what was deleted before `shrinkBefore` (ISO 8601) no more is kept than that it was.
 */
export function merge(base: State, ours: State, theirs: State, shrinkBefore = ''): Merged {
  const { state: own, renamed } = withOwnIds(base, ours, theirs)
  const issues = new Map<string, Whole>()
  const stones = new Map<string, Tombstone>()
  const ids = new Set([own, theirs].flatMap(({ issues, stones }) => [...issues.keys(), ...stones.keys()]))
  const alive = new Set<string>()
  for (const id of ids) {
    const stone = deleted(id, base, own, theirs)
    if (stone === undefined) alive.add(id)
    else stones.set(id, stone.deleted_at < shrinkBefore ? shrunk(stone) : stone)
  }
  for (const id of alive) {
    const issue = together(
      base.issues.get(id),
      withEdgesTo(alive, base, own, id),
      withEdgesTo(alive, base, theirs, id),
    ) as Whole
    // Who deleted it may have said something of it before.
    const stone = own.stones.get(id) ?? theirs.stones.get(id)
    const comments = stone ? saidBy(issue.comments, saidOf(stone)) : issue.comments
    const dependencies = issue.dependencies.filter((edge) => !stones.has(edge.depends_on_id))
    issues.set(id, { ...issue, comments, dependencies })
  }
  return { issues, stones, memories: memoriesOf(base, own, theirs), renamed }
}

/**
 * The tombstone that this id comes to; undefined: it is an issue. One that only one side changed is as that side has
 * it. Else the later of the deletion and the last edit counts, and at the same moment the deletion.
 */
function deleted(id: string, base: State, ours: State, theirs: State): Tombstone | undefined {
  const [o, t] = [ours.stones.get(id), theirs.stones.get(id)]
  const [live, other] = [ours.issues.get(id), theirs.issues.get(id)]
  const was = base.stones.get(id)
  if (o && t) {
    const one = oneOf(was, o, t, (o, t) => laterOf(o.deleted_at, t.deleted_at, o, t))
    return remembering(one, saidBy(saidOf(o), saidOf(t)))
  }
  const stone = o ?? t
  if (stone === undefined) return undefined
  const edited = live ?? other
  // Also where the other side knows nothing of it any more: a clone that was away for long has the issue still.
  if (edited === undefined) return stone
  if (was && same(shrunk(was), shrunk(stone))) return undefined
  if (same(base.issues.get(id), edited)) return stone
  return stone.deleted_at >= edited.updated_at ? remembering(stone, edited.comments) : undefined
}

/** What an old tombstone is needed for: that nobody brings the issue back unawares, or gives its id to another. */
const lasting = [
  ...(['id', 'title', 'status', 'priority', 'issue_type', 'created_at', 'created_by', 'updated_at'] as const),
  ...(['original_type', 'deleted_at', 'deleted_by', 'delete_reason'] as const),
]
function shrunk(stone: Tombstone): Tombstone {
  const was = Object.entries(exactly(stone.was) as object)
  const kept = was.filter(([field]) => (lasting as readonly string[]).includes(field))
  return kept.length === was.length ? stone : { ...stone, was: JSON.stringify(Object.fromEntries(kept)) }
}

/** With what others had said of it meanwhile: somebody may have edited it later, and then it lives. */
function remembering(stone: Tombstone, comments: readonly Comment[]): Tombstone {
  const said = saidOf(stone)
  const united = saidBy(comments, said)
  if (united.length === said.length) return stone
  return { ...stone, was: JSON.stringify({ ...(exactly(stone.was) as object), comments: commentsJson(united) }) }
}

/**
 * The issue as one side has it. Who deletes an issue takes the edges to it out of others; when it lives on after all,
 * they have not been removed.
 */
function withEdgesTo(alive: ReadonlySet<string>, base: State, side: State, id: string): Whole | undefined {
  const issue = side.issues.get(id)
  const lost = base.issues
    .get(id)
    ?.dependencies.filter(
      ({ depends_on_id: on }) =>
        side.stones.has(on) && alive.has(on) && !issue?.dependencies.some((edge) => edge.depends_on_id === on),
    )
  if (issue === undefined || lost === undefined || lost.length === 0) return issue
  return { ...issue, dependencies: [...issue.dependencies, ...lost].sort(byTarget) }
}

/** What is decided as one: a status without its time and reason, or a lease without its holder, says nothing true. */
const units = [
  ...([
    ['title'],
    ['description'],
    ['design'],
    ['acceptance_criteria'],
    ['notes'],
    ['priority'],
    ['issue_type'],
  ] as const),
  ['status', 'closed_at', 'close_reason'],
  ['assignee', 'heartbeat_at', 'lease_expires_at'],
  ...([['external_ref'], ['sender'], ['estimated_minutes'], ['ephemeral']] as const),
  ...([['created_at', 'created_by'], ['started_at'], ['due_at'], ['defer_until']] as const),
] as const satisfies readonly (readonly (keyof Whole)[])[]

/** One issue of both sides; a side that has it not leaves it as the other has it. */
export function together(
  base: Whole | undefined,
  ours: Whole | undefined,
  theirs: Whole | undefined,
): Whole | undefined {
  if (ours === undefined || theirs === undefined) return theirs ?? ours
  // Nothing that was said is taken back, also where another tool left it out.
  const comments = saidBy(ours.comments, theirs.comments)
  if (same(base, theirs)) return { ...ours, comments }
  if (same(base, ours) || same(ours, theirs)) return { ...theirs, comments }
  const choose = chooser(ours.updated_at, theirs.updated_at)
  const merged: Record<string, unknown> = { ...theirs }
  for (const unit of units) {
    const of = (issue: Whole | undefined) => issue && unit.map((field) => issue[field] ?? null)
    for (const [n, value] of (choose(of(base), of(ours), of(theirs)) ?? []).entries()) merged[unit[n] as string] = value
  }
  const whole = {
    ...(merged as unknown as Whole),
    updated_at: oneOf(base?.updated_at, ours.updated_at, theirs.updated_at, lastOf) as string,
    metadata: keysOf(base?.metadata, ours.metadata, theirs.metadata, choose),
    extra: keysOf(base?.extra, ours.extra, theirs.extra, choose),
    labels: setOf(base?.labels, ours.labels, theirs.labels),
    dependencies: edgesOf(base?.dependencies, ours.dependencies, theirs.dependencies, choose),
    comments,
  }
  // Nobody is at what is not in progress.
  return whole.status === 'in_progress' ? whole : { ...whole, heartbeat_at: null, lease_expires_at: null }
}

type Choose = <T>(base: T | undefined, ours: T | undefined, theirs: T | undefined) => T | undefined

/** Changed on one side: that counts. On both: the later edit of the issue, and of the same moment the greater text. */
const chooser =
  (oursAt: string, theirsAt: string): Choose =>
  (base, ours, theirs) =>
    oneOf(base, ours, theirs, (o, t) => laterOf(oursAt, theirsAt, o, t))

function oneOf<T, B extends T>(base: B | undefined, ours: T, theirs: T, conflict: (ours: T, theirs: T) => T): T {
  if (same(ours, theirs) || same(base, ours)) return theirs
  return same(base, theirs) ? ours : conflict(ours, theirs)
}

const lastOf = (...times: string[]): string => times.sort().at(-1) as string

function laterOf<T>(oursAt: string, theirsAt: string, ours: T, theirs: T): T {
  if (oursAt !== theirsAt) return oursAt > theirsAt ? ours : theirs
  return textOf(ours) > textOf(theirs) ? ours : theirs
}

const textOf = (value: unknown): string => JSON.stringify(value) ?? ''
export const same = (a: unknown, b: unknown): boolean => a === b || textOf(a) === textOf(b)

/** A JSON object, key by key; anything else as a whole. */
function keysOf(
  base: string | null | undefined,
  ours: string | null | undefined,
  theirs: string | null | undefined,
  choose: Choose,
): string | null {
  const [b, o, t] = [base, ours, theirs].map((text) => (text == null ? {} : exactly(text)))
  if (ours === theirs || !isObject(b) || !isObject(o) || !isObject(t)) return choose(base, ours, theirs) ?? null
  const entries = [...new Set([...Object.keys(t), ...Object.keys(o)])]
    .map((key) => [key, choose(b[key], o[key], t[key])] as const)
    .filter(([, value]) => value !== undefined)
  if (entries.length === 0) return choose(base, ours, theirs) === '{}' ? '{}' : null
  return JSON.stringify(Object.fromEntries(entries))
}
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What either added, without what either took away. */
function setOf(base: readonly string[] = [], ours: readonly string[], theirs: readonly string[]): string[] {
  return [...new Set([...ours, ...theirs])]
    .filter((each) => !base.includes(each) || (ours.includes(each) && theirs.includes(each)))
    .sort()
}

/** The same for edges: of two issues there is one at most, whose kind is a field. */
function edgesOf(
  base: readonly Dependency[] = [],
  ours: readonly Dependency[],
  theirs: readonly Dependency[],
  choose: Choose,
): Dependency[] {
  const find = (edges: readonly Dependency[], on: string) => edges.find((edge) => edge.depends_on_id === on)
  return [...new Set([...ours, ...theirs].map((edge) => edge.depends_on_id))]
    .flatMap((on) => choose(find(base, on), find(ours, on), find(theirs, on)) ?? [])
    .sort(byTarget)
}

/**
 * Everything that was said, by its time. Older stores number comments: of two that have one number ours gets another.
 */
function saidBy(ours: readonly Comment[], theirs: readonly Comment[]): Comment[] {
  const known = new Map(theirs.map((comment) => [comment.id, comment]))
  const more = ours.flatMap((comment): Comment[] => {
    const other = known.get(comment.id)
    if (other === undefined) return [comment]
    const isOne = other.text === comment.text && other.author === comment.author
    const id = `${comment.id}-${Date.parse(comment.created_at).toString(36)}`
    return isOne || known.has(id) ? [] : [{ ...comment, id }]
  })
  return [...theirs, ...more].sort(byTime)
}
/** Two texts that were both written anew under one key are both kept; one that was written anew is not forgotten. */
function memoriesOf(base: State, ours: State, theirs: State): Map<string, string> {
  const both = (o: string | undefined, t: string | undefined) => {
    if (o === undefined || t === undefined) return o ?? t
    const united = [o, t].sort().join('\n\n')
    return o.includes(t) || t.includes(o) || !isKept(united) ? (o.length > t.length ? o : t) : united
  }
  const keys = new Set([...ours.memories.keys(), ...theirs.memories.keys()])
  const kept = [...keys].map(
    (key) => [key, oneOf(base.memories.get(key), ours.memories.get(key), theirs.memories.get(key), both)] as const,
  )
  return new Map(kept.filter((entry): entry is [string, string] => entry[1] !== undefined))
}
