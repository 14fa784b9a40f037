// What the daemon's answers need of the town behind them; the composition root (town.ts) hands it in.
// Never: does anything.
import type { Mail } from '../actors/beads/mail.ts'
import type { Draft, Host } from '../runtime/contract.ts'
import type { IssueReader } from './outlook.ts'
import type { PluginDesk } from './plugins.ts'
import type { Spending, shownOf } from './status.ts'

export interface TownBehind extends Spending {
  root: string
  name: string
  version: string
  pid: number
  startedAt: number
  host: Host
  poke(): void
  /** Takes in mail that nobody waits for the effect of, all or none; resolves with its ids once it is committed. */
  take(drafts: readonly Draft[]): Promise<string[]>
  /** Throws a Refusal for a sender that sends too much mail. */
  paced(from: string, copies: number): void
  /** A mail as a store has it, longer than the mailbox; undefined: none has, or none that can be read now. */
  filed(id: string): Pick<Mail, 'thread'> | undefined
  /** How much unread mail somebody has; undefined while that cannot be read. */
  unread(address: string): number | undefined
  /** So much at most, but for what people and the town itself have to say. */
  unreadMax(): number
  issues: IssueReader
  rigs(): readonly string[]
  /** The rig whose beads carry this prefix. */
  rigOfIssue(id: string): string | undefined
  rig(name: string): ReturnType<typeof shownOf>
  /** The accounts of agents are others now, or which rigs may use them. */
  accountsChanged(): void
  /** What the town waits for, and what is wrong with configuration files and issues, in words; it goes on with what it can. */
  problems(): readonly string[]
  plugins: Pick<PluginDesk, 'trouble' | 'enable' | 'disable'>
  /** What cannot be done just now, because a disk is full or a file is locked, and is tried again by itself; in words. */
  waits(): readonly string[]
  /** What the daemon found when it began, and what it did about it, in words; empty after a town that was closed. */
  readonly found: readonly string[]
  /** Such a rig was here once. */
  isRemoved(rig: string): boolean
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
  /** Called when the daemon is to end, and with it every session, unless they are to go on. */
  goDown(how: { keepSessions: boolean }): void
}
