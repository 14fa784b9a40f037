// Mail as a store keeps it: messages, how far each has come, and what is asked of many at once. (spec: Mail)
// Never: says whether a message, or what is said of it, is the town's own; a seal does (mail.ts).
import type { SQLInputValue } from 'node:sqlite'
import type { Issue, NewMessage, Receipt } from './contract.ts'
import type { Room } from './room.ts'

/** A message with its labels, one a line. */
export type KeptMessage = Issue & { labels: string | null }

/** Which messages of an inbox. */
export interface InboxFilter {
  from?: string | undefined
  priority?: number | undefined
}
const only = (from?: string, priority?: number) =>
  `${from === undefined ? '' : 'AND sender = ?'} ${priority === undefined ? '' : 'AND priority = ?'}`

/** Which messages, the newest first; what is left out is not asked for. */
export interface MessageFilter {
  to?: string
  from?: string
  priority?: number
  /** The message of this id, and all that belong to its thread. */
  thread?: string
  /** Of those that were sent as one, to several. */
  group?: string
  /** In its subject or text, in any case. */
  text?: string
  /** What was read, too; else only what was not. */
  all?: boolean
  /** Sent at this moment or after it, and before this one; ISO 8601 in UTC. */
  since?: string
  before?: string
}

// Without `INDEXED BY` SQLite, which knows nothing of how rows are distributed here, takes a way through what was read.
const columns = 'i.*, (SELECT group_concat(label, char(10)) FROM labels WHERE issue_id = i.id ORDER BY label) AS labels'

export function messagesIn(
  { rows, row, each, run, written, event, at }: Room,
  addLabel: (id: string, label: string) => void,
) {
  const keep = ({ mail, step, at, by, seal }: Receipt) =>
    run('INSERT OR IGNORE INTO receipts VALUES (?, ?, ?, ?, ?)', mail, step, at, by, seal) > 0
  /** Out of its inbox, for this reason. */
  const leave = (id: string, why: string) => {
    run(
      "UPDATE issues SET status = 'closed', closed_at = ?, updated_at = ?, close_reason = ? WHERE id = ?",
      at(),
      at(),
      why,
      id,
    )
    event(id, 'closed', 'daemon', why)
  }
  return {
    /** Messages under ids of the sender's choosing, all or none; false for one that is there already. */
    createMessages(messages: readonly NewMessage[]): boolean[] {
      return written(() =>
        messages.map(({ labels, at: sentAt, expiresAt, delivered, closedAs, ...message }) => {
          const { id, title, description, priority, assignee, sender } = message
          // It was filed, read and put away before whoever files it heard of that.
          if (row('SELECT 1 FROM archived WHERE id = ?', id)) return false
          const when = sentAt.toISOString()
          const made = run(
            `INSERT OR IGNORE INTO issues
               (id, title, description, priority, issue_type, assignee, sender, due_at, created_at, updated_at)
             VALUES (?, ?, ?, ?, 'message', ?, ?, ?, ?, ?)`,
            ...[id, title, description, priority, assignee, sender, expiresAt?.toISOString() ?? null, when, when],
          )
          if (made === 0) return false
          for (const label of labels) addLabel(id, label)
          if (delivered) keep(delivered)
          event(id, 'created', sender)
          if (closedAs !== undefined) leave(id, closedAs)
          return true
        }),
      )
    },
    /** Open messages, to somebody or to all, the most urgent first, then the newest. */
    inbox: (to?: string, { from, priority }: InboxFilter = {}) =>
      each<KeptMessage>(
        `SELECT ${columns} FROM issues i WHERE issue_type = 'message' AND status = 'open'
         ${to === undefined ? '' : 'AND assignee = ?'} ${only(from, priority)}
         ORDER BY priority, created_at DESC, id`,
        ...[to, from, priority].filter((each) => each !== undefined),
      ),
    unreadWith: (to: string, label: string) =>
      rows<KeptMessage>(
        `SELECT ${columns} FROM issues i INDEXED BY unread
         WHERE issue_type = 'message' AND status = 'open' AND assignee = ?
         AND EXISTS (SELECT 1 FROM labels WHERE issue_id = i.id AND label = ?) ORDER BY i.id`,
        ...[to, label],
      ),
    inboxLength: (to: string, { from, priority }: InboxFilter = {}) =>
      row<{ n: number }>(
        `SELECT count(*) AS n FROM issues WHERE issue_type = 'message' AND status = 'open' AND assignee = ?
         ${only(from, priority)}`,
        ...[to, from, priority].filter((each) => each !== undefined),
      )?.n ?? 0,
    message: (id: string) => row<KeptMessage>(`SELECT ${columns} FROM issues i WHERE id = ?`, id),
    /** Ids of messages that begin with this, or have it in what follows the prefix, at most so many. */
    messagesLike: (part: string, most: number) =>
      rows<{ id: string }>(
        `SELECT id FROM issues WHERE issue_type = 'message'
         AND (instr(substr(id, instr(id, '-') + 1), ?) > 0 OR instr(id, ?) = 1) ORDER BY id LIMIT ?`,
        ...[part, part, most],
      ).map(({ id }) => id),
    /** One at a time, the newest first: the caller stops where it has enough. */
    messages({ to, from, priority, thread, group, text, all, since, before }: MessageFilter): Iterable<KeptMessage> {
      const where = ["i.issue_type = 'message'"]
      const values: SQLInputValue[] = []
      const add = (condition: string, ...bound: SQLInputValue[]) => {
        where.push(condition)
        values.push(...bound)
      }
      if (!all) add("i.status = 'open'")
      if (to !== undefined) add('i.assignee = ?', to)
      // With `+` a few that are known by their label are not looked for among all that were sent.
      if (from !== undefined) add(group === undefined ? 'i.sender = ?' : '+i.sender = ?', from)
      if (priority !== undefined) add('i.priority = ?', priority)
      if (thread !== undefined)
        add('(i.id = ? OR i.id IN (SELECT issue_id FROM labels WHERE label = ?))', thread, `thread:${thread}`)
      if (text !== undefined)
        add('(instr(lower(i.title), lower(?)) > 0 OR instr(lower(i.description), lower(?)) > 0)', text, text)
      if (group !== undefined) add('i.id IN (SELECT issue_id FROM labels WHERE label = ?)', `group:${group}`)
      if (since !== undefined) add('i.created_at >= ?', since)
      if (before !== undefined) add('i.created_at < ?', before)
      return each(
        `SELECT ${columns} FROM issues i WHERE ${where.join(' AND ')} ORDER BY i.created_at DESC, i.id`,
        ...values,
      )
    },
    /** Unread, and of use for a time only. */
    expiring: () =>
      rows<KeptMessage>(
        `SELECT ${columns} FROM issues i INDEXED BY expiring
         WHERE issue_type = 'message' AND status = 'open' AND due_at IS NOT NULL ORDER BY due_at, id`,
      ),
    /** Out of its inbox before this moment (ISO 8601 in UTC), the first first. */
    oldMail: (before: string, most: number) =>
      rows<{ id: string }>(
        `SELECT id FROM issues INDEXED BY done_with
         WHERE issue_type = 'message' AND status = 'closed' AND closed_at < ?
         ORDER BY closed_at, id LIMIT ?`,
        before,
        most,
      ).map(({ id }) => id),
    isArchived: (id: string) => row('SELECT 1 FROM archived WHERE id = ?', id) !== undefined,
    /** Takes mail that is in the archive out of the store; its id is not given again. */
    dropMail(ids: readonly string[], by: string): void {
      written(() => {
        for (const id of ids) {
          run('DELETE FROM receipts WHERE mail = ?', id)
          run("DELETE FROM issues WHERE id = ? AND issue_type = 'message'", id)
          run('DELETE FROM events WHERE issue_id = ?', id)
          run('INSERT OR IGNORE INTO archived VALUES (?)', id)
          event(id, 'archived', by)
        }
      })
    },
    /** How far these have come, in the order of time. */
    receiptsOf: (ids: readonly string[]) =>
      rows<Receipt>(
        'SELECT r.* FROM receipts r JOIN json_each(?) wanted ON r.mail = wanted.value ORDER BY r.at',
        JSON.stringify(ids),
      ),
    /** What is said first of a step counts. Returns which were new. */
    putReceipts: (receipts: readonly Receipt[]): Receipt[] =>
      written(() =>
        receipts.filter((receipt) => {
          const isNew = keep(receipt)
          if (isNew) event(receipt.mail, receipt.step, receipt.by)
          return isNew
        }),
      ),
  }
}
