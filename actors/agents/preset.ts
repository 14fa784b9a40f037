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

export interface AgentPreset {
  name: string
  /** Program and arguments of a run, or why there can be none, in words. */
  launch(run: Launch): { argv: readonly string[] } | { why: string }
  /** How a supervisor speaks with it; absent: nobody speaks with it, and it is started as it is. */
  drive?: Driver
  /** What it cannot tell, or do, that others can: a sentence each, for people. */
  limits?: readonly string[]
}

export const preset = (declaration: AgentPreset) => declaration
