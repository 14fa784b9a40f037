// The embedded issue store, shared by `bd` and the daemon. The database is the truth, `issues.jsonl` an export.
// (spec: Beads)
// Never: imports anything slow: `bd` is called by agents all day.

import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { whereabouts } from '../../machines/address.ts'
import { inTransaction } from '../transaction.ts'
import {
  BeadsError,
  type Dependency,
  type Issue,
  type IssueFilter,
  type NewIssue,
  type NewMessage,
  type Opening,
  type ReadyFilter,
  type TownIssues,
} from './contract.ts'
import { fileIn, openFile } from './file.ts'
import { freeId } from './ids.ts'
import { admitted, checkId, checkLabel } from './limits.ts'
import { notWork, partsIn, unfinishedStatuses } from './parts.ts'

const notMade = 'mail is sent, not made here: gt mail send <address> -s "…" -m "…"'
/** An issue waits while something it depends on by `blocks`, or a parent's, is not closed. */
const blocked = `WITH RECURSIVE blocked(id) AS (
  SELECT d.issue_id FROM dependencies d JOIN issues b ON b.id = d.depends_on_id WHERE d.type = 'blocks' AND b.status IN ${unfinishedStatuses}
  UNION SELECT d.issue_id FROM dependencies d JOIN blocked ON blocked.id = d.depends_on_id WHERE d.type = 'parent-child')`
const under = `WITH RECURSIVE under(id) AS (
  SELECT issue_id FROM dependencies WHERE depends_on_id = ? AND type = 'parent-child'
  UNION SELECT d.issue_id FROM dependencies d JOIN under ON under.id = d.depends_on_id WHERE d.type = 'parent-child')`

/** How far a store has come; an older copy of it has come less far. */
export interface Mark {
  issues: number
  events: number | null
}

export type Beads = ReturnType<typeof openBeads>

/**
 * Opens the store in a folder, a town's when `expect` is given. Throws a BeadsError with words when there is none, it is
 * damaged, newer or somebody else's; the file stays as it is.
 */
export function openBeads(dir: string, options: Opening = {}) {
  const now = options.now ?? (() => new Date())
  const path = options.file ?? fileIn(dir)
  const db = openFile(path, options)
  const statements = new Map<string, StatementSync>()
  const sql = (text: string) => {
    let statement = statements.get(text)
    if (!statement) {
      statement = db.prepare(text)
      statements.set(text, statement)
    }
    return statement
  }
  const rows = <T>(text: string, ...values: SQLInputValue[]) => sql(text).all(...values) as T[]
  const row = <T>(text: string, ...values: SQLInputValue[]) => sql(text).get(...values) as T | undefined
  const run = (text: string, ...values: SQLInputValue[]) => Number(sql(text).run(...values).changes)
  const written = <T>(work: () => T): T => inTransaction(db, work)
  const event = (id: string, kind: string, actor: string, detail: string | null = null) =>
    run(
      'INSERT INTO events (issue_id, event_type, actor, detail, created_at) VALUES (?, ?, ?, ?, ?)',
      id,
      kind,
      actor,
      detail,
      now().toISOString(),
    )

  const beads = {
    /** The database. */
    path,
    close: () => db.close(),
    config: (key: string) => row<{ value: string }>('SELECT value FROM config WHERE key = ?', key)?.value,
    setConfig: (key: string, value: string) =>
      void run('INSERT OR REPLACE INTO config (key, value) VALUES (?, ?)', key, value),
    /** How far it has come: neither number ever falls. */
    mark: () =>
      row<Mark>('SELECT (SELECT count(*) FROM issues) AS issues, (SELECT max(id) FROM events) AS events') as Mark,
    /** Writes all of it to a new file at `path`, also when its own file has been deleted. */
    saveTo: (path: string) => void run('VACUUM INTO ?', path),
    /** In words what is wrong with what the file holds; undefined when nothing is. */
    damage: () => {
      const found = row<{ quick_check: string }>('PRAGMA quick_check(1)')?.quick_check
      return found === 'ok' ? undefined : (found?.split('\n').at(-1) ?? 'it cannot be read')
    },
    /** Changes when another connection has committed. */
    dataVersion: () => (row<{ data_version: number }>('PRAGMA data_version') as { data_version: number }).data_version,

    get: (id: string) => row<Issue>('SELECT * FROM issues WHERE id = ?', id),

    /** The id meant by an id or a unique part of one. */
    resolve(input: string): string {
      const prefix = beads.config('issue_prefix') ?? ''
      for (const exact of [input, `${prefix}-${input}`]) if (beads.get(exact)) return exact
      const some = rows<{ id: string }>(
        "SELECT id FROM issues WHERE instr(substr(id, instr(id, '-') + 1), ?) > 0 LIMIT 20",
        input,
      ).map((each) => each.id)
      if (some.length === 1) return some[0] as string
      if (some.length === 0) throw new BeadsError(`no issue found matching "${input}"`)
      throw new BeadsError(
        `ambiguous ID "${input}" matches ${some.length} issues: [${some.join(' ')}]\nUse more characters to disambiguate`,
      )
    },

    create(given: NewIssue, actor: string): Issue {
      const issue = admitted(given)
      if (issue.issue_type === 'message') throw new BeadsError(notMade)
      if (issue.id !== undefined) checkId(issue.id)
      return written(() => {
        const at = now().toISOString()
        const id = issue.id ?? (issue.parent ? childId(issue.parent) : fresh(issue, actor, at))
        if (beads.get(id)) throw new BeadsError(`issue ID already exists: ${id}`)
        run(
          'INSERT INTO issues (id, title, description, design, acceptance_criteria, notes, priority, issue_type, assignee, sender, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
          id,
          issue.title,
          issue.description ?? '',
          issue.design ?? '',
          issue.acceptance_criteria ?? '',
          issue.notes ?? '',
          issue.priority ?? 2,
          issue.issue_type ?? 'task',
          issue.assignee ?? null,
          issue.sender ?? null,
          at,
          at,
        )
        event(id, 'created', actor)
        for (const label of issue.labels ?? []) beads.addLabel(id, label)
        if (issue.parent) beads.addDep(id, issue.parent, 'parent-child', actor)
        for (const dep of issue.deps ?? []) beads.addDep(id, dep.id, dep.type, actor)
        return beads.get(id) as Issue
      })
    },

    /** Messages under ids of the sender's choosing, all or none; false for one that is there already. */
    createMessages(messages: readonly NewMessage[]): boolean[] {
      return written(() =>
        messages.map((message) => {
          const { id, title, description, priority, assignee, sender, labels } = message
          const at = message.at.toISOString()
          const made = run(
            "INSERT OR IGNORE INTO issues (id, title, description, priority, issue_type, assignee, sender, created_at, updated_at) VALUES (?, ?, ?, ?, 'message', ?, ?, ?, ?)",
            id,
            title,
            description,
            priority,
            assignee,
            sender,
            at,
            at,
          )
          if (made === 1) for (const label of labels) beads.addLabel(id, label)
          return made === 1
        }),
      )
    },

    update(
      id: string,
      changes: Partial<
        Pick<
          Issue,
          | 'title'
          | 'description'
          | 'design'
          | 'acceptance_criteria'
          | 'notes'
          | 'status'
          | 'priority'
          | 'issue_type'
          | 'assignee'
          | 'close_reason'
        >
      >,
      actor: string,
      why?: string,
    ): Issue {
      return written(() => {
        const before = beads.get(id)
        if (!before) throw new BeadsError(`issue ${id} not found`)
        if (changes.issue_type === 'message') throw new BeadsError(notMade)
        if (before.issue_type === 'message' && !(changes.status === 'closed' && actor === before.assignee))
          throw new BeadsError(`${id} is mail to ${before.assignee}, and stays as it was sent: gt mail read ${id}`)
        const isReopened = before.status === 'closed' && changes.status !== undefined && changes.status !== 'closed'
        // Who did it the first time does not hold it the second time.
        const isFreed = isReopened && whereabouts(before.assignee ?? '')?.role === 'polecat'
        const after = { ...before, ...(isFreed ? { assignee: null } : {}), ...admitted(changes) }
        const closed = after.status === 'closed' ? (before.closed_at ?? now().toISOString()) : null
        run(
          'UPDATE issues SET title = ?, description = ?, design = ?, acceptance_criteria = ?, notes = ?, status = ?, priority = ?, issue_type = ?, assignee = ?, closed_at = ?, close_reason = ?, updated_at = ? WHERE id = ?',
          after.title,
          after.description,
          after.design,
          after.acceptance_criteria,
          after.notes,
          after.status,
          after.priority,
          after.issue_type,
          after.assignee || null,
          closed,
          after.status === 'closed' ? after.close_reason : '',
          now().toISOString(),
          id,
        )
        event(
          id,
          changes.status === undefined
            ? 'updated'
            : changes.status === 'closed'
              ? 'closed'
              : isReopened
                ? 'reopened'
                : 'status_changed',
          actor,
          JSON.stringify(why === undefined ? changes : { ...changes, why }),
        )
        return beads.get(id) as Issue
      })
    },

    /** One holder an issue. `null`: claimed, also when this holder has it; else why not. */
    claim(
      id: string,
      holder: string,
      from: { previous?: string | null; alsoLabel?: string } = {},
    ): { held: string } | { unavailable: string } | null {
      return written(() => {
        const issue = beads.get(id)
        if (!issue) return { unavailable: `issue ${id} not found` }
        if (issue.issue_type === 'message') return { unavailable: 'it is mail' }
        if (issue.assignee && issue.assignee !== holder && issue.assignee !== from.previous)
          return { held: issue.assignee }
        // Also what its own worker called blocked before it handed it over all the same.
        const ours =
          ['in_progress', 'blocked'].includes(issue.status) &&
          issue.assignee !== null &&
          (issue.assignee === holder || issue.assignee === from.previous)
        const given =
          issue.status === 'blocked' && from.alsoLabel !== undefined && beads.labels(id).includes(from.alsoLabel)
        const saysDone = issue.status === 'closed' && from.previous != null && beads.closedBy(id) === from.previous
        if (issue.status !== 'open' && !ours && !given && !saysDone) return { unavailable: `status ${issue.status}` }
        if (from.alsoLabel) run('DELETE FROM labels WHERE issue_id = ? AND label = ?', id, from.alsoLabel)
        run(
          "UPDATE issues SET status = 'in_progress', assignee = ?, closed_at = NULL, close_reason = '', updated_at = ? WHERE id = ?",
          holder,
          now().toISOString(),
          id,
        )
        event(id, 'claimed', holder)
        return null
      })
    },

    /** The first of what is ready and nobody's: of many who ask at once, one gets it. Undefined when there is none. */
    claimReady(filter: ReadyFilter, holder: string): Issue | undefined {
      return written(() => {
        const [first] = beads.ready({ ...filter, unassigned: true, limit: 1 })
        if (!first) return undefined
        const refused = beads.claim(first.id, holder)
        if (refused) throw new Error(`${first.id} is ready and cannot be claimed: ${JSON.stringify(refused)}`)
        return beads.get(first.id)
      })
    },

    closeIssue(id: string, reason: string, actor: string, force = false): Issue {
      return written(() => {
        const waits = force
          ? []
          : rows<{ id: string }>(
              "SELECT b.id FROM dependencies d JOIN issues b ON b.id = d.depends_on_id WHERE d.issue_id = ? AND d.type = 'blocks' AND b.status <> 'closed'",
              id,
            )
        if (waits.length > 0)
          throw new BeadsError(
            `cannot close ${id}: blocked by open issues [${waits.map((each) => each.id).join(' ')}] (use --force to override)`,
          )
        const open = force
          ? []
          : rows<{ id: string }>(
              `${under} SELECT i.id FROM issues i JOIN under ON under.id = i.id WHERE i.status <> 'closed'`,
              id,
            )
        if (open.length > 0)
          throw new BeadsError(
            `cannot close ${id}: it has open children [${open.map((each) => each.id).join(' ')}] (use --force to override)`,
          )
        return beads.update(id, { status: 'closed', close_reason: reason }, actor)
      })
    },

    closedBy: (id: string) =>
      row<{ actor: string }>(
        "SELECT actor FROM events WHERE issue_id = ? AND event_type = 'closed' ORDER BY id DESC LIMIT 1",
        id,
      )?.actor ?? null,

    labels: (id: string) =>
      rows<{ label: string }>('SELECT label FROM labels WHERE issue_id = ? ORDER BY label', id).map(
        (each) => each.label,
      ),
    addLabel: (id: string, label: string) =>
      void written(() => run('INSERT OR IGNORE INTO labels VALUES (?, ?)', id, checkLabel(label))),
    dependencies: (id: string) =>
      rows<Dependency>('SELECT * FROM dependencies WHERE issue_id = ? ORDER BY depends_on_id', id),
    dependents: (id: string) =>
      rows<Dependency>('SELECT * FROM dependencies WHERE depends_on_id = ? ORDER BY issue_id', id),

    addDep(id: string, on: string, type: string, actor: string): void {
      if (id === on) throw new BeadsError('issue cannot depend on itself')
      if (type.length === 0 || type.length > 50) throw new BeadsError(`invalid dependency type "${type}"`)
      written(() => {
        if (!beads.get(id)) throw new BeadsError(`issue ${id} not found`)
        noMail(id)
        if (!beads.get(on)) throw new BeadsError(`dependency target ${on} not found`)
        const circle = row<{ id: string }>(
          `WITH RECURSIVE reach(id) AS (SELECT ? UNION SELECT d.depends_on_id FROM dependencies d JOIN reach ON reach.id = d.issue_id WHERE d.type <> 'relates-to') SELECT id FROM reach WHERE id = ?`,
          on,
          id,
        )
        if (circle && type !== 'relates-to')
          throw new BeadsError(`cannot add dependency: would create a cycle (${id} → ${on} → ... → ${id})`)
        const edge = row<{ type: string }>(
          'SELECT type FROM dependencies WHERE issue_id = ? AND depends_on_id = ?',
          id,
          on,
        )
        if (edge?.type === 'parent-child' && type !== 'parent-child')
          throw new BeadsError(`${id} is part of ${on} already, and cannot depend on it`)
        run('INSERT OR REPLACE INTO dependencies VALUES (?, ?, ?, ?, ?)', id, on, type, now().toISOString(), actor)
        run('UPDATE issues SET updated_at = ? WHERE id = ?', now().toISOString(), id)
        event(id, 'dependency_added', actor, `${type}:${on}`)
      })
    },
    removeDep(id: string, on: string, actor: string): void {
      written(() => {
        noMail(id)
        if (run('DELETE FROM dependencies WHERE issue_id = ? AND depends_on_id = ?', id, on) === 0)
          throw new BeadsError(`dependency from ${id} to ${on} does not exist`)
        event(id, 'dependency_removed', actor, on)
      })
    },

    /** Every issue under an epic, all levels. */
    children: (id: string) =>
      rows<Issue>(
        `${under} SELECT i.* FROM issues i JOIN under ON under.id = i.id ORDER BY i.priority, i.created_at, i.id`,
        id,
      ),
    inHands: (below: string, label: string) =>
      rows<Issue>(
        `SELECT * FROM issues WHERE status IN ('in_progress', 'blocked') AND issue_type NOT IN ${notWork} AND (substr(assignee, 1, length(?)) = ?
         OR status = 'blocked' AND assignee IS NULL AND id IN (SELECT issue_id FROM labels WHERE label = ?))`,
        below,
        below,
        label,
      ),
    ...partsIn(rows),
    parentOf: (id: string) =>
      row<{ depends_on_id: string }>(
        "SELECT depends_on_id FROM dependencies WHERE issue_id = ? AND type = 'parent-child'",
        id,
      )?.depends_on_id ?? null,

    waitsFor: (id: string) =>
      rows<{ id: string }>(
        `WITH RECURSIVE up(id) AS (
           SELECT ? UNION
           SELECT d.depends_on_id FROM dependencies d JOIN up ON d.issue_id = up.id WHERE d.type = 'parent-child')
         SELECT DISTINCT d.depends_on_id AS id FROM up JOIN dependencies d ON d.issue_id = up.id
         WHERE d.type = 'blocks'`,
        id,
      ).map((each) => each.id),

    /** Open, unblocked work; by priority, then age. */
    ready(filter: ReadyFilter = {}): Issue[] {
      const scope = filter.parent === undefined ? null : new Set(beads.children(filter.parent).map((issue) => issue.id))
      return rows<Issue>(
        `${blocked} SELECT * FROM issues WHERE status = 'open' AND issue_type NOT IN ${notWork} AND id NOT IN (SELECT id FROM blocked) ORDER BY priority, created_at, id`,
      )
        .filter(
          (issue) =>
            (scope === null || scope.has(issue.id)) &&
            (!filter.unassigned || issue.assignee === null) &&
            (filter.assignee === undefined || issue.assignee === filter.assignee) &&
            (filter.type === undefined || issue.issue_type === filter.type) &&
            (filter.priority === undefined || issue.priority === filter.priority) &&
            bears(issue, filter.labels),
        )
        .slice(0, filter.limit ?? Number.POSITIVE_INFINITY)
    },
    /** The open issues an issue waits for, its parents' included. */
    blockers: (id: string) =>
      rows<Issue>(
        `WITH RECURSIVE up(id) AS (SELECT ? UNION SELECT d.depends_on_id FROM dependencies d JOIN up ON up.id = d.issue_id WHERE d.type = 'parent-child')
         SELECT DISTINCT b.* FROM up JOIN dependencies d ON d.issue_id = up.id JOIN issues b ON b.id = d.depends_on_id WHERE d.type = 'blocks' AND b.status <> 'closed' ORDER BY b.id`,
        id,
      ),

    list(filter: IssueFilter = {}): Issue[] {
      const scope = filter.parent === undefined ? null : new Set(beads.children(filter.parent).map((issue) => issue.id))
      return rows<Issue>('SELECT * FROM issues ORDER BY priority, created_at DESC, id')
        .filter(
          (issue) =>
            (filter.status ? filter.status.includes(issue.status) : filter.all || issue.status !== 'closed') &&
            (filter.type ? issue.issue_type === filter.type : issue.issue_type !== 'message') &&
            (filter.assignee === undefined || issue.assignee === filter.assignee) &&
            (filter.priority === undefined || issue.priority === filter.priority) &&
            (scope === null || scope.has(issue.id)) &&
            bears(issue, filter.labels),
        )
        .slice(0, filter.limit || Number.POSITIVE_INFINITY)
    },
    /** Open messages, to somebody or to all, with their labels, the most urgent first, then the newest. */
    inbox: (to?: string) =>
      sql(
        `SELECT i.*, (SELECT group_concat(label, char(10)) FROM labels WHERE issue_id = i.id) AS labels FROM issues i
         WHERE issue_type = 'message' AND status = 'open' ${to === undefined ? '' : 'AND assignee = ?'} ORDER BY priority, created_at DESC, id`,
      ).iterate(...(to === undefined ? [] : [to])) as Iterable<unknown> as Iterable<Issue & { labels: string | null }>,
    inboxLength: (to: string) =>
      row<{ n: number }>(
        "SELECT count(*) AS n FROM issues WHERE issue_type = 'message' AND status = 'open' AND assignee = ?",
        to,
      )?.n ?? 0,
    ids: () => rows<{ id: string }>('SELECT id FROM issues ORDER BY id').map(({ id }) => id),
    /** Writes an issue as it is, from an import; older news changes nothing. Returns what became of it. */
    put(given: Issue, labels: readonly string[], deps: readonly Dependency[]): 'created' | 'updated' | 'skipped' {
      const issue = admitted(given)
      checkId(issue.id)
      return written(() => {
        const known = beads.get(issue.id)
        if (known?.issue_type === 'message') throw new BeadsError(`${issue.id} is mail here, and stays as it was sent`)
        if (known && known.updated_at >= issue.updated_at) return 'skipped'
        run(
          `INSERT INTO issues (id, title, description, design, acceptance_criteria, notes, status, priority, issue_type, assignee, created_at, updated_at, closed_at, close_reason, external_ref, sender)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET title = excluded.title, description = excluded.description, design = excluded.design,
           acceptance_criteria = excluded.acceptance_criteria, notes = excluded.notes, status = excluded.status, priority = excluded.priority, issue_type = excluded.issue_type, assignee = excluded.assignee,
           updated_at = excluded.updated_at, closed_at = excluded.closed_at, close_reason = excluded.close_reason, external_ref = excluded.external_ref, sender = excluded.sender`,
          issue.id,
          issue.title,
          issue.description,
          issue.design,
          issue.acceptance_criteria,
          issue.notes,
          issue.status,
          issue.priority,
          issue.issue_type,
          issue.assignee,
          issue.created_at,
          issue.updated_at,
          issue.status === 'closed' ? (issue.closed_at ?? issue.updated_at) : null,
          issue.close_reason,
          issue.external_ref,
          issue.sender,
        )
        for (const label of labels) beads.addLabel(issue.id, label)
        for (const dep of deps)
          run(
            'INSERT OR IGNORE INTO dependencies VALUES (?, ?, ?, ?, ?)',
            issue.id,
            dep.depends_on_id,
            dep.type,
            dep.created_at,
            dep.created_by,
          )
        return known ? 'updated' : 'created'
      })
    },
    written,
  } satisfies TownIssues & Record<string, unknown>

  function fresh({ title, description = '' }: NewIssue, creator: string, at: string): string {
    const prefix = beads.config('issue_prefix')
    if (!prefix) throw new BeadsError('this database has no issue_prefix; run `bd init --prefix <prefix>`')
    const { n } = row<{ n: number }>("SELECT count(*) AS n FROM issues WHERE id NOT LIKE '%.%'") as { n: number }
    const content = { title, description, creator, createdAtNs: BigInt(Date.parse(at)) * 1_000_000n }
    return freeId(prefix, content, n, (id) => beads.get(id) !== undefined)
  }

  function childId(parent: string): string {
    if (!beads.get(parent)) throw new BeadsError(`parent issue ${parent} not found`)
    if (parent.split('.').length > 3) throw new BeadsError(`maximum hierarchy depth (3) exceeded for parent ${parent}`)
    const last =
      row<{ last_child: number }>('SELECT last_child FROM child_counters WHERE parent_id = ?', parent)?.last_child ?? 0
    const known = rows<{ id: string }>("SELECT id FROM issues WHERE id LIKE ? || '.%'", parent).map(
      (each) => Number.parseInt(each.id.slice(parent.length + 1), 10) || 0,
    )
    const next = Math.max(last, ...known) + 1
    run('INSERT OR REPLACE INTO child_counters VALUES (?, ?)', parent, next)
    return `${parent}.${next}`
  }

  function noMail(id: string): void {
    if (beads.get(id)?.issue_type === 'message') throw new BeadsError(`${id} is mail, and stays as it was sent`)
  }

  function bears(issue: Issue, labels: readonly string[] = []): boolean {
    const own = labels.length === 0 ? [] : beads.labels(issue.id)
    return labels.every((label) => own.includes(label))
  }

  return beads
}
