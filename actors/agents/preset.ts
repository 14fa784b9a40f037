// The contract of an agent preset: how one kind of agent is driven. One file a preset beside this one; presets.ts
// lists them.
// Never: starts anything; a preset is a description, sessions/ starts it.
import type { Driver } from './driver.ts'

/** What a preset is told of the run it describes. */
export interface Launch {
  /** The rig's own words for its worker: program and arguments; undefined when it has none. */
  worker: readonly string[] | undefined
  /** The Node the town runs on. */
  node: string
}

/** Versions of a program, each written with dots: from the first on, below the second. */
export interface Versions {
  from: string
  below: string
}

export interface AgentPreset {
  name: string
  /** What it is, in a few words. */
  about: string
  /** What its program is called on the PATH; absent: what the rig says. */
  program?: string
  /** Where the program comes from, in words. */
  from?: string
  /** Those it was tried with. */
  tried?: Versions
  /** Variables of the Overseer's that it needs to work at all: any one of them. It may have logged in otherwise. */
  keys?: readonly string[]
  /** All the variables that its sessions get from the Overseer's environment; keys among them. */
  passes?: readonly string[]
  /** Variables that its sessions get, with these values. */
  env?: Readonly<Record<string, string>>
  /** How long its sessions may be silent, in milliseconds; absent: as its rig says. */
  hangAfterMs?: number
  /** From how much of its context, in percent, it is asked to begin a new conversation; absent: as its rig says. */
  cycleAtPercent?: number
  /** Program and arguments of a run, or why there can be none, in words. */
  launch(run: Launch): { argv: readonly string[] } | { why: string }
  /** How a supervisor speaks with it; absent: nobody speaks with it, and it is started as it is. */
  drive?: Driver
  /** Arguments by which a person goes on with a conversation in their own terminal; absent: nobody can. */
  resumeByHand?(conversation: string): readonly string[]
  /** What it cannot tell, or do, that others can: a sentence each, for people. */
  limits?: readonly string[]
}

export const preset = (declaration: AgentPreset) => declaration
