// Rows of a list as `--json` prints them, as an expression: the database writes the text, for a program that reads
// many rows and writes them again spends most of its time on that.
// Never: says another thing of an issue than jsonl.ts does, which writes single ones.

/** In this order: those after `updated_at` are left out when they are empty, as are texts; the priority never is. */
export const order = [
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
  ...(['assignee', 'estimated_minutes', 'created_at', 'created_by', 'updated_at', 'started_at', 'closed_at'] as const),
  ...(['close_reason', 'external_ref', 'due_at', 'defer_until', 'lease_expires_at', 'heartbeat_at'] as const),
] as const

/** JSON that the database has written, as UTF-8. */
export class JsonBytes {
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** The list of such rows: one blob, null where there is none. */
export const listJson = (rows: string) =>
  `SELECT CAST('[\n' || group_concat(line, ',\n') || '\n]' AS BLOB) AS "all" FROM (${rows})`

/**
 * Of a row of `issues i`, two columns in from the left; `edges` says which dependencies are counted. One call puts all
 * together, where nothing is an empty text: each `||` would copy what there is so far.
 */
export const rowJson = (edges: string) => `concat('  {\n    "id": ', json_quote(i.id),
  ${order.slice(1).map(ifAny).join(',\n  ')}, ${labels}, ${dependencies}, ${ifAny('sender')},
  iif(i.ephemeral, ',\n    "ephemeral": true', NULL),
  iif(i.metadata <> '', ',\n    "metadata": ' || ${within('i.metadata', 4)}, NULL), ${more('i.extra', 4)},
  (SELECT ',\n    "parent": ' || json_quote(depends_on_id) FROM dependencies WHERE issue_id = i.id AND type = 'parent-child'),
  ',\n    "dependency_count": ', (SELECT count(*) FROM dependencies WHERE issue_id = i.id ${edges}),
  ',\n    "dependent_count": ', (SELECT count(*) FROM dependencies WHERE depends_on_id = i.id ${edges}),
  ',\n    "comment_count": ', (SELECT count(*) FROM comments WHERE issue_id = i.id), '\n  }')`

// A number is no text, and so not an empty one.
const ifAny = (field: string) => `iif(i.${field} <> '', ',\n    "${field}": ' || json_quote(i.${field}), NULL)`

const labels = `(SELECT concat(',\n    "labels": [\n      ', group_concat(json_quote(label), ',\n      ' ORDER BY label), '\n    ]')
  FROM labels WHERE issue_id = i.id HAVING count(*) > 0)`

const dependencies = `(SELECT concat(',\n    "dependencies": [\n      {', group_concat(concat(
    '\n        "issue_id": ', json_quote(issue_id), ',\n        "depends_on_id": ', json_quote(depends_on_id),
    ',\n        "type": ', json_quote(type), ',\n        "created_at": ', json_quote(d.created_at),
    ',\n        "created_by": ', json_quote(d.created_by), ${more('d.extra', 8)}), '\n      },\n      {' ORDER BY depends_on_id), '\n      }\n    ]')
  FROM dependencies d WHERE issue_id = i.id HAVING count(*) > 0)`

/** JSON of any kind, so far in. What is too deep for the database to read stays on one line. */
function within(json: string, columns: number): string {
  return `iif(json_valid(${json}), replace(json_pretty(${json}, '  '), '\n', '\n${' '.repeat(columns)}'), ${json})`
}
/** The fields of an object that is kept as JSON, after others. */
function more(json: string, columns: number): string {
  const whole = within(json, columns - 2)
  return `iif(${json} <> '', ',' || iif(json_valid(${json}), substr(${whole}, 2, length(${whole}) - ${columns + 1}),
    substr(${json}, 2, length(${json}) - 2)), NULL)`
}
