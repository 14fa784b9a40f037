// What the Overseer runs in a worker's place: in its worktree, with what its session finds around it.
// Never: hands out the session's token. What a command of the Overseer's starts there is nobody who may change the
// town, for whoever writes the files there may have written it too; an agent's own program, in whosever terminal it is,
// belongs to that session and ends with it.
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { polecatOf } from '../../machines/address.ts'
import { accountsIn, variablesOf } from '../accounts.ts'
import type { RigConfig } from '../config.ts'
import type { Environment } from '../environment.ts'
import { metaOf } from '../ledger/sessions.ts'
import { type Mark, markOf } from '../processes.ts'
import type { LastRun } from './last-run.ts'
import { type AgentVariables, environmentOf } from './variables.ts'

export interface Beside {
  /** The whole environment; nothing is inherited. */
  env: Record<string, string>
  /** What all of it bears. */
  mark: Mark
}

interface Place {
  town: string
  rig: RigConfig
  polecat: string
  run: LastRun
  /** The person's environment, of which they have what a session has of the daemon's. */
  env: Environment
  /** What the agent's program needs of theirs, and has of its own. */
  agent?: AgentVariables
}

/** A command of the Overseer's: one of the town's programs, which may only look. */
export function commandBeside(place: Place): Beside {
  const name = `${place.run.worktree}#${randomUUID()}`
  return { env: { ...variables(place), GT_RUN: name }, mark: markOf('GT_RUN', name) }
}

/** An agent's program in a person's terminal: a part of that session. */
export function agentBeside(place: Place): Beside {
  const { dir } = place.run
  const tmux = join(dir, 'tmux')
  mkdirSync(tmux, { recursive: true, mode: 0o700 })
  const env = { ...variables(place), GT_SESSION: dir, TMUX_TMPDIR: tmux }
  return { env, mark: markOf('GT_SESSION', dir) }
}

function variables({ town, rig, polecat, run, env, agent }: Place): Record<string, string> {
  const { dir, epoch, assignment } = run
  const session = { rig: rig.name, polecat, address: polecatOf(rig.name, polecat), epoch }
  const issue = { id: assignment?.issue.id ?? '' }
  // An agent can write its name: it is somebody's of this town, or none.
  const name = metaOf(dir)?.account ?? ''
  const account = agent && accountsIn(town).includes(name) ? variablesOf(town, name) : undefined
  const who = { town, secret: '', env }
  const { GT_TOKEN: _, ...rest } = environmentOf(who, rig, { ...session, issue }, dir, agent, account)
  return rest
}
