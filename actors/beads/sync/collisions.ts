// Two clones that could not see each other may give one id to two issues: the one that is on the branch keeps it, for
// others may know it already; the one that nobody else has seen gets another, which its edges and texts follow.
// Never: renames what was shared before.
import type { Tombstone } from '../deletion.ts'
import type { Whole } from '../embedded.ts'
import { freeId } from '../ids.ts'
import { exactly } from '../jsonl.ts'
import { byTarget, type State } from './state.ts'

export interface Renamed {
  from: string
  to: string
  title: string
}

/** Our state with ids of its own for issues that are not the ones which the branch has under theirs. */
export function withOwnIds(base: State, ours: State, theirs: State): { state: State; renamed: Renamed[] } {
  const isShared = (id: string) => base.issues.has(id) || base.stones.has(id)
  const isOthers = (id: string, issue: Whole): boolean => {
    const other = theirs.issues.get(id) ?? buried(theirs.stones.get(id))
    return other !== undefined && !isOne(issue, other)
  }
  // Deleted before anybody saw it: the branch's issue of that id is another, and lives.
  const stones = new Map(
    [...ours.stones].filter(([id, stone]) => {
      const [other, was] = [theirs.issues.get(id), buried(stone)]
      return isShared(id) || other === undefined || was === undefined || isOne(was, other)
    }),
  )
  const taken = new Set([base, ours, theirs].flatMap((state) => [...state.issues.keys(), ...state.stones.keys()]))
  const names = new Map<string, string>()
  for (const id of [...ours.issues.keys()].filter((id) => !isShared(id)).sort(shortestFirst)) {
    const issue = ours.issues.get(id) as Whole
    const parent = parentIn(id)
    const moved = parent === undefined ? undefined : names.get(parent)
    if (moved === undefined && !isOthers(id, issue)) continue
    const to = parent === undefined ? freshId(id, issue, taken) : nextPart(moved ?? parent, taken)
    taken.add(to)
    names.set(id, to)
  }
  if (names.size === 0) return { state: stones.size === ours.stones.size ? ours : { ...ours, stones }, renamed: [] }
  const issues = [...ours.issues].map(([id, issue]) => renamed(issue, base.issues.get(id), names))
  return {
    state: { ...ours, stones, issues: new Map(issues.map((issue) => [issue.id, issue])) },
    renamed: [...names].map(([from, to]) => ({ from, to, title: (ours.issues.get(from) as Whole).title })),
  }
}

type Origin = Pick<Whole, 'created_at'> & Partial<Pick<Whole, 'created_by'>>

/** Made by the same at the same moment. Some versions keep whole seconds, or not who made it. */
function isOne(a: Origin, b: Origin): boolean {
  const isRough = [a, b].some(({ created_at: at }) => at.endsWith('.000Z'))
  const isThen = a.created_at === b.created_at || (isRough && a.created_at.slice(0, 19) === b.created_at.slice(0, 19))
  return isThen && (a.created_by == null || b.created_by == null || a.created_by === b.created_by)
}

/** What a tombstone was; undefined when it does not say. */
function buried(stone: Tombstone | undefined): Origin | undefined {
  if (stone === undefined) return undefined
  const { created_at: at, created_by: by } = exactly(stone.was) as { created_at?: unknown; created_by?: unknown }
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) return undefined
  return { created_at: new Date(at).toISOString(), created_by: typeof by === 'string' ? by : null }
}

const shortestFirst = (a: string, b: string) => a.length - b.length || (a < b ? -1 : 1)
const parentIn = (id: string): string | undefined => /^(.+)\.\d+$/.exec(id)?.[1]

function nextPart(parent: string, taken: ReadonlySet<string>): string {
  let last = 0
  for (const id of taken) if (parentIn(id) === parent) last = Math.max(last, Number(id.slice(parent.length + 1)))
  return `${parent}.${last + 1}`
}

function freshId(
  id: string,
  { title, description, created_by, created_at }: Whole,
  taken: ReadonlySet<string>,
): string {
  const content = {
    title,
    description,
    creator: created_by ?? '',
    createdAt: created_at,
  }
  return freeId(id.slice(0, id.lastIndexOf('-')), content, taken.size, (each) => taken.has(each))
}

const texts = ['title', 'description', 'design', 'acceptance_criteria', 'notes', 'close_reason'] as const

/** The issue under its own id, and with those of others that it names; what was shared before meant the others. */
function renamed(issue: Whole, base: Whole | undefined, names: ReadonlyMap<string, string>): Whole {
  const id = names.get(issue.id) ?? issue.id
  const speaking = [...names].map(
    ([from, to]) => [new RegExp(`(?<![\\w-])${from.replaceAll('.', '\\.')}(?![\\w-]|\\.\\d)`, 'g'), to] as const,
  )
  const spoken = (text: string) => speaking.reduce((said, [from, to]) => said.replace(from, to), text)
  const told = texts.filter((field) => issue[field] !== base?.[field])
  return {
    ...issue,
    ...Object.fromEntries(told.map((field) => [field, spoken(issue[field])])),
    id,
    dependencies: issue.dependencies
      .map((edge) => ({ ...edge, issue_id: id, depends_on_id: names.get(edge.depends_on_id) ?? edge.depends_on_id }))
      .sort(byTarget),
    comments: issue.comments.map((comment) => ({ ...comment, issue_id: id })),
  }
}
