// The embedded issue store, shared by `bd` and the daemon. The database is the truth, `issues.jsonl` an export.
// (spec: Beads)
// Never: imports anything slow: `bd` is called by agents all day.

import { statSync } from 'node:fs'
import { whereabouts } from '../../machines/address.ts'
import { claimsIn, free } from './claims.ts'
import { commentsIn } from './comments.ts'
import {
  BeadsError,
  type Changes,
  type Comment,
  type Dependency,
  type Issue,
  type NewIssue,
  type Opening,
  type TownIssues,
} from './contract.ts'
import { deletionIn } from './deletion.ts'
import { edgesIn, under } from './edges.ts'
import { feedIn } from './feed.ts'
import { fileIn, openFile } from './file.ts'
import { freeId } from './ids.ts'
import { labelsIn } from './labels.ts'
import { admitted, type Custom, checkId } from './limits.ts'
import { memoriesIn } from './memories.ts'
import { messagesIn } from './messages.ts'
import { atOnce, isUnfinished, partsIn } from './parts.ts'
import { queriesIn } from './queries.ts'
import { renamingIn } from './renaming.ts'
import type { Room } from './room.ts'
import { rowsOf } from './rows.ts'

/** Read in less than a millisecond. */
const logBytesMax = 1_048_576
/** So few are kept track of one by one. */
const manyMin = 1000
const notMade = 'mail is sent, not made here: gt mail send <address> -s "…" -m "…"'
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
  const asked = rowsOf(db, now)
  const { rows, row, run, written, event, at, since } = asked

  const get = (id: string) => row<Issue>('SELECT * FROM issues WHERE id = ?', id)
  const mustBeWork = (id: string): Issue => {
    const issue = get(id)
    if (!issue) throw new BeadsError(`issue ${id} not found`)
    if (issue.issue_type === 'message') throw new BeadsError(`${id} is mail, and stays as it was sent`)
    return issue
  }
  const room: Room = { ...asked, get, mustBeWork }
  const config = (key: string) => row<{ value: string }>('SELECT value FROM config WHERE key = ?', key)?.value
  const custom = (): Custom => {
    const words = (key: string) => (config(key) ?? '').split(',').map((each) => each.trim().split(':')[0] ?? '')
    return { types: words('types.custom'), statuses: words('status.custom') }
  }
  /** Mail of a town is its daemon's to write. */
  const isTowns = () => config('identity') !== undefined

  const closedBy = (id: string) =>
    row<{ actor: string }>(
      "SELECT actor FROM events WHERE issue_id = ? AND event_type = 'closed' ORDER BY id DESC LIMIT 1",
      id,
    )?.actor ?? null

  const queries = queriesIn(room)
  const labelled = labelsIn(room)
  const beads = {
    /** The database. */
    path,
    close: () => db.close(),
    /** For who ends without closing: so, now and then, the log of writes does not grow long, which the next must read. */
    settle(): void {
      if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax) db.close()
    },
    config,
    setConfig: (key: string, value: string) =>
      void run('INSERT OR REPLACE INTO config (key, value) VALUES (?, ?)', key, value),
    unsetConfig: (key: string) => run('DELETE FROM config WHERE key = ?', key) > 0,
    configs: () => rows<{ key: string; value: string }>('SELECT key, value FROM config ORDER BY key'),
    /** How far it has come: neither number ever falls. */
    mark: () =>
      row<Mark>(
        `SELECT (SELECT count(*) FROM issues) + (SELECT count(*) FROM tombstones) + (SELECT count(*) FROM archived) AS issues,
         (SELECT max(id) FROM events) AS events`,
      ) as Mark,
    /** Writes all of it to a new file at `path`, also when its own file has been deleted. */
    saveTo: (path: string) => void run('VACUUM INTO ?', path),
    /** In words what is wrong with what the file holds; undefined when nothing is. */
    damage: () => {
      const found = row<{ quick_check: string }>('PRAGMA quick_check(1)')?.quick_check
      return found === 'ok' ? undefined : (found?.split('\n').at(-1) ?? 'it cannot be read')
    },
    /** Changes when another connection has committed. */
    dataVersion: () => (row<{ data_version: number }>('PRAGMA data_version') as { data_version: number }).data_version,
    isTowns,
    custom,

    get,
    ...edgesIn(room),
    ...labelled,
    ...commentsIn(room),
    ...memoriesIn(asked),
    ...deletionIn(room),
    ...queries,
    ...messagesIn(room, labelled.addLabel),
    ...claimsIn({ ...room, set, now }, { closedBy, labels: labelled.labels, ready: queries.ready }),
    ...partsIn(asked),
    ...renamingIn(asked),
    ...feedIn(asked),

    /** The id meant by an id or a unique part of one. */
    resolve(input: string): string {
      const prefix = config('issue_prefix') ?? ''
      for (const exact of [input, `${prefix}-${input}`]) if (get(exact)) return exact
      // `wyv-4k` is a part of what follows the prefix, as `4k` is.
      const part = input.startsWith(`${prefix}-`) ? input.slice(prefix.length + 1) : input
      const some =
        part === ''
          ? []
          : rows<{ id: string }>(
              "SELECT id FROM issues WHERE instr(substr(id, instr(id, '-') + 1), ?) > 0 LIMIT 20",
              part,
            ).map((each) => each.id)
      if (some.length === 1) return some[0] as string
      if (some.length === 0) throw new BeadsError(`no issue found matching "${input}"`)
      throw new BeadsError(
        `ambiguous ID "${input}" matches ${some.length} issues: [${some.join(' ')}]\nUse more characters to disambiguate`,
      )
    },

    create(given: NewIssue, actor: string): Issue {
      const issue = admitted(given, custom())
      if (issue.issue_type === 'message' && isTowns()) throw new BeadsError(notMade)
      if (issue.id !== undefined) checkId(issue.id)
      return written(() => {
        const when = at()
        const id = issue.id ?? (issue.parent ? childId(issue.parent) : fresh(issue, actor, when))
        if (get(id)) throw new BeadsError(`issue ID already exists: ${id}`)
        if (beads.tombstone(id)) throw new BeadsError(`${id} was deleted, and its id is not given again`)
        const status = issue.status ?? (issue.defer_until ? 'deferred' : 'open')
        insert({
          created_by: actor,
          ...issue,
          ...{ id, status, assignee: issue.assignee || null, created_at: when, updated_at: when },
          ...{ sender: issue.sender ?? null, closed_at: status === 'closed' ? when : null },
        })
        event(id, 'created', actor)
        for (const label of issue.labels ?? []) beads.addLabel(id, label)
        if (issue.parent) edge(id, issue.parent, 'parent-child', actor)
        for (const dep of issue.deps ?? []) edge(id, dep.id, dep.type, actor)
        return get(id) as Issue
      })
    },

    update(id: string, changes: Changes, actor: string, why?: string): Issue {
      return written(() => {
        const before = get(id)
        if (!before) throw new BeadsError(`issue ${id} not found`)
        if (changes.issue_type === 'message') throw new BeadsError(notMade)
        if (before.issue_type === 'message' && !(isClosing(changes) && isReader(before, actor)))
          throw new BeadsError(`${id} is mail to ${before.assignee}, and stays as it was sent: gt mail read ${id}`)
        const isReopened = before.status === 'closed' && changes.status !== undefined && changes.status !== 'closed'
        const isClosed = changes.status === 'closed'
        // Who did it the first time does not hold it the second time.
        const isFreed = isReopened && whereabouts(before.assignee ?? '')?.role === 'polecat'
        const given = admitted(changes, custom())
        const after = {
          ...(isFreed ? { assignee: null } : {}),
          ...given,
          ...(given.assignee === '' ? { assignee: null } : {}),
          ...(isClosed ? { closed_at: before.closed_at ?? at() } : {}),
          ...(changes.status !== undefined && !isClosed ? { closed_at: null, close_reason: '' } : {}),
          ...(changes.status === 'in_progress' && !before.started_at ? { started_at: at() } : {}),
          ...(changes.status !== undefined && changes.status !== 'in_progress' ? free : {}),
          updated_at: since(before.updated_at),
        }
        set(id, before.status === 'closed' || isClosed ? after : { ...after, close_reason: '' })
        event(
          id,
          changes.status === undefined ? 'updated' : isClosed ? 'closed' : isReopened ? 'reopened' : 'status_changed',
          actor,
          JSON.stringify(why === undefined ? changes : { ...changes, why }),
        )
        return get(id) as Issue
      })
    },

    /** In words, why an issue is not to be closed yet: it waits for something, or parts of it are open. */
    whyNotClose(id: string): string | undefined {
      const waits = rows<{ id: string }>(
        `SELECT b.id FROM dependencies d JOIN issues b ON b.id = d.depends_on_id WHERE d.issue_id = ? AND d.type = 'blocks' AND ${isUnfinished('b.status')}`,
        id,
      )
      if (waits.length > 0)
        return `cannot close ${id}: blocked by open issues [${waits.map((each) => each.id).join(' ')}] (use --force to override)`
      const open = rows<{ id: string }>(
        `${under} SELECT i.id FROM issues i JOIN under ON under.id = i.id WHERE i.status <> 'closed'`,
        id,
      )
      return open.length > 0
        ? `cannot close ${id}: ${open.length} open child issue(s) [${open.map((each) => each.id).join(' ')}]; close children first or use --force to override`
        : undefined
    },

    closeIssue(id: string, reason: string, actor: string, force = false): Issue {
      return written(() => {
        const why = force ? undefined : beads.whyNotClose(id)
        if (why !== undefined) throw new BeadsError(why)
        return beads.update(id, { status: 'closed', close_reason: reason }, actor)
      })
    },

    closedBy,

    /**
     * Writes an issue as it is, from an import, which notes it (`noted`); older news changes nothing. Returns what became
     * of it.
     */
    put(given: Whole): 'created' | 'updated' | 'skipped' {
      const fields = admitted(given, 'any')
      checkId(fields.id)
      return written(() => {
        const known = get(fields.id)
        if (known?.issue_type === 'message' && isTowns())
          throw new BeadsError(`${fields.id} is mail here, and stays as it was sent`)
        if (known && known.updated_at >= fields.updated_at) return 'skipped'
        const stone = beads.tombstone(fields.id)
        if (stone && stone.deleted_at >= fields.updated_at) return 'skipped'
        if (stone) run('DELETE FROM tombstones WHERE id = ?', fields.id)
        const closed = fields.status === 'closed' ? (fields.closed_at ?? fields.updated_at) : null
        // In a town only its daemon says who sent something.
        const kept = { ...fields, closed_at: closed, sender: isTowns() ? null : fields.sender }
        if (known) set(fields.id, kept)
        else insert(kept)
        for (const label of fields.labels) beads.addLabel(fields.id, label)
        for (const dep of fields.dependencies)
          run(
            'INSERT OR IGNORE INTO dependencies (issue_id, depends_on_id, type, created_at, created_by, extra) VALUES (?, ?, ?, ?, ?, ?)',
            ...[fields.id, dep.depends_on_id, dep.type, dep.created_at, dep.created_by, dep.extra ?? null],
          )
        for (const said of fields.comments)
          run(
            'INSERT OR IGNORE INTO comments (id, issue_id, author, text, created_at, extra) VALUES (?, ?, ?, ?, ?, ?)',
            ...[said.id, fields.id, said.author, said.text, said.created_at, said.extra ?? null],
          )
        return known ? 'updated' : 'created'
      })
    },
    /** The same change of many. */
    noted: (ids: readonly string[], kind: string, actor: string) =>
      void run(
        'INSERT INTO events (issue_id, event_type, actor, created_at) SELECT value, ?, ?, ? FROM json_each(?)',
        ...[kind, actor, at(), JSON.stringify(ids)],
      ),
    written,
    /** About so many writes, all or nothing. */
    writtenMany<T>(count: number, work: () => T): T {
      const issues = row<{ n: number }>('SELECT max(rowid) AS n FROM issues')?.n ?? 0
      return written(() => (count > manyMin && 4 * count > issues ? atOnce(asked, work) : work()))
    },
    /** For what works on its rows as they are (`sync/`). */
    room,
  } satisfies TownIssues & Record<string, unknown>

  function insert(issue: Partial<Issue>): void {
    run(insertion, ...columns.map((column) => issue[column] ?? blank[column] ?? null))
  }
  function set(id: string, fields: Partial<Issue>): void {
    const known = columns.filter((column) => column !== 'id' && fields[column] !== undefined)
    run(
      `UPDATE issues SET ${known.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
      ...known.map((column) => fields[column] ?? null),
      id,
    )
  }

  /** As `bd create --deps` means it: what does not hang together with this one is no reason to make half of it. */
  const edge = (id: string, on: string, type: string, actor: string) => beads.addDep(id, on, type, actor)
  /** And nothing else. */
  const isClosing = (changes: Changes) =>
    changes.status === 'closed' && Object.keys(changes).every((field) => ['status', 'close_reason'].includes(field))
  const isReader = ({ assignee }: Issue, actor: string) => actor === assignee || !isTowns()

  function fresh({ title, description = '' }: NewIssue, creator: string, when: string): string {
    const prefix = config('issue_prefix')
    if (!prefix) throw new BeadsError('this database has no issue_prefix; run `bd init --prefix <prefix>`')
    // As many as there are, or some more: they need not be counted.
    const n = row<{ n: number | null }>('SELECT max(rowid) AS n FROM issues')?.n ?? 0
    const content = { title, description, creator, createdAt: when }
    return freeId(prefix, content, n, (id) => get(id) !== undefined || beads.tombstone(id) !== undefined)
  }

  function childId(parent: string): string {
    if (!get(parent)) throw new BeadsError(`parent issue ${parent} not found`)
    const prefix = config('issue_prefix') ?? ''
    const depth = (parent.startsWith(`${prefix}-`) ? parent.slice(prefix.length) : parent).split('.').length
    if (depth > 3) throw new BeadsError(`maximum hierarchy depth (3) exceeded for parent ${parent}`)
    const last =
      row<{ last_child: number }>('SELECT last_child FROM child_counters WHERE parent_id = ?', parent)?.last_child ?? 0
    const known = rows<{ id: string }>(
      "SELECT id FROM issues WHERE id >= ? || '.' AND id < ? || '/' UNION SELECT id FROM tombstones WHERE id >= ? || '.' AND id < ? || '/'",
      ...[parent, parent, parent, parent],
    ).map((each) => Number.parseInt(each.id.slice(parent.length + 1), 10) || 0)
    const next = Math.max(last, ...known) + 1
    run('INSERT OR REPLACE INTO child_counters VALUES (?, ?)', parent, next)
    return `${parent}.${next}`
  }

  return beads
}

/** An issue with all that belongs to it. */
export interface Whole extends Issue {
  labels: readonly string[]
  dependencies: readonly Dependency[]
  comments: readonly Comment[]
}

export const columns = [
  ...([
    'id',
    'title',
    'description',
    'design',
    'acceptance_criteria',
    'notes',
    'status',
    'priority',
    'issue_type',
  ] as const),
  ...(['assignee', 'created_at', 'updated_at', 'closed_at', 'close_reason', 'external_ref', 'sender'] as const),
  ...([
    'estimated_minutes',
    'created_by',
    'started_at',
    'due_at',
    'defer_until',
    'heartbeat_at',
    'lease_expires_at',
  ] as const),
  ...(['claimed_epoch', 'ephemeral', 'metadata', 'extra'] as const),
] as const satisfies readonly (keyof Issue)[]

const insertion = `INSERT INTO issues (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
/** What an issue has of which nothing is said, where that is not null. */
const blank: Partial<Issue> = {
  ...{ description: '', design: '', acceptance_criteria: '', notes: '', status: 'open', priority: 2 },
  ...{ issue_type: 'task', close_reason: '', ephemeral: 0 },
}
