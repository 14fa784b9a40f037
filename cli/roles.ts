// The roles that play in a town, read from its folder without a daemon: for replaying a journal and drawing lifecycles.
// Never: starts one.
import { existsSync } from 'node:fs'
import { bind } from '../actors/binding.ts'
import { limitsOf, readConfig, rigConfig, rigsConfig } from '../actors/config.ts'
import { rigLayout, townLayout } from '../actors/layout.ts'
import { pluginRolesOf } from '../actors/plugins/actors.ts'
import type { Role } from '../runtime/contract.ts'

/** Plugins with a machine of their own come first, as in the daemon. Without a town: the roles every town has. */
export async function rolesOf(town: string | undefined): Promise<Role[]> {
  const rigs = town === undefined ? [] : Object.keys(readConfig(townLayout(town).rigsJson, rigsConfig).rigs)
  const facts = {
    rigs: () => rigs,
    rig: (name: string) => limitsOf(readConfig(rigLayout(town ?? '', name).config, rigConfig)),
    hasPlugin: (rig: string, name: string) => existsSync(rigLayout(town ?? '', rig).plugin(name)),
    hasCrew: () => true,
  }
  const plugins = town === undefined ? [] : (await Promise.all(rigs.map((rig) => pluginRolesOf(town, rig)))).flat()
  return [...plugins, ...bind({ facts, prefixOf: () => '' }).roles]
}
