// The tables of the ledger: a row for each usage an agent has told, and sums that the database keeps by itself.
// Never: written but through `ledger.ts`; a sum is written by its triggers alone.

/** What sums are kept of; each but `epic` is a column of `usage`. */
export const kinds = ['rig', 'day', 'issue', 'epic', 'session', 'preset', 'model', 'account'] as const
export type LedgerKind = (typeof kinds)[number]

/** What is summed up. `unpriced`: answers whose price nobody knows, and their tokens. */
const sums = ['answers', 'input', 'output', 'cached', 'nanos', 'unpriced', 'unpriced_tokens'] as const

const added = `ON CONFLICT (kind, name, rig) DO UPDATE SET ${sums.map((sum) => `${sum} = ${sum} + excluded.${sum}`).join(', ')};`

/** A row of `usage` as its sums see it. */
const summed = (row: 'NEW' | 'OLD') =>
  [
    `${row}.answers`,
    `${row}.input`,
    `${row}.output`,
    `${row}.cached`,
    `coalesce(${row}.nanos, 0)`,
    `${row}.answers * (${row}.nanos IS NULL)`,
    `CASE WHEN ${row}.nanos IS NULL THEN ${row}.input + ${row}.output + ${row}.cached ELSE 0 END`,
  ] as const

const aboveOf = (row: 'NEW' | 'OLD') =>
  `SELECT 'epic', above FROM within WHERE rig = ${row}.rig AND issue = ${row}.issue`

/** Adds all that an issue has used to the sums of what it is a part of, or takes it out of them. */
const moved = (row: 'NEW' | 'OLD', sign: '' | '-') => `
  INSERT INTO total (kind, name, rig, ${sums.join(', ')})
  SELECT 'epic', ${row}.above, rig, ${sums.map((sum) => `${sign}${sum}`).join(', ')}
  FROM total WHERE kind = 'issue' AND name = ${row}.issue AND rig = ${row}.rig ${added}`

/** Adds a row to the sums it belongs to, or takes it out of them. */
const counted = (row: 'NEW' | 'OLD', sign: '' | '-') => `
  INSERT INTO total (kind, name, rig, ${sums.join(', ')})
  SELECT k.kind, k.name, ${row}.rig, ${summed(row)
    .map((value) => `${sign}(${value})`)
    .join(', ')}
  FROM (${kinds.map((kind) => (kind === 'epic' ? aboveOf(row) : `SELECT '${kind}' AS kind, ${row}.${kind} AS name`)).join(' UNION ALL ')}) k WHERE true
  ${added}`

const parted = `
CREATE TABLE within (
  rig TEXT NOT NULL, issue TEXT NOT NULL, above TEXT NOT NULL, PRIMARY KEY (rig, issue, above)
) STRICT, WITHOUT ROWID;
CREATE INDEX within_above ON within (above);
CREATE TRIGGER within_made AFTER INSERT ON within BEGIN ${moved('NEW', '')} END;
CREATE TRIGGER within_gone AFTER DELETE ON within BEGIN ${moved('OLD', '-')} END;`

const counting = `
CREATE TRIGGER usage_made AFTER INSERT ON usage BEGIN ${counted('NEW', '')} END;
CREATE TRIGGER usage_gone AFTER DELETE ON usage BEGIN ${counted('OLD', '-')} END;
CREATE TRIGGER usage_changed AFTER UPDATE ON usage BEGIN ${counted('OLD', '-')} ${counted('NEW', '')} END;`

/**
 * `nanos`: billionths of a US dollar, null where nobody knows; whole numbers, so that no sum drifts. `day`: of the
 * town's own calendar. `within`: everything that an issue is a part of, as its last worker began; empty for nothing.
 */
export const schema = `
CREATE TABLE usage (
  session TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, day TEXT NOT NULL, rig TEXT NOT NULL,
  issue TEXT NOT NULL, polecat TEXT NOT NULL, preset TEXT NOT NULL, model TEXT NOT NULL, account TEXT NOT NULL DEFAULT '',
  answers INTEGER NOT NULL DEFAULT 1, input INTEGER NOT NULL, output INTEGER NOT NULL, cached INTEGER NOT NULL, nanos INTEGER,
  PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_at ON usage (at);
CREATE INDEX usage_rig ON usage (rig, at);
CREATE INDEX usage_issue ON usage (issue, at);
CREATE INDEX usage_account ON usage (account, at);
CREATE INDEX usage_unpriced ON usage (model) WHERE nanos IS NULL;
CREATE TABLE total (
  kind TEXT NOT NULL, name TEXT NOT NULL, rig TEXT NOT NULL,
  ${sums.map((sum) => `${sum} INTEGER NOT NULL`).join(', ')},
  PRIMARY KEY (kind, name, rig)
) STRICT, WITHOUT ROWID;
CREATE INDEX total_rig ON total (kind, rig);
${parted}
${counting}
PRAGMA user_version = 2;
`
export const schemaVersion = 2

/**
 * From the first version, which knew of each usage what its issue was directly a part of, and nothing above that, and of
 * no accounts.
 */
export const upgrade = `
DROP TRIGGER usage_made; DROP TRIGGER usage_gone; DROP TRIGGER usage_changed;
DELETE FROM total WHERE kind = 'epic';
${parted}
INSERT INTO within SELECT rig, issue, epic FROM (SELECT rig, issue, epic, max(at) FROM usage GROUP BY rig, issue);
DROP INDEX usage_epic;
ALTER TABLE usage DROP COLUMN epic;
ALTER TABLE usage ADD COLUMN account TEXT NOT NULL DEFAULT '';
CREATE INDEX usage_account ON usage (account, at);
INSERT INTO total (kind, name, rig, ${sums.join(', ')})
SELECT 'account', '', rig, ${sums.map((sum) => `sum(${sum})`).join(', ')} FROM total WHERE kind = 'rig' GROUP BY rig;
${counting}
PRAGMA user_version = 2;
`
