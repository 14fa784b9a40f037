// Tables of the embedded issue store.
// Never: changed in place; a new version is one more step.

import type { DatabaseSync } from 'node:sqlite'
import { inTransaction } from '../transaction.ts'
import { laterSchema, partSchema, partsAnew, waitSchema } from './parts.ts'

const first = `
CREATE TABLE issues (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, description TEXT NOT NULL DEFAULT '', design TEXT NOT NULL DEFAULT '', acceptance_criteria TEXT NOT NULL DEFAULT '',
  notes TEXT NOT NULL DEFAULT '', status TEXT NOT NULL DEFAULT 'open', priority INTEGER NOT NULL DEFAULT 2 CHECK (priority BETWEEN 0 AND 4), issue_type TEXT NOT NULL DEFAULT 'task',
  assignee TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, closed_at TEXT, close_reason TEXT NOT NULL DEFAULT '', external_ref TEXT, sender TEXT,
  CHECK ((status = 'closed') = (closed_at IS NOT NULL))
) STRICT;
CREATE INDEX issues_status ON issues (status, priority, created_at);
CREATE INDEX issues_assignee ON issues (assignee) WHERE assignee IS NOT NULL;
CREATE TABLE dependencies (
  issue_id TEXT NOT NULL REFERENCES issues (id) ON DELETE CASCADE, depends_on_id TEXT NOT NULL, type TEXT NOT NULL DEFAULT 'blocks', created_at TEXT NOT NULL, created_by TEXT NOT NULL,
  PRIMARY KEY (issue_id, depends_on_id)
) STRICT;
CREATE INDEX dependents ON dependencies (depends_on_id, type);
CREATE TABLE labels (issue_id TEXT NOT NULL REFERENCES issues (id) ON DELETE CASCADE, label TEXT NOT NULL, PRIMARY KEY (issue_id, label)) STRICT;
CREATE TABLE child_counters (parent_id TEXT PRIMARY KEY, last_child INTEGER NOT NULL) STRICT;
CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, issue_id TEXT NOT NULL, event_type TEXT NOT NULL, actor TEXT NOT NULL, detail TEXT, created_at TEXT NOT NULL) STRICT;
CREATE TABLE config (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`

/** What is unread, in the order it is shown: an inbox costs nothing for what was read. */
const unread =
  "CREATE INDEX unread ON issues (assignee, priority, created_at DESC, id) WHERE issue_type = 'message' AND status = 'open';"

/** What else an issue holds; `extra` is what other programs wrote of it and this one does not know, as JSON. */
const whole = `
ALTER TABLE issues ADD COLUMN estimated_minutes INTEGER;
ALTER TABLE issues ADD COLUMN created_by TEXT;
ALTER TABLE issues ADD COLUMN started_at TEXT;
ALTER TABLE issues ADD COLUMN due_at TEXT;
ALTER TABLE issues ADD COLUMN defer_until TEXT;
ALTER TABLE issues ADD COLUMN heartbeat_at TEXT;
ALTER TABLE issues ADD COLUMN lease_expires_at TEXT;
ALTER TABLE issues ADD COLUMN claimed_epoch INTEGER;
ALTER TABLE issues ADD COLUMN ephemeral INTEGER NOT NULL DEFAULT 0;
ALTER TABLE issues ADD COLUMN metadata TEXT;
ALTER TABLE issues ADD COLUMN extra TEXT;
ALTER TABLE dependencies ADD COLUMN extra TEXT;
CREATE TABLE comments (
  issue_id TEXT NOT NULL REFERENCES issues (id) ON DELETE CASCADE, id TEXT NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL, created_at TEXT NOT NULL, extra TEXT,
  PRIMARY KEY (issue_id, id)
) STRICT;
CREATE INDEX comments_of ON comments (issue_id, created_at);
CREATE TABLE memories (key TEXT PRIMARY KEY, value TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT;
CREATE TABLE tombstones (id TEXT PRIMARY KEY, deleted_at TEXT NOT NULL, deleted_by TEXT NOT NULL, reason TEXT NOT NULL, was TEXT NOT NULL) STRICT;
`

/**
 * How far each mail has come, also of one that is not filed yet; which mail is in the archive; and ways to what was sent,
 * received, belongs together, or is of no use any more.
 */
const receipts = `
CREATE TABLE receipts (mail TEXT NOT NULL, step TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL, seal TEXT NOT NULL, PRIMARY KEY (mail, step)) STRICT, WITHOUT ROWID;
CREATE TABLE archived (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE INDEX sent ON issues (sender, created_at DESC, id) WHERE issue_type = 'message';
CREATE INDEX received ON issues (assignee, created_at DESC, id) WHERE issue_type = 'message';
CREATE INDEX expiring ON issues (due_at) WHERE issue_type = 'message' AND status = 'open' AND due_at IS NOT NULL;
CREATE INDEX done_with ON issues (closed_at, id) WHERE issue_type = 'message' AND status = 'closed';
CREATE INDEX labelled ON labels (label, issue_id);
`

/** Step n makes version n of version n - 1. */
const steps: readonly string[] = [first, unread, partSchema, whole + partsAnew + waitSchema, receipts + laterSchema]
export const schemaVersion = steps.length

/** Brings the tables to this version, in one transaction; another process may be at it too. */
export function migrate(db: DatabaseSync): void {
  inTransaction(db, () => {
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
    for (const step of steps.slice(version)) db.exec(step)
    db.exec(`PRAGMA user_version = ${Math.max(version, steps.length)}`)
  })
}
