// The environment of a session, built from nothing: who it is, its own git configuration, and nothing that would ask a
// person, who is not there.
// Never: passes on anything of the daemon's environment that is not on a list; lets an agent write the Overseer's
// own configuration.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { EffectInput } from '../../machines/effects.ts'
import { underAccount } from '../accounts.ts'
import type { AgentPreset } from '../agents/preset.ts'
import { backedBy, storeVariables } from '../beads/real/where.ts'
import type { Command } from '../commands.ts'
import type { RigConfig } from '../config.ts'
import { type Environment, sessionEnv } from '../environment.ts'
import { writePassing } from '../files.ts'
import { rigLayout, townLayout } from '../layout.ts'
import { tokenFor } from './identity.ts'
import { stateOf } from './state.ts'

export interface SessionIdentity {
  town: string
  secret: string
  /** The daemon's. */
  env: Environment
}

/** Of a preset; and what is run in place of its program. */
export type AgentVariables = Pick<AgentPreset, 'keys' | 'passes' | 'env'> & { worker: Command | undefined }

/** Of a session that is started, what its environment tells. */
type SessionOf = Pick<EffectInput<'startSession'>, 'rig' | 'polecat' | 'address' | 'epoch'> & { issue: { id: string } }

/**
 * `agent`: what it needs of the daemon's, and has of its own. The rig's own variables are stronger than what keeps git
 * quiet, and weaker than its account's and than who the session is.
 */
export function environmentOf(
  { town, secret, env }: SessionIdentity,
  rig: RigConfig,
  input: SessionOf,
  dir: string,
  { keys = [], passes = [], env: ofPreset, worker }: AgentVariables = { worker: rig.worker },
  account: Record<string, string> | undefined = undefined,
): Record<string, string> {
  const name = `${input.polecat} (${input.rig})`
  const email = `${input.polecat}@${input.rig}.gastown.invalid`
  const layout = townLayout(town)
  const own = { ...sessionEnv(env, [...passes, ...rig.extra_env]), ...ofPreset, ...rig.env, ...worker?.env }
  return {
    ...quiet,
    ...(rig.sign ? {} : unsigned),
    GIT_CONFIG_GLOBAL: gitConfigOf(dir, env),
    ...(account ? underAccount(own, { keys }, account) : own),
    PATH: [layout.shims, rig.env.PATH ?? env.PATH ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter),
    GT_TOWN: town,
    GT_RIG: input.rig,
    GT_ROLE: 'polecat',
    GT_ADDRESS: input.address,
    GT_EPOCH: String(input.epoch),
    GT_TOKEN: tokenFor(secret, input.address, input.epoch),
    GT_ISSUE: input.issue.id,
    GT_ASSIGNMENT: join(dir, 'assignment.json'),
    GT_STATE: stateOf(dir),
    BEADS_DIR: rigLayout(town, input.rig).beads,
    BEADS_NO_DAEMON: '1',
    BD_ACTOR: input.address,
    ...realStore(town, input.rig, input.address),
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  }
}

/** Where a real `bd` keeps the issues, its own folder: whichever `bd` an agent finds works on that. */
function realStore(town: string, rig: string, address: string): Record<string, string> {
  const backed = backedBy(town, rig)
  return backed ? storeVariables(backed.dir, backed.names.out(address)) : {}
}

/** No pager, no editor, no prompt: each would wait for somebody. */
const quiet = {
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  EDITOR: 'true',
  VISUAL: 'true',
  GIT_EDITOR: ':',
  GIT_SEQUENCE_EDITOR: ':',
  GIT_MERGE_AUTOEDIT: 'no',
  GIT_TERMINAL_PROMPT: '0',
}

/** As variables, which no configuration of a repository or a user overrides. */
const unsigned = {
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'commit.gpgsign',
  GIT_CONFIG_VALUE_0: 'false',
  GIT_CONFIG_KEY_1: 'tag.gpgsign',
  GIT_CONFIG_VALUE_1: 'false',
}

/**
 * A git configuration in this folder that includes the Overseer's: identity, aliases and credentials work, and
 * `git config --global` changes nobody's but this one. Returns its path.
 */
export function gitConfigOf(dir: string, env: Environment): string {
  const path = join(dir, 'gitconfig')
  const quoted = (file: string) => `"${file.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  const includes = globalConfigs(env).map((file) => `[include]\n\tpath = ${quoted(file)}\n`)
  if (!existsSync(path)) writePassing(path, includes.join(''), 0o600)
  return path
}

/** Where git looks for a user's configuration, in its order. */
function globalConfigs({ GIT_CONFIG_GLOBAL, XDG_CONFIG_HOME, HOME }: Environment): string[] {
  if (GIT_CONFIG_GLOBAL !== undefined) return GIT_CONFIG_GLOBAL === '' ? [] : [GIT_CONFIG_GLOBAL]
  const config = XDG_CONFIG_HOME || (HOME && join(HOME, '.config'))
  return [...(config ? [join(config, 'git/config')] : []), ...(HOME ? [join(HOME, '.gitconfig')] : [])]
}
