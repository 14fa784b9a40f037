// The roles that play in a town, read from its folder without a daemon: for replaying a journal and drawing lifecycles.
// Never: starts one.
import { bind } from '../actors/binding.ts'
import { factsOf, usableRigs } from '../actors/facts.ts'
import { pluginRolesOf } from '../actors/plugins/actors.ts'
import { openPlugins } from '../actors/plugins/enabled.ts'
import type { Role } from '../runtime/contract.ts'

/** Which agents work matters to nobody here. */
const nothingSaid = () => ({ roles: {} })

/** Plugins with a machine of their own come first, as in the daemon. Without a town: the roles every town has. */
export async function rolesOf(town: string | undefined): Promise<readonly Role[]> {
  if (town === undefined)
    return bind({ facts: factsOf('', () => new Map(), { has: () => false }, nothingSaid), prefixOf: () => '' }).roles
  const rigs = usableRigs(town)
  const plugins = openPlugins(town)
  const facts = factsOf(town, () => rigs, plugins, nothingSaid)
  const own = await Promise.all([...rigs.keys()].map((rig) => pluginRolesOf(town, rig, plugins)))
  return [...own.flat(), ...bind({ facts, prefixOf: () => '' }).roles]
}
