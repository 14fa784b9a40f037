// What the daemon's answers need of the town behind them; the composition root (town.ts) hands it in.
// Never: does anything.
import type { Host } from '../runtime/contract.ts'
import type { IssueReader } from './outlook.ts'
import type { shownOf } from './status.ts'

export interface TownBehind {
  root: string
  name: string
  version: string
  pid: number
  startedAt: number
  host: Host
  poke(): void
  issues: IssueReader
  rigs(): readonly string[]
  /** The rig whose beads carry this prefix. */
  rigOfIssue(id: string): string | undefined
  rig(name: string): ReturnType<typeof shownOf>
  /** What is wrong with configuration files, in words; the town goes on with what it had. */
  problems(): readonly string[]
  members(rig: string): { plugins: string[]; crew: string[] }
  tokenValid(address: string, epoch: number, token: string): boolean
  /** Ends every live session of this scope by its recorded identity; the last resort after asking. */
  endSessions(rig: string | null): Promise<string[]>
  rigAdded(rig: string): Promise<void>
  /** Reads the rigs' configuration files, and goes by those that can be used. */
  readAgain(): void
  /** Lets go of a rig and moves its folder aside; says where it is now. */
  removeRig(rig: string): Promise<string>
  newMailId(to: string, seed: string): string
  /** Called when the daemon is to end. */
  goDown(): void
}
