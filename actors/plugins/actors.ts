// Plugins that bring a machine of their own: `<rig>/plugins/<name>/actor.mjs` (or .js, .ts). Read once, when the town
// comes up, the rig is added, or the plugin is enabled. (spec: Plugins)
// Never: reads one that the Overseer has not enabled; lets a plugin promise more than its own program's run, or say
// more than mail, answers and notes.
import { pathToFileURL } from 'node:url'
import { type AnyStateMachine, and, assign, enqueueActions, not, or, raise, setup, stateIn } from 'xstate'
import { pluginOf } from '../../machines/address.ts'
import { hands, words } from '../../machines/profile.ts'
import type { Role } from '../../runtime/contract.ts'
import { ConfigUnusable } from '../config.ts'
import { actorFileOf, type Plugins, pluginsIn } from './enabled.ts'

/**
 * What `actor.mjs` exports by default: given xstate and the town's words, it returns a machine. Its input is `{ rig,
 * plugin }`; it hears `message.sent`
 * (`from`, `subject`, `body`, `mailId`, `at`), and may say `mail`, `reply` and `note` and invoke `runPlugin`.
 */
export type PluginActor = (kit: PluginKit) => AnyStateMachine

export type PluginKit = typeof kit

const kit = {
  xstate: { setup, assign, raise, enqueueActions, and, or, not, stateIn },
  /** For `setup({ actions })`. */
  words: { mail: words.mail, reply: words.reply, note: words.note },
  /** For `setup({ actors })`. */
  hands: { runPlugin: hands.runPlugin },
}

/**
 * The roles of a rig's plugins that bring a machine and may run; ConfigUnusable, with the file, when one cannot be
 * read.
 */
export async function pluginRolesOf(town: string, rig: string, plugins: Plugins): Promise<Role[]> {
  const roles: Role[] = []
  for (const name of pluginsIn(town, rig)) {
    const file = actorFileOf(town, rig, name)
    if (file !== undefined && (await plugins.state(rig, name)) === 'enabled')
      roles.push(pluginRole(rig, name, await loadPlugin(file)))
  }
  return roles
}

/** The place in the runtime of a plugin's own machine. */
export function pluginRole(rig: string, name: string, actor: PluginActor): Role {
  const address = pluginOf(rig, name)
  return {
    name: `plugin ${address}`,
    owns: (other) => other === address,
    machine: actor(kit),
    version: 1,
    input: () => ({ rig, plugin: name }),
    intensity: { crashesMax: 5, periodMs: 600_000 },
    accepts: ['message.sent'],
    ignores: ['message.sent'],
    promises: ['mail', 'reply', 'note', 'runPlugin'],
    mailboxLengthMax: 1000,
  }
}

/** What a plugin's file exports; ConfigUnusable, with the file, when that is no machine. */
export async function loadPlugin(file: string): Promise<PluginActor> {
  try {
    const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { default?: unknown }
    if (typeof module.default !== 'function') throw new Error('it exports no function by default')
    const machine = (module.default as PluginActor)(kit)
    if (typeof machine?.getInitialSnapshot !== 'function') throw new Error('its function returns no machine')
    return module.default as PluginActor
  } catch (error) {
    throw new ConfigUnusable(
      `${file} is no plugin actor: ${error instanceof Error ? error.message : error}. Mend it or move it away, then run the command again`,
    )
  }
}
