// Issues as JSON: what `--json` prints and what `issues.jsonl` holds, in the format's field order (profile 0.30).
// Never: writes a file.
import { BeadsError, type Dependency, type Issue } from './contract.ts'
import type { Beads } from './embedded.ts'

const order = [
  'id',
  'title',
  'description',
  'design',
  'acceptance_criteria',
  'notes',
  'status',
  'priority',
  'issue_type',
  'assignee',
  'created_at',
  'updated_at',
  'closed_at',
  'close_reason',
  'external_ref',
] as const

/** An issue with its labels and dependencies; empty fields are left out, priority never. */
export function issueJson(beads: Beads, issue: Issue): Record<string, unknown> {
  const json: Record<string, unknown> = {}
  for (const field of order) {
    const value = issue[field]
    if (field === 'priority' || (value !== '' && value !== null)) json[field] = value
  }
  const labels = beads.labels(issue.id)
  const dependencies = beads.dependencies(issue.id)
  if (labels.length > 0) json.labels = labels
  if (dependencies.length > 0) json.dependencies = dependencies
  if (issue.sender) json.sender = issue.sender
  return json
}

/** All issues, one a line, sorted by id. */
export const exportLines = (beads: Beads): string =>
  beads
    .ids()
    .map((id) => issueLine(beads, id))
    .join('')

/** One issue as its line; `<`, `>` and `&` escaped as the format's own writer does. */
export function issueLine(beads: Beads, id: string): string {
  const json = JSON.stringify(issueJson(beads, beads.get(id) as Issue))
  return `${json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

/**
 * Takes lines in, all or none; messages are left out and counted, for who sent one is the town's to say. Missing
 * status is open, missing type task, missing priority 0; older news is skipped.
 */
export function importLines(
  beads: Beads,
  text: string,
): { created: number; updated: number; skipped: number; mail: number } {
  const counts = { created: 0, updated: 0, skipped: 0, mail: 0 }
  beads.written(() => {
    for (const [index, line] of text.split('\n').entries()) {
      if (line.trim() === '') continue
      const raw = parseLine(line, index + 1)
      if (raw.status === 'tombstone') continue
      if (raw.issue_type === 'message') {
        counts.mail++
        continue
      }
      const deps = Array.isArray(raw.dependencies) ? (raw.dependencies as Dependency[]) : []
      const labels = Array.isArray(raw.labels) ? (raw.labels as unknown[]).map(String) : []
      const word = (field: string) => (typeof raw[field] === 'string' ? (raw[field] as string) : '')
      const issue: Issue = {
        id: word('id'),
        title: word('title'),
        description: word('description'),
        design: word('design'),
        acceptance_criteria: word('acceptance_criteria'),
        notes: word('notes'),
        status: word('status') || 'open',
        priority: typeof raw.priority === 'number' ? raw.priority : 0,
        issue_type: word('issue_type') || 'task',
        assignee: word('assignee') || null,
        created_at: moment(word('created_at')),
        updated_at: moment(word('updated_at') || word('created_at')),
        closed_at: word('closed_at') ? moment(word('closed_at')) : null,
        close_reason: word('close_reason'),
        external_ref: word('external_ref') || null,
        sender: null,
      }
      const edges = deps.map((dep) => ({
        issue_id: issue.id,
        depends_on_id: String(dep.depends_on_id),
        type: String(dep.type ?? 'blocks'),
        created_at: String(dep.created_at ?? issue.created_at),
        created_by: String(dep.created_by ?? ''),
      }))
      counts[put(beads, issue, labels, edges, index + 1)]++
    }
  })
  return counts
}

function put(beads: Beads, issue: Issue, labels: string[], edges: Dependency[], number: number) {
  try {
    return beads.put(issue, labels, edges)
  } catch (error) {
    if (!(error instanceof BeadsError)) throw error
    throw new BeadsError(`line ${number}: ${error.message}; nothing was imported`)
  }
}

function parseLine(line: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (error) {
    throw new BeadsError(
      `line ${number} is not JSON: ${error instanceof Error ? error.message : error}; nothing was imported`,
    )
  }
  throw new BeadsError(`line ${number} is not an issue; nothing was imported`)
}

function moment(text: string): string {
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) throw new BeadsError(`"${text}" is not a time; nothing was imported`)
  return at.toISOString()
}
