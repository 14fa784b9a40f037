// The plugins of a town that is up: who plays them, and what becomes of that when the Overseer enables or disables one.
// Never: plays one that is not enabled, or another than was enabled.

import { rigLayout } from '../actors/layout.ts'
import { loadPlugin, pluginRole } from '../actors/plugins/actors.ts'
import { actorFileOf, lookAt, openPlugins, type Plugins, pluginsIn } from '../actors/plugins/enabled.ts'
import { pluginOf } from '../machines/address.ts'
import type { Role } from '../runtime/contract.ts'

export interface PluginDesk extends Pick<Plugins, 'has' | 'trouble'> {
  /** Takes in the plugins of a rig; ConfigUnusable when the machine of one cannot be read. */
  read(rig: string): Promise<void>
  /** Which plugins do not run, and why, in words. */
  problems(rigs: readonly string[]): string[]
  /** `at once`, or at the `next gt up`, where another machine of it is in memory. ConfigUnusable when it cannot be. */
  enable(rig: string, name: string): Promise<{ counts: 'at once' | 'next gt up'; files: string[] }>
  /** false: it was not enabled. */
  disable(rig: string, name: string): boolean
}

/** `roles` is asked in its order by the host; machines of plugins are put in at its beginning, and taken out. */
export function openPluginDesk(town: string, roles: Role[]): PluginDesk {
  const plugins = openPlugins(town)
  /** What each machine in memory was read from; Node reads a file once. */
  const inMemory = new Map<string, string>()
  const changed = new Map<string, string>()
  const nameOfRole = (rig: string, name: string) => `plugin ${pluginOf(rig, name)}`
  const takeOut = (rig: string, name: string) => {
    const at = roles.findIndex((role) => role.name === nameOfRole(rig, name))
    if (at >= 0) roles.splice(at, 1)
  }
  const trouble = async (rig: string, name: string) => {
    const words = await plugins.trouble(rig, name)
    const address = pluginOf(rig, name)
    if (words !== undefined && plugins.has(rig, name)) changed.set(address, words)
    else changed.delete(address)
    return words
  }
  return {
    has: plugins.has,
    trouble,
    async read(rig) {
      for (const name of pluginsIn(town, rig)) {
        if (!plugins.has(rig, name) || (await trouble(rig, name)) !== undefined) continue
        const file = actorFileOf(town, rig, name)
        if (file === undefined) continue
        inMemory.set(pluginOf(rig, name), (await lookAt(rigLayout(town, rig).plugin(name))).hash)
        roles.unshift(pluginRole(rig, name, await loadPlugin(file)))
      }
    },
    problems: (rigs) => [
      ...rigs.flatMap((rig) =>
        pluginsIn(town, rig)
          .filter((name) => !plugins.has(rig, name))
          .map((name) => `${pluginOf(rig, name)} is not enabled: \`gt plugin enable ${rig}/${name}\` lets it run`),
      ),
      ...changed.values(),
    ],
    async enable(rig, name) {
      const looked = await lookAt(rigLayout(town, rig).plugin(name))
      const file = actorFileOf(town, rig, name)
      const address = pluginOf(rig, name)
      const isOther = file !== undefined && (inMemory.get(address) ?? looked.hash) !== looked.hash
      const role = file === undefined || isOther ? undefined : pluginRole(rig, name, await loadPlugin(file))
      plugins.enable(rig, name, looked, new Date())
      changed.delete(address)
      if (role) {
        takeOut(rig, name)
        roles.unshift(role)
        inMemory.set(address, looked.hash)
      }
      return { counts: isOther ? 'next gt up' : 'at once', files: looked.files }
    },
    disable(rig, name) {
      takeOut(rig, name)
      changed.delete(pluginOf(rig, name))
      return plugins.disable(rig, name)
    },
  }
}
