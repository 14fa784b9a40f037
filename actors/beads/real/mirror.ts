// What a real store holds, kept in a store of our own, so that every question of the town is answered at once and in
// the same way whoever keeps the issues.
// Never: changes the town's mail, which is kept there and nowhere else; takes in a part of what was printed; believes
// that a store which had issues has none.
import { BeadsError, type Issue, type TownIssues } from '../contract.ts'
import type { Beads, Whole } from '../embedded.ts'
import { issueLine, objectIn, wordIn } from '../jsonl.ts'
import { same } from '../sync/merge.ts'
import { byTarget, stateIn } from '../sync/state.ts'
import { put, stateOf } from '../sync/store.ts'
import type { Names } from './names.ts'
import { passing } from './program.ts'

/** Who wrote what the real store does not say who wrote it. */
export const outsider = 'bd'

/** What became of an issue, and by whom. */
export interface Heard {
  kind: string
  actor: string
}

/** What an export says that is not known yet. */
export interface News {
  /** Issues that were closed since. */
  closed: string[]
  /** Issues that cannot be kept here, in words. */
  strange: string[]
  /** How many issues are others, or gone. */
  changes: number
  /** Takes it in, all of it or nothing. */
  take(closer: (issue: Issue) => string | null): void
}

export interface Mirror {
  /** Throws a BeadsError that passes for what is no export. */
  read(text: string): News
  /** One issue as a command's JSON tells it: its own fields, and its labels with `labelled`. */
  takeRow(row: Record<string, unknown>, event: Heard | undefined, labelled?: boolean): Issue
}

export function mirrorIn(beads: () => Beads, names: Names): Mirror {
  /** The lines that it is made of, and whose they are. */
  let known = new Map<string, string>()
  let last: Beads | undefined
  const ours = (issue: Whole): Whole => ({
    ...issue,
    assignee: issue.assignee === null ? null : names.in(issue.assignee),
  })

  return {
    read(text) {
      const store = beads()
      const lines = text.split('\n').filter((line) => line.trim() !== '')
      // Another file may have been put in its place.
      if (store !== last) known.clear()
      last = store
      const isFirst = known.size === 0
      const { issues, strange } = readable(lines.filter((line) => !known.has(line)))
      const had = isFirst ? store.list({ all: true }).map(({ id }) => id) : [...new Set(known.values())]
      if (lines.length === 0 && had.length > 0)
        throw passing(`it says that it has no issues, and there were ${had.length}`)
      const now = new Map<string, string>()
      for (const line of lines) if (known.has(line)) now.set(line, known.get(line) as string)
      for (const [id, line] of strange.ids) now.set(line, id)
      for (const { id, line } of issues) now.set(line, id)
      const there = new Set(now.values())
      const before = isFirst ? stateOf(store).issues : undefined
      const pairs = issues.map(({ issue }) => {
        const next = ours(issue)
        return { next, was: before ? before.get(next.id) : wholeIn(store, next.id) }
      })
      const changes = pairs.filter(({ next, was }) => was?.issue_type !== 'message' && !(was && same(was, next)))
      const isClosed = ({ next, was }: (typeof pairs)[number]) => next.status === 'closed' && was?.status !== 'closed'
      const gone = had.filter((id) => !there.has(id))
      return {
        closed: changes.filter(isClosed).map(({ next }) => next.id),
        strange: strange.words,
        changes: changes.length + gone.length,
        take: (closer) =>
          store.written(() => {
            for (const change of changes) {
              const { next, was } = change
              store.room.run('DELETE FROM tombstones WHERE id = ?', next.id)
              put(store, was, next)
              const kind = isClosed(change) ? 'closed' : was ? 'updated' : 'created'
              store.room.event(next.id, kind, (kind === 'closed' ? closer(next) : null) ?? outsider)
            }
            for (const id of gone) bury(store, id)
            known = now
          }),
      }
    },

    takeRow(row, event, labelled = false) {
      const store = beads()
      const id = wordIn(row, 'id')
      const created = wordIn(row, 'created_at') || new Date(0).toISOString()
      const [told] = [
        ...stateIn(
          JSON.stringify({ created_at: created, ...row, dependencies: [], comments: [] }),
          'bd',
        ).issues.values(),
      ]
      if (!told) throw new BeadsError(`bd told of no issue: ${JSON.stringify(row).slice(0, 200)}`)
      return store.written(() => {
        const was = wholeIn(store, id)
        const { dependencies = [], comments = [], labels = [] } = was ?? {}
        put(
          store,
          was,
          ours({ ...told, dependencies, comments, labels: labelled ? told.labels : labels, extra: was?.extra ?? null }),
        )
        if (event) store.room.event(id, event.kind, event.actor)
        return store.get(id) as Issue
      })
    },
  }
}

interface Line {
  id: string
  line: string
  issue: Whole
}

/** The issues that lines tell of; what is another program's (mail, memories, what was deleted) is left out. */
function readable(lines: readonly string[]): {
  issues: Line[]
  strange: { ids: [id: string, line: string][]; words: string[] }
} {
  const issues: Line[] = []
  const strange = { ids: [] as [string, string][], words: [] as string[] }
  for (const line of lines) {
    const raw = objectOf(line)
    if (
      (raw._type !== undefined && raw._type !== 'issue') ||
      raw.status === 'tombstone' ||
      raw.issue_type === 'message'
    )
      continue
    try {
      for (const [id, issue] of stateIn(line, 'bd export').issues) issues.push({ id, line, issue })
    } catch (error) {
      if (!(error instanceof BeadsError)) throw error
      const id = typeof raw.id === 'string' ? raw.id : '?'
      strange.ids.push([id, line])
      strange.words.push(`${id} cannot be kept here: ${error.message}`)
    }
  }
  return { issues, strange }
}

function objectOf(line: string): Record<string, unknown> {
  try {
    return objectIn(line)
  } catch (error) {
    throw passing(`it printed what is no issue: ${error instanceof Error ? error.message : error}`)
  }
}

function wholeIn(store: Beads, id: string): Whole | undefined {
  const issue = store.get(id)
  if (!issue) return undefined
  // What the store finds out by itself, and whose session holds it, is nothing that others tell.
  const { waits: _, claimed_epoch: __, ...told } = issue
  const dependencies = [...store.dependencies(id)].sort(byTarget)
  return { ...told, labels: store.labels(id), dependencies, comments: store.comments(id) }
}

/** Gone there, and so from every question here; kept whole as a tombstone. */
function bury(store: Beads, id: string): void {
  const issue = store.get(id)
  if (!issue || issue.issue_type === 'message') return
  const at = [store.room.at(), issue.updated_at].sort().at(-1) as string
  store.bury({
    id,
    deleted_at: at,
    deleted_by: outsider,
    reason: 'gone from the real store',
    was: issueLine(store, id).trim(),
  })
}

/** Mail is the town's own: it is in the mirror alone, and waits for nobody's program. */
export const townsMail = (
  mirror: () => Beads,
): Pick<TownIssues, 'createMessages' | 'unreadWith' | 'inboxLength' | 'putReceipts'> => ({
  createMessages: (messages) => mirror().createMessages(messages),
  unreadWith: (to, label) => mirror().unreadWith(to, label),
  inboxLength: (to) => mirror().inboxLength(to),
  putReceipts: (receipts) => mirror().putReceipts(receipts),
})
