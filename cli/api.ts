// What goes over the daemon's socket: one request and its answer as lines of JSON, and the shapes that several answers
// share. What each word asks and is answered is in its own file (words/).
// Never: code; the fast commands import nothing of it at run time.
import type { Spent } from '../actors/ledger/spent.ts'

/** One JSON line from the client. Lines end with `\n`. */
export interface Request {
  v: 1
  /** Chosen by the client; the same id sent twice is carried out once. */
  id: string
  method: string
  params: unknown
  /** Who an agent's session says it is (GT_ADDRESS, GT_EPOCH, GT_TOKEN); null: the Overseer. */
  caller: { address: string; epoch: number; token: string } | null
  /** The client's own number; the daemon has it proved (peer.ts). */
  pid: number
  cwd: string
}

/**
 * Lines from the daemon: any number of events, then one answer. While it works on the answer it says so every
 * `beatMs`: a daemon that says nothing at all is not there. `prove`: the client takes this name in /proc, and says so
 * with the line `{"proved":"<name>"}`.
 */
export type Response =
  | { beat: true }
  | { prove: string }
  | { event: unknown }
  | { ok: true; data: unknown }
  | { ok: false; error: { code: 'refused' | 'usage' | 'internal'; message: string } }

export interface Status {
  town: { name: string; root: string; version: string; pid: number; startedAt: number; stopped: boolean }
  rigs: RigStatus[]
  escalations: Escalation[]
  /** What is wrong with configuration files, in words. */
  problems: string[]
  /** Mail waiting, effects under way. */
  depth: { mail: number; effects: number; timers: number; dead: number }
}

export interface RigStatus {
  name: string
  prefix: string
  stopped: boolean
  /** What its agents lack: a key (or credit, or a program), or an allowance that is used up for a while. */
  lacks: 'key' | 'allowance' | null
  /** Names of the gates; empty with `gated: false` for a rig that says `--no-gate`. */
  gates: string[]
  gated: boolean
  workers: { busy: number; max: number }
  wanted: { epics: string[]; issues: string[] }
  polecats: Polecat[]
  queue: QueueEntry[]
  /** Newest first, at most 20. */
  landed: { issue: string; title: string; commit: string; at: number }[]
  /** What it has used today; not there when that is nothing. */
  spent?: Spent
}

export interface Polecat {
  address: string
  name: string
  rig: string
  issue: string
  title: string
  /** State of its machine, in words of the machine: `working`, `pending_shutdown` …; or what it waits for. */
  state: string
  since: number
  attempt: number
  session: Session | null
  /** The account it works under; not there where that is what the environment says. */
  account?: string
  /** What its issue has used, all its workers together; not there when that is nothing. */
  spent?: Spent
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
  /** `unchanged`: over, and what is not on main needed no change; `closed`: over, and somebody closed some without. */
  kind: 'landed' | 'unchanged' | 'closed' | 'working' | 'needs-overseer' | 'idle'
  total: number
  landed: number
  /** How many are neither landed nor closed without. */
  remaining: number
  /** The first of these, at most 20. */
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
