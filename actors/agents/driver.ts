// The contract of a driver: how a supervisor speaks with one kind of agent, in the way that its program offers itself.
// Never: decides what is said; tells what it does not know.
import type { Fact } from './evidence.ts'

/** What a supervisor is given to drive. */
export interface Run {
  /** The agent's program and the arguments that come before the driver's own. */
  argv: readonly string[]
  cwd: string
  env: Readonly<Record<string, string>>
  /** A folder of the driver's own, where no worktree sees it. */
  dir: string
  /** What the conversation is called: a uuid when it begins; when it goes on, what `started` told. */
  conversation: string
  /** It began in an earlier run, and is to go on. */
  resumed: boolean
  /** What the agent is told of its role, once, beside the words of the conversation. */
  role: string
  /** Files of instructions that are not for it. */
  notForIt: readonly string[]
  model: string | null
  effort: string | null
}

/** An agent that is there. */
export interface Agent {
  /** Hands words over; what becomes of them is told as facts with this id (a uuid). */
  say(id: string, text: string): void
  /** Stops the turn that is on, if there is one; the conversation goes on. */
  interrupt(): void
  /** Ends it politely, by its own protocol; resolves when its program is gone, or has not gone for `graceMs`. */
  end(graceMs: number): Promise<void>
  /** Its program has ended, in whatever way; told as a fact before. */
  readonly over: Promise<void>
}

export type Driver = (run: Run, tell: (fact: Fact) => void) => Agent
