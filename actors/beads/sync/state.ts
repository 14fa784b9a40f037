// What a store shares, in memory: read from the lines of `issues.jsonl`, in one form whoever wrote them.
// Never: half of a text; a line that cannot be kept is an error that names it.
import { BeadsError, type Comment, type Dependency } from '../contract.ts'
import type { Tombstone } from '../deletion.ts'
import type { Whole } from '../embedded.ts'
import { eachLine, exactly, objectIn, timeIn, wholeOf, wordIn } from '../jsonl.ts'
import { admitted, checkId, checkLabel, isKept, nameBytesMax } from '../limits.ts'

/** An id is an issue, or a tombstone, or neither. */
export interface State {
  issues: ReadonlyMap<string, Whole>
  stones: ReadonlyMap<string, Tombstone>
  memories: ReadonlyMap<string, string>
  /** Lines of which this store keeps nothing, as they are. */
  others: readonly string[]
}
export const nothing: State = { issues: new Map(), stones: new Map(), memories: new Map(), others: [] }

/** Throws a BeadsError that names the line: `where` is what the text is called; `mail`: whether that is kept. */
export function stateIn(text: string, where: string, { mail = true }: { mail?: boolean } = {}): State {
  const issues = new Map<string, Whole>()
  const stones = new Map<string, Tombstone>()
  const memories = new Map<string, string>()
  const others: string[] = []
  const take = (line: string) => {
    const raw = objectIn(line)
    if (raw._type === 'memory' && isMemory(raw)) memories.set(wordIn(raw, 'key'), wordIn(raw, 'value'))
    else if ((raw._type !== undefined && raw._type !== 'issue') || (!mail && isMail(raw))) others.push(line)
    else if (raw.status === 'tombstone') {
      const stone = stoneOf(raw, line)
      if ((stones.get(stone.id)?.deleted_at ?? '') < stone.deleted_at) stones.set(stone.id, stone)
    } else {
      const issue = normal(wholeOf(raw, line))
      // A tool that puts files together line by line leaves both: the later news counts.
      if ((issues.get(issue.id)?.updated_at ?? '') < issue.updated_at) issues.set(issue.id, issue)
    }
  }
  eachLine(text, take, (n, words) => `${where}, line ${n}: ${words}`)
  for (const [id, stone] of stones) {
    if ((issues.get(id)?.updated_at ?? '') > stone.deleted_at) stones.delete(id)
    else issues.delete(id)
  }
  return { issues, stones, memories, others }
}

/** Also one that was deleted. */
export const isMail = (raw: Record<string, unknown>) => (raw.original_type ?? raw.issue_type) === 'message'

const isMemory = ({ key, value }: Record<string, unknown>) =>
  typeof key === 'string' &&
  key !== '' &&
  Buffer.byteLength(key) <= nameBytesMax &&
  typeof value === 'string' &&
  value.trim() !== '' &&
  !value.includes('\0') &&
  isKept(value)

function stoneOf(raw: Record<string, unknown>, line: string): Tombstone {
  const id = checkId(wordIn(raw, 'id'))
  const at = timeIn(raw, 'deleted_at') ?? timeIn(raw, 'updated_at')
  if (at === null) throw new BeadsError(`the tombstone ${id} has to say deleted_at`)
  const stone = { id, deleted_at: at, deleted_by: '', reason: '', was: line.trim() }
  // Whether that can be read is found out now.
  saidOf(stone)
  const [by, reason] = [wordIn(raw, 'deleted_by'), wordIn(raw, 'delete_reason')]
  return { ...stone, deleted_by: by, reason }
}

/** What had been said of an issue when it was deleted. */
export function saidOf({ id, deleted_at: at, was }: Tombstone): readonly Comment[] {
  const { comments } = exactly(was) as { comments?: unknown }
  return comments == null ? [] : wholeOf({ id, created_at: at, comments }, '').comments
}

/** As the store keeps it, so that two ways to write one issue are the same here. */
function normal(given: Whole): Whole {
  const { waits: _, claimed_epoch: __, ...issue } = admitted(given, 'any')
  checkId(issue.id)
  const closed = issue.status === 'closed' ? (issue.closed_at ?? issue.updated_at) : null
  const edges = new Map([...issue.dependencies].reverse().map((edge) => [edge.depends_on_id, edge]))
  const comments = new Map([...issue.comments].map((comment) => [comment.id, comment]))
  return {
    ...issue,
    closed_at: closed,
    labels: [...new Set(issue.labels.map(checkLabel))].sort(),
    dependencies: [...edges.values()].sort(byTarget),
    comments: [...comments.values()].sort(byTime),
  }
}

export const byTarget = (a: Dependency, b: Dependency) => (a.depends_on_id < b.depends_on_id ? -1 : 1)
/** A sort keeps the order of those of one moment. */
export const byTime = (a: Comment, b: Comment) =>
  a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0
