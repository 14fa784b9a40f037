// Which agent works, with which model, effort and program: said by the issue, by its rig for the role, by its rig, by
// the town for the role, by the town; the nearest goes before.
// Never: takes what was said of one agent for another one.
import type { Command } from '../commands.ts'
import type { RigConfig, TownConfig } from '../config.ts'

/** The roles that agents are run for. */
export type AgentRole = keyof RigConfig['roles']

export interface Choice {
  agent: string
  /** null: its own choice. */
  model: string | null
  effort: string | null
  /** What is run in place of its program. */
  worker: Command | undefined
  /** Who says which agent it is. */
  by: By
  /** The issue asks for something of its own. */
  ownChoice: boolean
}
type By = 'the issue' | 'the rig, for the role' | 'the rig' | 'the town, for the role' | 'the town' | 'nobody'

interface Level {
  by: By
  agent?: string | undefined
  model?: string | undefined
  effort?: string | undefined
  worker?: Command | undefined
}

/** What the town says of agents where a rig says nothing. */
export type TownChoice = Pick<TownConfig, 'agent' | 'model' | 'effort' | 'roles'>

/** Where nobody says which agent it is. */
const unsaid = 'shell'

export function chosen(role: AgentRole, labels: readonly string[], rig: RigConfig, town: TownChoice): Choice {
  const issue = { agent: labelled(labels, 'agent'), model: labelled(labels, 'model') }
  const levels: Level[] = [
    { by: 'the issue', ...issue },
    { by: 'the rig, for the role', ...rig.roles[role] },
    // A rig that names a program and no agent means just that program.
    { ...rig, by: 'the rig', agent: rig.agent ?? (rig.worker && unsaid) },
    { by: 'the town, for the role', ...town.roles[role] },
    { by: 'the town', agent: town.agent, model: town.model, effort: town.effort },
    { by: 'nobody', agent: unsaid },
  ]
  const agentFrom = (at: number) => levels.slice(at).find((level) => level.agent !== undefined) as Level
  const { agent = unsaid, by } = agentFrom(0)
  const ofIt = levels.filter((_, at) => agentFrom(at).agent === agent)
  return {
    ...{ agent, by },
    model: ofIt.find(({ model }) => model !== undefined)?.model ?? null,
    effort: ofIt.find(({ effort }) => effort !== undefined)?.effort ?? null,
    worker: ofIt.find(({ worker }) => worker !== undefined)?.worker ?? (agent === unsaid ? rig.worker : undefined),
    ownChoice: issue.agent !== undefined || issue.model !== undefined,
  }
}

/** `agent:codex`, `model:opus`: an issue may ask for another than its rig's. */
const labelled = (labels: readonly string[], what: string): string | undefined =>
  labels.find((label) => label.startsWith(`${what}:`))?.slice(what.length + 1)
