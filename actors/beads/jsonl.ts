// Issues as JSON: what `--json` prints and what `issues.jsonl` holds, in the format's field order.
// Never: writes a file; leaves out what it does not know of an issue, which is given back as it came.
import { BeadsError, type Comment, type Dependency, type Issue } from './contract.ts'
import type { Tombstone } from './deletion.ts'
import type { Beads, Whole } from './embedded.ts'
import { checkId } from './limits.ts'
import { order } from './row-json.ts'

/** Of JSON that came from elsewhere, what a number's text says is kept where a number of ours would not say it. */
export const exactly = (text: string): unknown =>
  JSON.parse(text, (_, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? rawJson(source) : value,
  )
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON

function fieldsOf(issue: Issue): Record<string, unknown> {
  const json: Record<string, unknown> = {}
  for (const field of order) {
    const value = issue[field]
    if (field === 'priority' || (value !== '' && value != null)) json[field] = value
  }
  return json
}
/** What comes after the edges. */
function restOf(issue: Issue): Record<string, unknown> {
  return {
    ...(issue.sender ? { sender: issue.sender } : {}),
    ...(issue.ephemeral ? { ephemeral: true } : {}),
    ...(issue.metadata ? { metadata: exactly(issue.metadata) } : {}),
    ...(issue.extra ? (exactly(issue.extra) as object) : {}),
  }
}
const withExtra = <T extends { extra?: string | null }>({ extra, ...own }: T) => ({
  ...own,
  ...(extra ? (exactly(extra) as object) : {}),
})
/** A comment's id is a number in older stores. */
const commentJson = (comment: Comment) => {
  const { id, ...rest } = withExtra(comment)
  return { id: /^\d+$/.test(id) ? rawJson(id) : id, ...rest }
}

/** An issue with its labels and dependencies; with its comments when it is to be told whole. */
export function issueJson(beads: Beads, issue: Issue, isWhole = false): Record<string, unknown> {
  const labels = beads.labels(issue.id)
  const dependencies = beads.dependencies(issue.id)
  const comments = isWhole ? beads.comments(issue.id) : []
  return {
    ...fieldsOf(issue),
    ...(labels.length > 0 ? { labels } : {}),
    ...(dependencies.length > 0 ? { dependencies: dependencies.map(withExtra) } : {}),
    ...(comments.length > 0 ? { comments: comments.map(commentJson) } : {}),
    ...restOf(issue),
  }
}

export const commentsJson = (comments: readonly Comment[]) => comments.map(commentJson)

/** Everything, one a line, sorted by id: issues and what was deleted; memories after them when they are asked for. */
export function exportLines(beads: Beads, { memories = false, status }: Exporting = {}): string {
  const ids = status === undefined ? beads.ids() : beads.list({ status }).map(({ id }) => id)
  const lines = new Map(ids.map((id) => [id, issueLine(beads, id)]))
  for (const stone of status === undefined ? beads.tombstones() : []) lines.set(stone.id, lineOf(stoneJson(stone)))
  const sorted = [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
  const kept = memories ? beads.memories().map(({ key, value }) => lineOf({ _type: 'memory', key, value })) : []
  return [...sorted, ...kept].join('')
}

interface Exporting {
  memories?: boolean
  /** Issues in one of these only. */
  status?: readonly string[]
}

/** One issue as its line. */
export const issueLine = (beads: Beads, id: string): string => lineOf(issueJson(beads, beads.get(id) as Issue, true))

function stoneJson({ deleted_at, deleted_by, reason, was }: Tombstone): Record<string, unknown> {
  const issue = exactly(was) as Record<string, unknown>
  return {
    ...issue,
    status: 'tombstone',
    ...{
      deleted_at,
      deleted_by,
      delete_reason: reason,
      original_type: issue.original_type ?? issue.issue_type ?? 'task',
    },
  }
}

/** `<`, `>` and `&` escaped as the format's own writer does. */
export const lineOf = (value: unknown): string =>
  `${JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`

export interface Imported {
  created: number
  updated: number
  skipped: number
  deleted: number
  memories: number
  /** Messages that were left out. */
  mail: number
  /** Ids that stand in the lines more than once: the later news of each counts. */
  twice: string[]
}

/** Each line that says something; what is wrong with one is told by `inWords`, with its number. */
export function eachLine(text: string, take: (line: string) => void, inWords: (n: number, words: string) => string) {
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue
    try {
      take(line)
    } catch (error) {
      if (!(error instanceof BeadsError)) throw error
      throw Object.assign(error, { message: inWords(index + 1, error.message) })
    }
  }
}

/**
 * Takes lines in, all or none. In a town messages are left out and counted, for who sent one is the town's to say.
 * Missing status is open, missing type task, missing priority 0; older news is skipped, and so is what was deleted here
 * later. Throws a BeadsError that names the line.
 */
export function importLines(beads: Beads, text: string, actor = ''): Imported {
  const counts: Imported = { created: 0, updated: 0, skipped: 0, deleted: 0, memories: 0, mail: 0, twice: [] }
  const seen = new Set<string>()
  const put: string[] = []
  const take = (line: string) => {
    const raw = objectIn(line)
    if (raw._type === 'memory') {
      beads.remember(wordIn(raw, 'key'), wordIn(raw, 'value'))
      counts.memories++
      return
    }
    const id = wordIn(raw, 'id')
    if (seen.has(id)) counts.twice.push(id)
    seen.add(id)
    if (raw.status === 'tombstone') {
      // One that does not say when is older than everything.
      const at = timeIn(raw, 'deleted_at') ?? timeIn(raw, 'updated_at') ?? new Date(0).toISOString()
      const by = wordIn(raw, 'deleted_by') || actor
      checkId(id)
      if (beads.bury({ id, deleted_at: at, deleted_by: by, reason: wordIn(raw, 'delete_reason'), was: line.trim() }))
        counts.deleted++
      else counts.skipped++
    } else if (raw.issue_type === 'message' && beads.isTowns()) counts.mail++
    else {
      const became = beads.put(wholeOf(raw, line))
      counts[became]++
      if (became !== 'skipped') put.push(id)
    }
  }
  // A line has about so many characters.
  beads.writtenMany(text.length / 400, () => {
    eachLine(text, take, (n, words) => `line ${n}: ${words}; nothing was imported`)
    beads.noted(put, 'imported', actor)
  })
  return counts
}

const known: ReadonlySet<string> = new Set([
  ...order,
  ...['labels', 'dependencies', 'comments', 'sender', 'ephemeral', 'metadata'],
  // Said of it by whoever wrote the line, and found out anew by whoever reads it.
  ...['_type', 'schema_version', 'content_hash', 'parent', 'dependency_count', 'dependent_count', 'comment_count'],
])

/** Throws a BeadsError for a field that is of another kind than the format says. */
export function wholeOf(raw: Record<string, unknown>, line: string): Whole {
  const id = wordIn(raw, 'id')
  const created = timeIn(raw, 'created_at') ?? timeIn(raw, 'updated_at')
  if (created === null) throw new BeadsError(`${id || 'an issue'} has to say created_at`)
  const exact = Object.keys(raw).some((field) => !known.has(field) || field === 'metadata') ? objectIn(line, true) : raw
  return {
    id,
    ...{ title: wordIn(raw, 'title'), description: wordIn(raw, 'description'), design: wordIn(raw, 'design') },
    ...{ acceptance_criteria: wordIn(raw, 'acceptance_criteria'), notes: wordIn(raw, 'notes') },
    ...{ status: wordIn(raw, 'status') || 'open', issue_type: wordIn(raw, 'issue_type') || 'task' },
    ...{ priority: numberIn(raw, 'priority') ?? 0, estimated_minutes: numberIn(raw, 'estimated_minutes') },
    ...{ assignee: wordIn(raw, 'assignee') || null, created_by: wordIn(raw, 'created_by') || null },
    ...{ created_at: created, updated_at: timeIn(raw, 'updated_at') ?? created, started_at: timeIn(raw, 'started_at') },
    ...{ closed_at: timeIn(raw, 'closed_at'), close_reason: wordIn(raw, 'close_reason') },
    ...{ external_ref: wordIn(raw, 'external_ref') || null, sender: wordIn(raw, 'sender') || null },
    ...{ due_at: timeIn(raw, 'due_at'), defer_until: timeIn(raw, 'defer_until') },
    ...{ lease_expires_at: timeIn(raw, 'lease_expires_at'), heartbeat_at: timeIn(raw, 'heartbeat_at') },
    ephemeral: raw.ephemeral === true ? 1 : 0,
    metadata: raw.metadata == null ? null : JSON.stringify(exact.metadata),
    extra: extraOf(exact, known),
    labels: listIn(raw, 'labels').map((each) => String(each)),
    dependencies: listIn(raw, 'dependencies').map((each, n) =>
      edgeOf(each, id, created, listIn(exact, 'dependencies')[n]),
    ),
    comments: listIn(raw, 'comments').map((each, n) => commentOf(each, id, listIn(exact, 'comments')[n])),
  }
}

const edgeFields = new Set(['issue_id', 'depends_on_id', 'type', 'created_at', 'created_by'])
function edgeOf(each: unknown, id: string, created: string, exact: unknown): Dependency {
  const raw = asObject(each, 'dependencies')
  const on = wordIn(raw, 'depends_on_id')
  if (on === '') throw new BeadsError('a dependency has to say depends_on_id')
  return {
    ...{ issue_id: id, depends_on_id: on, type: wordIn(raw, 'type') || 'blocks' },
    ...{ created_at: timeIn(raw, 'created_at') ?? created, created_by: wordIn(raw, 'created_by') },
    extra: extraOf(exact as Record<string, unknown>, edgeFields),
  }
}

const commentFields = new Set(['id', 'issue_id', 'author', 'text', 'created_at'])
function commentOf(each: unknown, id: string, exact: unknown): Comment {
  const raw = asObject(each, 'comments')
  if (typeof raw.id !== 'string' && typeof raw.id !== 'number') throw new BeadsError('a comment has to say its id')
  return {
    ...{ id: String(raw.id), issue_id: id, author: wordIn(raw, 'author'), text: wordIn(raw, 'text') },
    created_at: timeIn(raw, 'created_at') ?? new Date(0).toISOString(),
    extra: extraOf(exact as Record<string, unknown>, commentFields),
  }
}

function extraOf(exact: Record<string, unknown>, fields: ReadonlySet<string>): string | null {
  const rest = Object.entries(exact).filter(([field]) => !fields.has(field))
  return rest.length === 0 ? null : JSON.stringify(Object.fromEntries(rest))
}

export function objectIn(line: string, isExact = false): Record<string, unknown> {
  let value: unknown
  try {
    value = isExact ? exactly(line) : JSON.parse(line)
  } catch (error) {
    throw new BeadsError(`this is not JSON: ${error instanceof Error ? error.message : error}`)
  }
  return asObject(value, 'an issue')
}

function asObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BeadsError(`this is no object: ${what}`)
  return value as Record<string, unknown>
}

export function wordIn(raw: Record<string, unknown>, field: string): string {
  const value = raw[field]
  if (value != null && typeof value !== 'string')
    throw new BeadsError(`${field} is not a text: ${JSON.stringify(value)}`)
  return value ?? ''
}

function numberIn(raw: Record<string, unknown>, field: string): number | null {
  const value = raw[field]
  if (value != null && typeof value !== 'number')
    throw new BeadsError(`${field} is not a number: ${JSON.stringify(value)}`)
  return value ?? null
}

function listIn(raw: Record<string, unknown>, field: string): unknown[] {
  const value = raw[field]
  if (value != null && !Array.isArray(value)) throw new BeadsError(`${field} is not a list`)
  return value ?? []
}

/** As this store writes a time, on a day that every month has. */
const usualTime = /^(?!0)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/

/** In UTC. Null when it is not said; the zero time of other writers is not said either. */
export function timeIn(raw: Record<string, unknown>, field: string): string | null {
  const text = wordIn(raw, field)
  if (usualTime.test(text)) return text
  if (text === '' || text.startsWith('0001-01-01')) return null
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) throw new BeadsError(`${field} is not a time: ${JSON.stringify(text)}`)
  return at.toISOString()
}
