// The parts of epics: where each piece of work under something stands, kept by the database itself, so that what is
// next, whether all is done and how far it is can be asked without reading the whole epic.
// Never: written but by its triggers, whoever writes the issues.
import type { Progress, Standing, Startable, Wanted } from './contract.ts'
import type { Rows } from './rows.ts'

/** Who closes what has landed, and how its reason begins. */
export const town = 'gastown'
export const landedAs = 'Landed as '

/** Types that are kept as issues and are nobody's work. */
export const notWork = "('message', 'merge-request', 'gate', 'molecule')"
/** What the third version of the tables took for work that is not done. */
const unfinishedThen = "b.status IN ('open', 'in_progress', 'blocked', 'deferred')"
/** Whether an issue in this status keeps another from starting: also in one that only its project knows. */
export const isUnfinished = (status: string) => `${status} NOT IN ('closed', 'pinned')`
/** The same of one that was read. */
export const isUnfinishedStatus = (status: string): boolean => status !== 'closed' && status !== 'pinned'

/** Whether its status lets it start, at a moment that is asked for beside it: what is deferred to a day has one. */
export const mayStart = (issue: string) =>
  `(${issue}status = 'open' OR ${issue}status = 'deferred' AND ${issue}defer_until IS NOT NULL)`

/** What an issue itself waits for by `blocks`. */
const waits = (issue: string, unfinished = isUnfinished('b.status')) => `EXISTS (
  SELECT 1 FROM dependencies w JOIN issues b ON b.id = w.depends_on_id
  WHERE w.issue_id = ${issue} AND w.type = 'blocks' AND ${unfinished})`
const waiters = (blocker: string) =>
  `SELECT issue_id FROM dependencies WHERE depends_on_id = ${blocker} AND type = 'blocks'`
const restateWaiting = (blocker: string) => `INSERT INTO restate ${waiters(blocker)}`
const becomesDone = (unfinished: string) =>
  `(${unfinished.replace('b.', 'OLD.')}) <> (${unfinished.replace('b.', 'NEW.')})`

/** What counts as not done (`b`), what may be begun (`i`), and which columns of an issue say where it stands. */
interface Rules {
  unfinished: string
  startable: string
  columns: string
}
const first = {
  startable: "i.status = 'open'",
  columns: 'status, assignee, priority, issue_type, created_at, close_reason',
}
const rulesThen: Rules = { ...first, unfinished: unfinishedThen }
const rulesNext: Rules = { ...first, unfinished: isUnfinished('b.status') }
const rules: Rules = {
  unfinished: isUnfinished('b.status'),
  startable: mayStart('i.'),
  columns: `${first.columns}, defer_until`,
}

/**
 * One row for each parent of each issue that is work. `free`: open, in nobody's hands, and waits for nothing itself,
 * though what it is a part of may, and its day may be yet to come; `open`: not closed, but not to be had; `closed`; `landed`: closed by the town, with
 * its work on main.
 */
const partsOf = (
  issues: string,
  { unfinished, startable }: Rules,
) => `INSERT INTO part SELECT d.depends_on_id, i.id, CASE
    WHEN i.status = 'closed' AND substr(i.close_reason, 1, ${landedAs.length}) = '${landedAs}' AND '${town}' =
      (SELECT e.actor FROM events e WHERE e.issue_id = i.id AND e.event_type = 'closed' ORDER BY e.id DESC LIMIT 1) THEN 'landed'
    WHEN i.status = 'closed' THEN 'closed'
    WHEN ${startable} AND i.assignee IS NULL AND i.issue_type NOT IN ${notWork} AND NOT ${waits('i.id', unfinished)} THEN 'free'
    ELSE 'open' END, i.priority, i.created_at
  FROM issues i JOIN dependencies d ON d.issue_id = i.id AND d.type = 'parent-child' WHERE ${issues} AND i.issue_type <> 'epic'`
const partTriggers = (by: Rules) => `
CREATE VIEW restate (id) AS SELECT id FROM part WHERE false;
CREATE TRIGGER restate_one INSTEAD OF INSERT ON restate BEGIN
  DELETE FROM part WHERE id = NEW.id;
  ${partsOf('i.id = NEW.id', by)};
END;
CREATE TRIGGER issue_made AFTER INSERT ON issues BEGIN
  INSERT INTO restate VALUES (NEW.id); ${restateWaiting('NEW.id')};
END;
CREATE TRIGGER issue_changed AFTER UPDATE OF ${by.columns} ON issues BEGIN
  INSERT INTO restate VALUES (NEW.id);
END;
CREATE TRIGGER blocker_changed AFTER UPDATE OF status ON issues
WHEN ${becomesDone(by.unfinished)} BEGIN ${restateWaiting('NEW.id')}; END;
CREATE TRIGGER issue_gone AFTER DELETE ON issues BEGIN
  INSERT INTO restate VALUES (OLD.id); ${restateWaiting('OLD.id')};
END;
CREATE TRIGGER dependency_made AFTER INSERT ON dependencies BEGIN INSERT INTO restate VALUES (NEW.issue_id); END;
CREATE TRIGGER dependency_gone AFTER DELETE ON dependencies BEGIN INSERT INTO restate VALUES (OLD.issue_id); END;
CREATE TRIGGER issue_closed AFTER INSERT ON events WHEN NEW.event_type = 'closed' BEGIN INSERT INTO restate VALUES (NEW.issue_id); END;
INSERT INTO restate SELECT id FROM issues;
`
export const partSchema = `
CREATE INDEX events_of ON events (issue_id, event_type);
CREATE TABLE part (
  parent TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (parent, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX part_next ON part (state, parent, priority, created_at, id);
CREATE INDEX part_of ON part (id);
${partTriggers(rulesThen)}`
const made = ['issue_made', 'issue_changed', 'blocker_changed', 'issue_gone', 'dependency_made', 'dependency_gone']
const anew = (by: Rules) => `
DROP VIEW restate; ${[...made, 'issue_closed'].map((name) => `DROP TRIGGER ${name};`).join(' ')}
${partTriggers(by)}`
/** The same, with every status for unfinished that is neither closed nor pinned. */
export const partsAnew = anew(rulesNext)
/** The same, with what is deferred to a day for free: whether its day has come is asked for beside it. */
export const laterSchema = `${anew(rules)}
CREATE INDEX issues_later ON issues (defer_until) WHERE defer_until IS NOT NULL;`

const upwards = (issue: string) => `WITH RECURSIVE up(id) AS (
  SELECT ${issue} UNION SELECT d.depends_on_id FROM dependencies d JOIN up ON up.id = d.issue_id WHERE d.type = 'parent-child')`
const downwards = (issue: string) => `WITH RECURSIVE down(id) AS (
  SELECT ${issue} UNION SELECT d.issue_id FROM dependencies d JOIN down ON down.id = d.depends_on_id WHERE d.type = 'parent-child')`
const isHeldUp = (issue: string) => `EXISTS (${upwards(issue)} SELECT 1 FROM up WHERE ${waits('up.id')})`
const matters = (type: string) => `${type} IN ('blocks', 'parent-child')`
/** `waits` of an issue: it, or something that it is a part of, waits for what is not done. So what is ready is an index. */
export const waitSchema = `
ALTER TABLE issues ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;
CREATE VIEW rewait (id) AS SELECT id FROM issues WHERE false;
CREATE TRIGGER rewait_below INSTEAD OF INSERT ON rewait BEGIN
  UPDATE issues SET waits = NOT waits WHERE id IN (${downwards('NEW.id')} SELECT id FROM down) AND waits <> ${isHeldUp('issues.id')};
END;
CREATE TRIGGER wait_issue_made AFTER INSERT ON issues BEGIN
  INSERT INTO rewait SELECT NEW.id WHERE EXISTS (SELECT 1 FROM dependencies WHERE issue_id = NEW.id);
  INSERT INTO rewait ${waiters('NEW.id')};
END;
CREATE TRIGGER wait_blocker_changed AFTER UPDATE OF status ON issues
WHEN ${becomesDone(isUnfinished('b.status'))} BEGIN INSERT INTO rewait ${waiters('NEW.id')}; END;
CREATE TRIGGER wait_issue_gone AFTER DELETE ON issues BEGIN
  INSERT INTO rewait SELECT issue_id FROM dependencies WHERE depends_on_id = OLD.id AND ${matters('type')};
END;
CREATE TRIGGER wait_dependency_made AFTER INSERT ON dependencies WHEN ${matters('NEW.type')} BEGIN INSERT INTO rewait VALUES (NEW.issue_id); END;
CREATE TRIGGER wait_dependency_gone AFTER DELETE ON dependencies WHEN ${matters('OLD.type')} BEGIN INSERT INTO rewait VALUES (OLD.issue_id); END;
UPDATE issues SET waits = 1 WHERE ${isHeldUp('issues.id')};
CREATE INDEX issues_ready ON issues (priority, created_at, id) WHERE ${mayStart('')} AND waits = 0;
`

/** What waits itself, and all that is a part of it. */
const waitsAnew = `WITH RECURSIVE held(id) AS (
  SELECT w.issue_id FROM dependencies w JOIN issues b ON b.id = w.depends_on_id WHERE w.type = 'blocks' AND ${isUnfinished('b.status')}
  UNION SELECT d.issue_id FROM held CROSS JOIN dependencies d ON d.depends_on_id = held.id AND d.type = 'parent-child')
UPDATE issues SET waits = NOT waits WHERE waits <> (id IN held)`
const kept = [
  ...[...made, 'issue_closed', 'wait_issue_made', 'wait_blocker_changed', 'wait_issue_gone'],
  ...['wait_dependency_made', 'wait_dependency_gone'],
]

/**
 * Many changes at once: all that is kept here is found out anew after them, and not with each. When they fail, the
 * caller's transaction has to: nothing is kept track of until it is taken back.
 */
export function atOnce<T>({ rows, run }: Rows, work: () => T): T {
  const triggers = rows<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name IN (SELECT value FROM json_each(?))",
    JSON.stringify(kept),
  )
  for (const { name } of triggers) run(`DROP TRIGGER ${name}`)
  const result = work()
  run('DELETE FROM part')
  run(partsOf('true', rules))
  run(waitsAnew)
  for (const { sql } of triggers) run(sql)
  return result
}

/** Those that have parts in these states: jumps from one to the next in the index, whatever the number of parts. */
const holders = (states: readonly Standing[]) => `holder(state, id) AS (
  SELECT value, (SELECT min(parent) FROM part WHERE state = value) FROM json_each('${JSON.stringify(states)}')
  UNION ALL SELECT state, (SELECT min(parent) FROM part WHERE state = holder.state AND parent > holder.id)
  FROM holder WHERE id IS NOT NULL)`
/** Each of some issues with itself and everything it is a part of. */
const above = (issues: string) => `above(start, id) AS (
  ${issues} UNION SELECT above.start, d.depends_on_id FROM above
  CROSS JOIN dependencies d ON d.issue_id = above.id AND d.type = 'parent-child')`
const holderIds = 'SELECT id, id FROM holder WHERE id IS NOT NULL'
const among = 'IN (SELECT value FROM json_each(?))'
/** What of these a holder is a part of, or is itself. */
const within = (states: readonly Standing[]) => `WITH RECURSIVE ${holders(states)}, ${above(holderIds)}`

/** Waits for one that counts as open though it is closed. */
const waitsEarly = (issue: string) =>
  `EXISTS (SELECT 1 FROM dependencies e WHERE e.issue_id = ${issue} AND e.type = 'blocks' AND e.depends_on_id ${among})`

/** Not to be begun now: before a day, or before somebody says so. */
const later = (issue: string) => `EXISTS (
  SELECT 1 FROM issues l WHERE l.id = ${issue} AND (l.defer_until > ? OR l.status = 'deferred' AND l.defer_until IS NULL))`

const nextParts = `${within(['free'])},
stuck(parent) AS (
  SELECT start FROM above GROUP BY start
  HAVING max(${waits('above.id')} OR ${waitsEarly('above.id')} OR above.id ${among} OR ${later('above.id')})),
ready(parent) AS (
  SELECT start FROM above WHERE start NOT IN (SELECT parent FROM stuck) GROUP BY start HAVING max(id ${among}))
SELECT DISTINCT p.id, p.priority, p.created_at FROM ready CROSS JOIN part p ON p.parent = ready.parent AND p.id IN (
  SELECT id FROM part n WHERE n.state = 'free' AND n.parent = ready.parent AND n.id NOT ${among} AND NOT ${waitsEarly('n.id')} AND NOT ${later('n.id')}
  AND NOT EXISTS (SELECT 1 FROM part o WHERE o.id = n.id AND o.parent IN (SELECT parent FROM stuck))
  ORDER BY n.priority, n.created_at, n.id LIMIT ?)
ORDER BY p.priority, p.created_at, p.id LIMIT ?`

/** Of single issues: those that are work, open, in nobody's hands, and wait for nothing, nor does what they are in. */
const nextSingle = `WITH RECURSIVE ${above('SELECT value, value FROM json_each(?)')}
SELECT i.id, i.priority, i.created_at FROM issues i WHERE i.id IN (
  SELECT start FROM above GROUP BY start
  HAVING NOT max(${waits('above.id')} OR ${waitsEarly('above.id')} OR above.id ${among} OR ${later('above.id')}))
AND ${mayStart('i.')} AND i.assignee IS NULL AND i.issue_type <> 'epic' AND i.issue_type NOT IN ${notWork} AND i.id NOT ${among}
ORDER BY i.priority, i.created_at, i.id LIMIT ?`

const every: readonly Standing[] = ['free', 'open', 'closed', 'landed']

/** What can be asked of parts, on an open store. */
export function partsIn({ rows, row, at }: Rows) {
  return {
    /** The next moment at which something may be begun that may not now; undefined: no such day was said. */
    nextDay: (): string | undefined =>
      row<{ day: string | null }>('SELECT min(defer_until) AS day FROM issues WHERE defer_until > ?', at())?.day ??
      undefined,
    next({ epics, issues, except, notDone, usedUp = [], most }: Wanted): Startable[] {
      const [besides, early] = [JSON.stringify([...except, ...usedUp]), JSON.stringify(notDone)]
      const [spent, now] = [JSON.stringify(usedUp), at()]
      const parts =
        epics.length === 0
          ? []
          : rows<Startable>(nextParts, early, spent, now, JSON.stringify(epics), besides, early, now, most, most)
      const single =
        issues.length === 0 ? [] : rows<Startable>(nextSingle, JSON.stringify(issues), early, spent, now, besides, most)
      return inOrder([...new Map([...parts, ...single].map((each) => [each.id, each])).values()]).slice(0, most)
    },
    unfinished: (epics: readonly string[]): string[] =>
      rows<{ id: string }>(
        `${within(['free', 'open'])} SELECT DISTINCT id FROM above WHERE id ${among}`,
        JSON.stringify(epics),
      ).map(({ id }) => id),
    progress(epic: string): Progress {
      const found = rows<{ state: Standing; parent: string }>(
        `${within(every)} SELECT DISTINCT h.state, h.id AS parent FROM holder h JOIN above a ON a.start = h.id WHERE a.id = ?`,
        epic,
      )
      const count = (...states: Standing[]) => {
        const places = JSON.stringify(found.filter(({ state }) => states.includes(state)))
        // One that is a part of two is one all the same.
        const what = new Set(found.map(({ parent }) => parent)).size > 1 ? 'DISTINCT p.id' : '*'
        return (
          rows<{ n: number }>(
            `SELECT count(${what}) AS n FROM json_each(?) j JOIN part p ON p.state = j.value ->> 'state' AND p.parent = j.value ->> 'parent'`,
            places,
          )[0]?.n ?? 0
        )
      }
      const [open, closed, landed] = [count('free', 'open'), count('closed'), count('landed')]
      return { total: open + closed + landed, open, closed, landed }
    },
    parts: (epic: string, state: Standing, most: number): string[] =>
      rows<{ id: string }>(
        `${within([state])} SELECT DISTINCT p.id, p.priority, p.created_at FROM above a JOIN part p ON p.state = ? AND p.parent = a.start
         WHERE a.id = ? ORDER BY p.priority, p.created_at, p.id LIMIT ?`,
        state,
        epic,
        most,
      ).map(({ id }) => id),
    openEpics: (epic: string): string[] =>
      rows<{ id: string }>(
        `WITH RECURSIVE ${above("SELECT id, id FROM issues WHERE issue_type = 'epic' AND status <> 'closed'")}
         SELECT start AS id FROM above WHERE id = ? AND start <> id ORDER BY start`,
        epic,
      ).map(({ id }) => id),
    lineage: (id: string): string[] =>
      rows<{ id: string }>(`WITH RECURSIVE ${above('SELECT ?, ?')} SELECT DISTINCT id FROM above`, id, id).map(
        (each) => each.id,
      ),
  }
}

/** The most urgent first, then the oldest. */
export const inOrder = (issues: readonly Startable[]): Startable[] =>
  [...issues].sort((a, b) => a.priority - b.priority || compare(a.created_at, b.created_at) || compare(a.id, b.id))

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
