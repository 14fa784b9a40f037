// What the rooms of git are told of a rig and of a worker's place in it.
// Never: does anything.

import type { EffectInput } from '../../machines/effects.ts'

/** An issue's work that waits to be put on main. */
export type Member = EffectInput<'buildCandidate'>['members'][number]

export interface Place {
  rig: string
  polecat: string
  incarnation: number
  branch: string
}
export interface RigGit {
  town: string
  defaultBranch(rig: string): string
  /** Where origin is, by the rig's own configuration. */
  url(rig: string): string
  /** How the work of an issue is put on main; a merge commit when nothing is said. */
  mergeStyle?(rig: string): MergeStyle
  /** How long an origin may say nothing, in milliseconds. */
  silentMaxMs?: number
  /** main has another name on origin now, and config.json says so already: `defaultBranch` is to say it at once. */
  branchRenamed?(rig: string, branch: string): void
  /** Trouble that the work at hand goes on with. */
  report?(error: unknown): void
}
export type MergeStyle = 'merge' | 'squash' | 'rebase'

/** How long an origin may say nothing, in milliseconds. */
export const silentMaxMs = (deps: RigGit): number => deps.silentMaxMs ?? 120_000
