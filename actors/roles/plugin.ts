// A plugin's place in the runtime: a folder under `<rig>/plugins/` is the whole registration.
import { pluginIgnores, pluginMachine, pluginUnderstands } from '../../machines/plugin.ts'
import { role } from './role.ts'

export default role({
  name: 'plugin',
  owns: (at, town) => at.role === 'plugin' && town.hasPlugin(at.rig, at.name),
  machine: pluginMachine,
  version: 1,
  input: (at) => ({ rig: 'rig' in at ? at.rig : '', plugin: 'name' in at ? at.name : '' }),
  understands: pluginUnderstands,
  ignores: pluginIgnores,
})
