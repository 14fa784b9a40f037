// The contract of an issue store: what an issue is, and what the town asks of whoever keeps them (embedded.ts, or
// a real `bd` by way of real/).
// Never: code but the error; answers may come at once or later.
/** What was asked for cannot be, in bd's own words. */
export class BeadsError extends Error {
  override name = 'BeadsError'
  /** SQLite's own number, where these are its words: a full disk and a lock pass, and are known by it. */
  errcode?: number
}

export interface Issue extends Partial<Details> {
  id: string
  title: string
  description: string
  design: string
  acceptance_criteria: string
  notes: string
  status: string
  priority: number
  issue_type: string
  assignee: string | null
  created_at: string
  updated_at: string
  closed_at: string | null
  close_reason: string
  external_ref: string | null
  sender: string | null
}
/** What few issues have: null, or 0, when they have it not. Times as ISO 8601 in UTC. */
export interface Details {
  estimated_minutes: number | null
  created_by: string | null
  /** When somebody first began it. */
  started_at: string | null
  due_at: string | null
  /** Not ready before. */
  defer_until: string | null
  /** When its holder last said that it is at it, and until when that counts. */
  heartbeat_at: string | null
  lease_expires_at: string | null
  /** Of the session that holds it, where one does: a later one of the same name may take it, an earlier one not. */
  claimed_epoch: number | null
  ephemeral: 0 | 1
  /** A JSON object. */
  metadata: string | null
  /** A JSON object: what other programs wrote of it and this one does not know. */
  extra: string | null
  /** It, or something that it is a part of, waits for what is not done. */
  waits: 0 | 1
}
export interface Comment {
  id: string
  issue_id: string
  author: string
  text: string
  created_at: string
  extra?: string | null
}
export interface Dependency {
  issue_id: string
  depends_on_id: string
  type: string
  created_at: string
  created_by: string
  extra?: string | null
}
export interface NewIssue extends Partial<Omit<Details, 'extra' | 'waits' | 'claimed_epoch' | 'started_at'>> {
  id?: string
  title: string
  description?: string
  design?: string
  acceptance_criteria?: string
  notes?: string
  priority?: number
  issue_type?: string
  assignee?: string | null
  sender?: string | null
  external_ref?: string | null
  status?: string
  parent?: string
  labels?: readonly string[]
  deps?: readonly { type: string; id: string }[]
}
export interface NewMessage {
  id: string
  title: string
  description: string
  priority: number
  assignee: string
  sender: string
  labels: readonly string[]
  at: Date
  /** Of no use after that. */
  expiresAt?: Date | undefined
  delivered?: Receipt
  /** It is out of its inbox from the beginning, and why. */
  closedAs?: string | undefined
}
/**
 * How far a message has come: it is in its inbox; it was put before its reader; it was opened; its reader says that it
 * is dealt with; or it was of no use any more before it was read. (spec: Mail)
 */
export type ReceiptStep = 'delivered' | 'shown' | 'read' | 'acked' | 'expired'
export interface Receipt {
  mail: string
  step: ReceiptStep
  /** ISO 8601 in UTC. */
  at: string
  by: string
  /** Proves that the town says so. */
  seal: string
}
/** What may be changed of one that is there. */
export type Changes = Partial<
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
    | 'external_ref'
    | 'estimated_minutes'
    | 'due_at'
    | 'defer_until'
    | 'metadata'
    | 'ephemeral'
  >
>
/** Times are ISO 8601 in UTC; what a text is to contain, in any case. */
export interface IssueFilter {
  ids?: readonly string[]
  status?: readonly string[]
  notStatus?: readonly string[]
  /** Closed ones too. */
  all?: boolean
  types?: readonly string[]
  notTypes?: readonly string[]
  assignee?: string
  unassigned?: boolean
  priority?: number
  priorityMin?: number
  priorityMax?: number
  /** All of them. */
  labels?: readonly string[]
  /** One of them at least. */
  labelsAny?: readonly string[]
  noLabels?: boolean
  notLabels?: readonly string[]
  /** Only issues under this one, all levels. */
  parent?: string
  /** Only its own parts. */
  partOf?: string
  noParent?: boolean
  title?: string
  titleContains?: string
  descriptionContains?: string
  notesContains?: string
  emptyDescription?: boolean
  /** In its id, title or description. */
  text?: string
  createdAfter?: string
  createdBefore?: string
  updatedAfter?: string
  updatedBefore?: string
  closedAfter?: string
  closedBefore?: string
  /** What can be worked on now. */
  ready?: boolean
  /** In what waits for something, too: for those that are not done. */
  blocked?: boolean
  /** Metadata fields with these values, as JSON or as words. */
  metadata?: Readonly<Record<string, string>>
  sort?: Sort
  reverse?: boolean
  limit?: number
}
export const sorts = [
  'priority',
  'created',
  'updated',
  'closed',
  'status',
  'id',
  'title',
  'type',
  'assignee',
  'hybrid',
  'oldest',
] as const
/** `hybrid`: what is younger than two days by priority, then the rest by age. */
export type Sort = (typeof sorts)[number]

/** Where a piece of work stands: `free` for anybody, `open` but not to be had, `closed`, or closed because it `landed`. */
export type Standing = 'free' | 'open' | 'closed' | 'landed'
export interface Progress {
  total: number
  /** Not closed. */
  open: number
  /** Closed, and not by the town with its work on main. */
  closed: number
  landed: number
}
export type Startable = Pick<Issue, 'id' | 'priority' | 'created_at'>
/** Work under any of these epics, at all levels, and any of these issues. */
export interface Wanted {
  epics: readonly string[]
  issues: readonly string[]
  /** Not these. */
  except: readonly string[]
  /** Closed, but what waits for them is to wait still. */
  notDone: readonly string[]
  /** Neither these issues nor what these epics directly hold. */
  usedUp?: readonly string[]
  most: number
}

/** Whose a store is, written when it is made: no other town's and no other rig's is taken for it. */
export interface Identity {
  /** When the town was made, and when the rig was added (or again the town), as their files say. */
  town: string
  since: string
  /** null: the town's own. */
  rig: string | null
}

/** How an embedded store is opened. */
export interface Opening {
  /** The database itself, wherever it is; else the one in the folder. */
  file?: string | undefined
  /** Whose it must be. */
  expect?: Identity | undefined
  /** Nothing can be written through it. */
  readonly?: boolean
  now?: () => Date
  /** How long somebody else's lock is waited for, in milliseconds; nothing else is done meanwhile. */
  busyMs?: number | undefined
}

type Awaitable<T> = T | Promise<T>

/** What the town's roles need. Every write is atomic and may be repeated; two writers of one issue never both win. */
export interface TownIssues {
  get(id: string): Awaitable<Issue | undefined>
  labels(id: string): Awaitable<string[]>
  parentOf(id: string): Awaitable<string | null>
  /** The issue, and everything it is a part of, at all levels. */
  lineage(id: string): Awaitable<string[]>
  /** What may start: open, unassigned, waiting for nothing; by priority, then age. Costs the same however much there is. */
  next(wanted: Wanted): Awaitable<Startable[]>
  /** What holders below this address have begun, and what nobody has that is blocked and bears this label. */
  inHands(below: string, label: string): Awaitable<Issue[]>
  /** Those of these epics that have work under them, at any level, that is not closed. */
  unfinished(epics: readonly string[]): Awaitable<string[]>
  /** How far the work under an epic is, all levels. */
  progress(epic: string): Awaitable<Progress>
  /** Ids of work under an epic that stands so, the most urgent first, then the oldest. */
  parts(epic: string, state: Standing, most: number): Awaitable<string[]>
  /** Epics under this one, all levels, that are not closed. */
  openEpics(id: string): Awaitable<string[]>
  /** The open issues an issue waits for, its parents' included. */
  blockers(id: string): Awaitable<Issue[]>
  /** What it waits for, its parents' waits included, done or not. */
  waitsFor(id: string): Awaitable<string[]>
  /** Who closed it last; null when nobody did, or nobody knows. */
  closedBy(id: string): Awaitable<string | null>
  /**
   * One holder an issue. `null`: claimed, also when this holder has it, or when `previous` had it, also closed it by
   * itself; else why not.
   */
  claim(
    id: string,
    holder: string,
    from?: { previous?: string | null; alsoLabel?: string },
  ): Awaitable<{ held: string } | { unavailable: string } | null>
  /** Its holder is at it still: the claim counts for another while. Absent: claims have no end by themselves. */
  heartbeat?(id: string, holder: string): Awaitable<unknown>
  update(
    id: string,
    changes: Partial<Pick<Issue, 'status' | 'assignee' | 'notes' | 'close_reason'>>,
    actor: string,
  ): Awaitable<Issue>
  addDep(id: string, on: string, type: string, actor: string): Awaitable<void>
  addLabel(id: string, label: string): Awaitable<void>
  closeIssue(id: string, reason: string, actor: string, force?: boolean): Awaitable<Issue>
  /** Messages under ids of the sender's choosing, all or none; false for one that is there already. */
  createMessages(messages: readonly NewMessage[]): Awaitable<boolean[]>
  /** Unread messages to somebody that bear this label, and how many there are with any. */
  unreadWith(to: string, label: string): Awaitable<(Issue & { labels: string | null })[]>
  inboxLength(to: string): Awaitable<number>
  /** What is said first of a step counts, also of a mail that is not filed yet. Returns which were new. */
  putReceipts(receipts: readonly Receipt[]): Awaitable<Receipt[]>
  /** Changes when somebody else has written. */
  dataVersion(): Awaitable<number>
}
