// What was brought together, written into a store.
// Never: commits by itself; its caller's transaction is all of it or nothing.
import type { Issue } from '../contract.ts'
import { type Beads, columns, type Whole } from '../embedded.ts'
import { exactly, exportLines, lineOf, objectIn } from '../jsonl.ts'
import { type Merged, same } from './merge.ts'
import { isMail, type State, stateIn } from './state.ts'

export interface Changed {
  created: string[]
  updated: string[]
  deleted: string[]
}

/** All that it shares, as lines. What a town's own sessions hold they hold here, and mail goes nowhere from it. */
export function linesOf(beads: Beads): string {
  const lines = exportLines(beads, { memories: true })
  return beads.isTowns() ? lines.replaceAll(/^.*"(?:message|heartbeat_at|lease_expires_at)".*\n/gm, fromTown) : lines
}

function fromTown(line: string): string {
  const issue = exactly(line) as Record<string, unknown>
  if (isMail(issue)) return ''
  const { heartbeat_at: _, lease_expires_at: __, ...rest } = issue
  return isSessions(issue.assignee) ? lineOf(rest) : line
}

/** An address has a slash, and a person's name has none. */
const isSessions = (holder: unknown) => typeof holder === 'string' && holder.includes('/')

/** The same with lines that the store keeps nothing of, each where it was. */
export function linesWith(beads: Beads, others: readonly string[]): string {
  const own = linesOf(beads)
  const mail = others.filter((line) => isMail(objectIn(line)))
  const rest = others.filter((line) => !mail.includes(line))
  const issues = mail.length === 0 ? own : inOrder([...own.split('\n').filter(Boolean), ...mail])
  return issues + rest.map((line) => `${line}\n`).join('')
}

/** By id; what has none comes last. */
function inOrder(lines: readonly string[]): string {
  const idOf = (line: string) => {
    const { id } = objectIn(line)
    return typeof id === 'string' ? id : undefined
  }
  return lines
    .map((line) => ({ line, id: idOf(line) }))
    .sort(({ id: a }, { id: b }) => (a === b ? 0 : a === undefined ? 1 : b === undefined || a < b ? -1 : 1))
    .map(({ line }) => `${line}\n`)
    .join('')
}

/** Changes it from what it is (`before`) to what was brought together. */
export function applied(
  beads: Beads,
  before: State,
  { issues, stones, memories, renamed }: Merged,
  by: string,
): Changed {
  const { room } = beads
  const changed: Changed = { created: [], updated: [], deleted: [] }
  for (const { from, to } of renamed) {
    room.run('UPDATE events SET issue_id = ? WHERE issue_id = ?', to, from)
    room.event(to, 'renamed', by, `${from} ${to}`)
  }
  for (const [id, stone] of before.stones)
    if (!same(stones.get(id), stone)) room.run('DELETE FROM tombstones WHERE id = ?', id)
  for (const id of before.issues.keys()) {
    if (issues.has(id)) continue
    room.run('DELETE FROM issues WHERE id = ?', id)
    const stone = stones.get(id)
    if (stone) room.event(id, 'deleted', stone.deleted_by, stone.reason)
    changed.deleted.push(id)
  }
  for (const [id, stone] of stones)
    if (!same(before.stones.get(id), stone))
      room.run(
        'INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, ?)',
        ...[id, stone.deleted_at, stone.deleted_by, stone.reason, stone.was],
      )
  for (const [id, issue] of issues) {
    const was = before.issues.get(id)
    if (same(was, issue)) continue
    put(beads, was, issue)
    room.event(id, 'synced', by)
    // What the town itself once said of it does not hold for this.
    if (issue.status === 'closed' && was?.status !== 'closed') room.event(id, 'closed', by)
    changed[was ? 'updated' : 'created'].push(id)
  }
  for (const key of before.memories.keys()) if (!memories.has(key)) beads.forget(key)
  for (const [key, text] of memories) if (before.memories.get(key) !== text) beads.remember(key, text)
  return changed
}

/** A session's hold of an issue is this store's own matter: it stays while the holder does. */
const shared = columns.filter((column) => column !== 'claimed_epoch')
/** A town's session goes on holding what it holds. */
const held = (column: string) =>
  column === 'heartbeat_at' || column === 'lease_expires_at'
    ? `CASE WHEN assignee IS excluded.assignee AND instr(assignee, '/') > 0 THEN ${column} ELSE excluded.${column} END`
    : `excluded.${column}`
const upserts = (isTowns: boolean) =>
  [
    `INSERT INTO issues (${shared.join(', ')}) VALUES (${shared.map(() => '?').join(', ')})`,
    'ON CONFLICT (id) DO UPDATE SET',
    `${shared.map((column) => `${column} = ${isTowns ? held(column) : `excluded.${column}`}`).join(', ')},`,
    'claimed_epoch = CASE WHEN assignee IS excluded.assignee THEN claimed_epoch END',
  ].join(' ')
const upsert = { here: upserts(false), inTown: upserts(true) }

/** Makes an issue what it is to be, with all that belongs to it; `was` is what it is now. */
export function put({ room, isTowns }: Beads, was: Whole | undefined, issue: Whole): void {
  const { id } = issue
  room.run(isTowns() ? upsert.inTown : upsert.here, ...shared.map((column) => issue[column as keyof Issue] ?? null))
  for (const label of was?.labels ?? [])
    if (!issue.labels.includes(label)) room.run('DELETE FROM labels WHERE issue_id = ? AND label = ?', id, label)
  for (const label of issue.labels) room.run('INSERT OR IGNORE INTO labels VALUES (?, ?)', id, label)
  for (const edge of was?.dependencies ?? [])
    if (!issue.dependencies.some((each) => same(each, edge)))
      room.run('DELETE FROM dependencies WHERE issue_id = ? AND depends_on_id = ?', id, edge.depends_on_id)
  for (const edge of issue.dependencies)
    room.run(
      'INSERT OR IGNORE INTO dependencies (issue_id, depends_on_id, type, created_at, created_by, extra) VALUES (?, ?, ?, ?, ?, ?)',
      ...[id, edge.depends_on_id, edge.type, edge.created_at, edge.created_by, edge.extra ?? null],
    )
  if (same(was?.comments ?? [], issue.comments)) return
  // Those of one moment are told in the order of their rows.
  room.run('DELETE FROM comments WHERE issue_id = ?', id)
  for (const said of issue.comments)
    room.run(
      'INSERT INTO comments (issue_id, id, author, text, created_at, extra) VALUES (?, ?, ?, ?, ?, ?)',
      ...[id, said.id, said.author, said.text, said.created_at, said.extra ?? null],
    )
}

/** A store as it is now. */
export const stateOf = (beads: Beads): State => stateIn(linesOf(beads), beads.path)
