// The contract of an issue store: what an issue is, and what the town asks of whoever keeps them (embedded.ts today;
// a `bd` on the PATH may keep it too).
// Never: code but the error; answers may come at once or later.
/** What was asked for cannot be, in bd's own words. */
export class BeadsError extends Error {
  override name = 'BeadsError'
}

export interface Issue {
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
export interface Dependency {
  issue_id: string
  depends_on_id: string
  type: string
  created_at: string
  created_by: string
}
export interface NewIssue {
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
}
export interface IssueFilter {
  status?: readonly string[]
  type?: string
  assignee?: string
  priority?: number
  /** All of them. */
  labels?: readonly string[]
  /** Only issues under this one, all levels. */
  parent?: string
  /** Closed ones too. */
  all?: boolean
  limit?: number
}

export interface ReadyFilter {
  parent?: string
  assignee?: string
  unassigned?: boolean
  type?: string
  priority?: number
  labels?: readonly string[]
  limit?: number
}

/** How an embedded store is opened. */
export interface Opening {
  /** The database itself, wherever it is; else the one in the folder. */
  file?: string | undefined
  create?: boolean
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
  /** Every issue under an epic, all levels. */
  children(id: string): Awaitable<Issue[]>
  /** Open, unblocked, by priority, then age. */
  ready(filter?: ReadyFilter): Awaitable<Issue[]>
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
  /** Changes when somebody else has written. */
  dataVersion(): Awaitable<number>
}
