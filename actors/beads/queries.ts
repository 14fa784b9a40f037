// What can be asked of many issues at once: which there are, which are ready, which wait, how many of each.
// Never: reads an issue that is not to be shown; all is sieved by the database.
import type { SQLInputValue } from 'node:sqlite'
import { BeadsError, type Issue, type IssueFilter, type Sort } from './contract.ts'
import { under } from './edges.ts'
import { isUnfinished, mayStart, notWork } from './parts.ts'
import type { Room } from './room.ts'
import { JsonBytes, listJson, rowJson } from './row-json.ts'

const orders: Readonly<Record<Sort, string>> = {
  priority: 'i.priority, i.created_at, i.id',
  created: 'i.created_at DESC, i.id',
  updated: 'i.updated_at DESC, i.id',
  closed: 'i.closed_at DESC, i.id',
  status: 'i.status, i.priority, i.id',
  id: 'i.id',
  title: 'lower(i.title), i.id',
  type: 'i.issue_type, i.priority, i.id',
  assignee: "coalesce(i.assignee, ''), i.priority, i.id",
  oldest: 'i.created_at, i.id',
  // The young by priority, then the rest by age; the moment from which on one is young is bound.
  hybrid: 'i.created_at < ?, iif(i.created_at < ?, 0, i.priority), i.created_at, i.id',
}
/** As `bd list` shows it when nothing else is said. */
const usual = 'i.priority, i.created_at DESC, i.id'
const youngMs = 48 * 3_600_000

/** What a line tells of an issue; its labels as JSON. */
export interface Listed extends Pick<Issue, 'id' | 'title' | 'priority' | 'issue_type' | 'status' | 'assignee'> {
  labels: string | null
}
/** Counts of a row's edges and comments, as `--json` shows them. */
export interface Counted extends Issue, Listed {
  parent: string | null
  dependency_count: number
  dependent_count: number
  comment_count: number
}
const labelled =
  '(SELECT json_group_array(label) FROM (SELECT label FROM labels WHERE issue_id = i.id ORDER BY label)) AS labels'
const counted = `i.*, ${labelled},
  (SELECT depends_on_id FROM dependencies WHERE issue_id = i.id AND type = 'parent-child') AS parent,
  (SELECT count(*) FROM dependencies WHERE issue_id = i.id) AS dependency_count,
  (SELECT count(*) FROM dependencies WHERE depends_on_id = i.id) AS dependent_count,
  (SELECT count(*) FROM comments WHERE issue_id = i.id) AS comment_count`

export interface Stats {
  total_issues: number
  open_issues: number
  in_progress_issues: number
  closed_issues: number
  blocked_issues: number
  deferred_issues: number
  ready_issues: number
  tombstone_issues: number
  pinned_issues: number
  epics_eligible_for_closure: number
  average_lead_time_hours: number
}
export interface EpicStanding {
  epic: Issue
  total_children: number
  closed_children: number
  eligible_for_close: boolean
}
const countKeys = { status: 'status', priority: 'priority', type: 'issue_type', assignee: 'assignee' } as const

export function queriesIn({ rows, row, at }: Room) {
  const selected = (columns: string, filter: IssueFilter) => {
    const { where, values, order } = asked(filter, at())
    const limit = filter.limit ? ` LIMIT ${Math.trunc(filter.limit)}` : ''
    // Of all that is open the least part may be ready, and that is in order there; the planner takes the former.
    const isNarrow = filter.ids ?? filter.parent ?? filter.partOf
    const from = filter.ready && isNarrow === undefined ? 'issues i INDEXED BY issues_ready' : 'issues i'
    return { text: `SELECT ${columns} FROM ${from} WHERE ${where} ORDER BY ${order}${limit}`, values }
  }
  const select = <T extends Listed | Issue>(columns: string, filter: IssueFilter): T[] => {
    const { text, values } = selected(columns, filter)
    return rows<T>(text, ...values)
  }
  const list = (filter: IssueFilter = {}): Issue[] => select<Issue>('i.*', filter)
  return {
    list,
    /** No more than a line tells, which for many costs a fraction of all. */
    listed: (filter: IssueFilter = {}): Listed[] =>
      select<Listed>(`i.id, i.title, i.priority, i.issue_type, i.status, i.assignee, ${labelled}`, filter),
    /** Lines of text, as `bd list` prints them: made by the database, for a program spends most of its time on rows. */
    lines(filter: IssueFilter = {}): string {
      const labels = `SELECT ' [' || group_concat(label, ' ' ORDER BY label) || ']' FROM labels WHERE issue_id = i.id`
      const title = `replace(replace(i.title, char(10), ' '), char(13), ' ')`
      const line = `format('%s [P%d] [%s] %s%s%s - %s', i.id, i.priority, i.issue_type, i.status,
        iif(i.assignee IS NULL, '', ' @' || i.assignee), coalesce((${labels}), ''), ${title}) AS line`
      const { text, values } = selected(line, filter)
      return (
        row<{ all: string | null }>(`SELECT group_concat(line, char(10)) AS "all" FROM (${text})`, ...values)?.all ?? ''
      )
    },
    /** As `--json` tells them. */
    json(filter: IssueFilter = {}): JsonBytes {
      // As other versions count them: of what is ready only what keeps it from starting, of others every edge.
      const { text, values } = selected(`${rowJson(filter.ready ? "AND type = 'blocks'" : '')} AS line`, filter)
      return new JsonBytes(row<{ all: Uint8Array | null }>(listJson(text), ...values)?.all ?? Buffer.from('[]'))
    },
    /** With what is counted of each. */
    counted: (filter: IssueFilter = {}): Counted[] => select<Counted>(counted, filter),
    /** Open work that waits for nothing; by priority, then age. */
    ready: (filter: IssueFilter = {}): Issue[] => list({ sort: 'priority', ...filter, ready: true }),
    /** How many there are, by what they have in common when `by` says so. */
    count(filter: IssueFilter, by?: keyof typeof countKeys | 'label'): { group: string; count: number }[] {
      const { where, values } = asked({ ...filter, sort: 'id' }, at())
      const key = by === undefined ? "''" : by === 'label' ? 'l.label' : `i.${countKeys[by]}`
      const join = by === 'label' ? 'JOIN labels l ON l.issue_id = i.id' : ''
      return rows(
        `SELECT coalesce(CAST(${key} AS TEXT), '') AS "group", count(*) AS count FROM issues i ${join} WHERE ${where} GROUP BY 1 ORDER BY 1`,
        ...values,
      )
    },
    /** What is not done and has not been touched since, the longest first. */
    stale: (since: string, filter: IssueFilter = {}): Issue[] =>
      list({ ...filter, updatedBefore: since, sort: 'updated', reverse: true }),
    epics: (isEligibleOnly = false): EpicStanding[] =>
      rows<Issue & { total: number; done: number }>(
        `SELECT * FROM (SELECT i.*, count(c.id) AS total, count(c.closed_at) AS done FROM issues i
         LEFT JOIN dependencies d ON d.depends_on_id = i.id AND d.type = 'parent-child'
         LEFT JOIN issues c ON c.id = d.issue_id
         WHERE i.issue_type = 'epic' AND i.status <> 'closed' GROUP BY i.id)
         WHERE NOT ? OR (total > 0 AND total = done) ORDER BY priority, created_at, id`,
        isEligibleOnly ? 1 : 0,
      ).map(({ total, done, ...epic }) => ({
        epic,
        total_children: total,
        closed_children: done,
        eligible_for_close: total > 0 && total === done,
      })),
    stats(): Stats {
      const by = new Map(
        rows<{ status: string; n: number }>(
          "SELECT status, count(*) AS n FROM issues WHERE issue_type <> 'message' GROUP BY status",
        ).map(({ status, n }) => [status, n]),
      )
      const one = (text: string, ...values: SQLInputValue[]) => row<{ n: number | null }>(text, ...values)?.n ?? 0
      const { where, values } = asked({ ready: true, sort: 'id' }, at())
      return {
        total_issues: [...by.values()].reduce((sum, n) => sum + n, 0),
        open_issues: by.get('open') ?? 0,
        in_progress_issues: by.get('in_progress') ?? 0,
        closed_issues: by.get('closed') ?? 0,
        blocked_issues: one(
          `SELECT count(*) AS n FROM issues WHERE issue_type NOT IN ${notWork} AND ${isUnfinished('status')} AND waits = 1`,
        ),
        deferred_issues: by.get('deferred') ?? 0,
        ready_issues: one(`SELECT count(*) AS n FROM issues i WHERE ${where}`, ...values),
        tombstone_issues: one('SELECT count(*) AS n FROM tombstones'),
        pinned_issues: by.get('pinned') ?? 0,
        epics_eligible_for_closure: one(
          `SELECT count(*) AS n FROM (SELECT i.id FROM issues i
           JOIN dependencies d ON d.depends_on_id = i.id AND d.type = 'parent-child' JOIN issues c ON c.id = d.issue_id
           WHERE i.issue_type = 'epic' AND i.status <> 'closed' GROUP BY i.id HAVING count(*) = count(c.closed_at))`,
        ),
        average_lead_time_hours:
          Math.round(
            100 *
              one(
                "SELECT avg((julianday(closed_at) - julianday(created_at)) * 24) AS n FROM issues WHERE status = 'closed' AND issue_type <> 'message'",
              ),
          ) / 100,
      }
    },
    /** What is held, and its holder was last heard of too long before this moment. */
    expired: (before: string) =>
      rows<Issue>(
        "SELECT * FROM issues WHERE status = 'in_progress' AND lease_expires_at < ? ORDER BY lease_expires_at, id",
        before,
      ),
    inHands: (below: string, label: string) =>
      rows<Issue>(
        `SELECT * FROM issues WHERE status IN ('in_progress', 'blocked') AND issue_type NOT IN ${notWork}
         AND (substr(assignee, 1, length(?)) = ?
         OR status = 'blocked' AND assignee IS NULL AND id IN (SELECT issue_id FROM labels WHERE label = ?))`,
        below,
        below,
        label,
      ),
    ids: () => rows<{ id: string }>('SELECT id FROM issues ORDER BY id').map(({ id }) => id),
  }
}

/** A filter as a condition on `issues i`, with what is bound to it and the order of the rows. */
function asked(filter: IssueFilter, now: string): { where: string; values: SQLInputValue[]; order: string } {
  const conditions: string[] = []
  const values: SQLInputValue[] = []
  const add = (condition: string, ...bound: SQLInputValue[]) => {
    conditions.push(condition)
    values.push(...bound)
  }
  const among = (column: string, of: readonly string[] | undefined) => {
    if (of !== undefined) add(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(of))
  }
  const like = (column: string, text: string | undefined) => {
    if (text !== undefined) add(`instr(lower(${column}), lower(?)) > 0`, text)
  }
  const bears = 'SELECT 1 FROM labels l WHERE l.issue_id = i.id'
  if (filter.ready) {
    // As the index has it, word for word.
    add(`${mayStart('i.')} AND i.waits = 0`)
    if (filter.types === undefined) add(`i.issue_type NOT IN ${notWork} AND i.ephemeral = 0`)
    add('(i.defer_until IS NULL OR i.defer_until <= ?)', now)
    add(
      `NOT EXISTS (SELECT 1 FROM dependencies d JOIN issues p ON p.id = d.depends_on_id
       WHERE d.issue_id = i.id AND d.type = 'parent-child'
       AND (p.defer_until > ? OR p.status = 'deferred' AND p.defer_until IS NULL))`,
      now,
    )
  } else if (filter.status) among('i.status', filter.status)
  else if (!filter.all) add("i.status <> 'closed'")
  if (filter.notStatus?.length)
    add('i.status NOT IN (SELECT value FROM json_each(?))', JSON.stringify(filter.notStatus))
  if (filter.blocked) add(`i.waits = 1 AND ${isUnfinished('i.status')}`)
  among('i.id', filter.ids)
  if (filter.types) among('i.issue_type', filter.types)
  else if (filter.ids === undefined) add("i.issue_type <> 'message'")
  if (filter.notTypes?.length)
    add('i.issue_type NOT IN (SELECT value FROM json_each(?))', JSON.stringify(filter.notTypes))
  if (filter.assignee !== undefined) add('i.assignee = ?', filter.assignee)
  if (filter.unassigned) add('i.assignee IS NULL')
  if (filter.priority !== undefined) add('i.priority = ?', filter.priority)
  if (filter.priorityMin !== undefined) add('i.priority >= ?', filter.priorityMin)
  if (filter.priorityMax !== undefined) add('i.priority <= ?', filter.priorityMax)
  for (const label of filter.labels ?? []) add(`EXISTS (${bears} AND l.label = ?)`, label)
  if (filter.labelsAny?.length)
    add(`EXISTS (${bears} AND l.label IN (SELECT value FROM json_each(?)))`, JSON.stringify(filter.labelsAny))
  if (filter.notLabels?.length)
    add(`NOT EXISTS (${bears} AND l.label IN (SELECT value FROM json_each(?)))`, JSON.stringify(filter.notLabels))
  if (filter.noLabels) add(`NOT EXISTS (${bears})`)
  if (filter.parent !== undefined) add(`i.id IN (${under} SELECT id FROM under)`, filter.parent)
  if (filter.partOf !== undefined)
    add("i.id IN (SELECT issue_id FROM dependencies WHERE depends_on_id = ? AND type = 'parent-child')", filter.partOf)
  if (filter.noParent)
    add("NOT EXISTS (SELECT 1 FROM dependencies d WHERE d.issue_id = i.id AND d.type = 'parent-child')")
  if (filter.title !== undefined) like('i.title', filter.title)
  like('i.title', filter.titleContains)
  like('i.description', filter.descriptionContains)
  like('i.notes', filter.notesContains)
  if (filter.emptyDescription) add("trim(i.description) = ''")
  if (filter.text !== undefined)
    add(
      '(instr(lower(i.title), lower(?)) > 0 OR instr(lower(i.description), lower(?)) > 0 OR instr(lower(i.id), lower(?)) > 0)',
      filter.text,
      filter.text,
      filter.text,
    )
  for (const [column, after, before] of [
    ['created_at', filter.createdAfter, filter.createdBefore],
    ['updated_at', filter.updatedAfter, filter.updatedBefore],
    ['closed_at', filter.closedAfter, filter.closedBefore],
  ] as const) {
    if (after !== undefined) add(`i.${column} > ?`, after)
    if (before !== undefined) add(`i.${column} < ?`, before)
  }
  for (const [field, value] of Object.entries(filter.metadata ?? {})) {
    if (!/^[\w.-]+$/.test(field)) throw new BeadsError(`"${field}" is no metadata field`)
    add('CAST(json_extract(i.metadata, ?) AS TEXT) = ?', `$."${field}"`, value)
  }
  let order = filter.sort === undefined ? usual : orders[filter.sort]
  if (filter.reverse) order = turned(order)
  if (filter.sort === 'hybrid') {
    const young = new Date(Date.parse(now) - youngMs).toISOString()
    values.push(young, young)
  }
  return { where: conditions.length > 0 ? conditions.join(' AND ') : 'true', values, order }
}

/** The other way round; no expression in an order has a comma within two parentheses but those of `hybrid`. */
const turned = (order: string) =>
  order
    .split(/, (?![^(]*\))/)
    .map((each) => (each.endsWith(' DESC') ? each.slice(0, -5) : `${each} DESC`))
    .join(', ')
