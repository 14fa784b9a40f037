// What the daemon answers over its socket: one method a line, types only, so that the fast commands import nothing at
// run time.
// Never: code. The door (door.ts) parses parameters; the client (client.ts) sends them.

/** One JSON line from the client. Lines end with `\n`. */
export interface Request {
  v: 1
  /** Chosen by the client; the same id sent twice is carried out once. */
  id: string
  method: keyof Methods
  params: unknown
  /** Who an agent's session says it is (GT_ADDRESS, GT_EPOCH, GT_TOKEN); null: the Overseer. */
  caller: { address: string; epoch: number; token: string } | null
  cwd: string
}

/** Lines from the daemon: any number of events, then one answer; `follow` methods answer when the town goes down. */
export type Response =
  | { event: unknown }
  | { ok: true; data: unknown }
  | { ok: false; error: { code: 'refused' | 'usage' | 'unreachable' | 'internal'; message: string } }

export interface Methods {
  ping: { params: Record<string, never>; data: { version: string; pid: number; town: string; startedAt: number } }
  status: { params: Record<string, never>; data: Status }
  /**
   * Exactly one of epic and issue. `text` says who works on it or why nobody does; refused when an issue is held by
   * someone.
   */
  spawn: { params: { epic?: string; issue?: string; fresh?: boolean }; data: { rig: string; text: string } }
  /** Where an epic or issue stands; `gt wait` asks again after every event of `follow`. */
  outlook: { params: { id: string }; data: Outlook }
  /** By a polecat only. Answers when the Witness may take over, refused with what is still to do. */
  handoff: { params: Record<string, never>; data: { text: string } }
  polecats: { params: { rig: string }; data: Polecat[] }
  queueList: { params: { rig: string }; data: QueueEntry[] }
  /** Hands a polecat's committed work to the Refinery, as `gt handoff` would, without ending the worker. */
  queueAdd: { params: { rig: string; polecat: string }; data: { text: string } }
  refineryProcess: { params: { rig: string }; data: { text: string } }
  sessions: { params: { rig?: string }; data: Session[] }
  sessionStop: { params: { address: string }; data: { text: string } }
  /** Kills every session of the town or of one rig; nothing starts again until `resume`. */
  stop: { params: { rig?: string }; data: { stopped: string[] } }
  /** Lets stopped rigs work again (what `gt up` does after the daemon serves). */
  resume: { params: Record<string, never>; data: { resumed: string[]; pid: number } }
  /** Ends the daemon. Sessions are stopped, their work kept for the next `gt up`, unless keepSessions. */
  down: { params: { keepSessions?: boolean }; data: { stopped: string[]; pid: number } }
  send: {
    params: { to: string; subject: string; body: string; priority?: number; replyTo?: string }
    data: { id: string; to: string }
  }
  log: {
    params: { last?: number; address?: string; issue?: string; after?: number; sinceMs?: number }
    data: LogEntry[]
  }
  /** Stream: an event `{ entries: LogEntry[] }` after every commit. */
  follow: { params: { after?: number; address?: string; issue?: string }; data: null }
  /** A rig was added on disk. */
  rigAdded: { params: { rig: string }; data: null }
}

export interface Status {
  town: { name: string; root: string; version: string; pid: number; startedAt: number; stopped: boolean }
  rigs: RigStatus[]
  escalations: Escalation[]
  /** Mail waiting, effects under way. */
  depth: { mail: number; effects: number; timers: number; dead: number }
}

export interface RigStatus {
  name: string
  prefix: string
  stopped: boolean
  /** Names of the gates; empty with `gated: false` for a rig that says `--no-gate`. */
  gates: string[]
  gated: boolean
  workers: { busy: number; max: number }
  wanted: { epics: string[]; issues: string[] }
  polecats: Polecat[]
  queue: QueueEntry[]
  /** Newest first, at most 20. */
  landed: { issue: string; title: string; commit: string; at: number }[]
}

export interface Polecat {
  address: string
  name: string
  rig: string
  issue: string
  title: string
  /** State of its machine, in words of the machine: `working`, `pending_shutdown` … */
  state: string
  since: number
  attempt: number
  session: Session | null
}

export interface Session {
  address: string
  id: string
  backend: 'tmux' | 'process'
  pid: number
  epoch: number
  state: string
  dir: string
  issue: string
}

export interface QueueEntry {
  position: number
  issue: string
  title: string
  polecat: string
  branch: string
  sha: string
  priority: number
  /** `queued`, or what the Refinery does with it now: `building`, `testing`, `landing`, `confirming`, `closing`. */
  state: string
}

export interface Escalation {
  cause: string
  rig: string
  issue: string | null
  subject: string
  body: string
  at: number
}

export interface Outlook {
  id: string
  kind: 'landed' | 'working' | 'needs-overseer' | 'idle'
  total: number
  landed: number
  /** Titles and states of what is not landed. */
  open: { id: string; title: string; status: string }[]
  /** What the Overseer must decide, in words. */
  needs: { subject: string; body: string }[]
  text: string
}

export interface LogEntry {
  seq: number
  at: number
  address: string
  mailId: string
  mailType: string
  from: string
  causeId: string | null
  before: string
  after: string
  notes: { text: string; issue: string | null }[]
  promised: string[]
}
