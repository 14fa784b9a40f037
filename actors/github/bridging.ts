// What is asked of the bridge, and what it tells.
// Never: does any of it.
import type { Issue } from '../beads/contract.ts'
import type { Client } from './client.ts'
import type { RemoteIssue } from './shapes.ts'

export interface Bridging {
  client: Client
  /** `owner/name`. */
  repository: string
  actor: string
  pull: boolean
  push: boolean
  /** Only tells what would be done. */
  dry: boolean
  /** Whose change counts where both changed a field; the later one when nothing is said. */
  prefer?: 'local' | 'github' | undefined
  /** Which of GitHub's are filed here that are not yet. */
  state: 'open' | 'closed' | 'all'
  /** Of what is here, these only are put there. */
  only?: readonly string[] | undefined
}

export interface Bridged {
  pulled: { created: string[]; updated: string[]; comments: number }
  pushed: { created: string[]; updated: string[]; comments: number }
  /** Fields that both sides had changed, and which side counted. */
  conflicts: { id: string; field: string; kept: 'local' | 'github' }[]
  /** What was left as it is, and why. */
  skipped: { id: string; why: string }[]
}

/** Whose edit counts, of a field that both changed. */
export const isLater = ({ prefer }: Bridging, { updated_at: here }: Issue, { updated_at: there }: RemoteIssue) =>
  prefer ?? (Date.parse(here) > Date.parse(there) ? ('local' as const) : ('github' as const))
