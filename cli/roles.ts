// The roles that play in a town, read from its folder without a daemon: for replaying a journal and drawing lifecycles.
// Never: starts one.
import { bind } from '../actors/binding.ts'
import { factsOf, usableRigs } from '../actors/facts.ts'
import { pluginRolesOf } from '../actors/plugins/actors.ts'
import type { Role } from '../runtime/contract.ts'

/** Plugins with a machine of their own come first, as in the daemon. Without a town: the roles every town has. */
export async function rolesOf(town: string | undefined): Promise<Role[]> {
  const rigs = town === undefined ? new Map() : usableRigs(town)
  const facts = { ...factsOf(town ?? '', () => rigs), hasCrew: () => true }
  const plugins = await Promise.all([...rigs.keys()].map((rig: string) => pluginRolesOf(town as string, rig)))
  return [...plugins.flat(), ...bind({ facts, prefixOf: () => '' }).roles]
}
