// `bd config set`: a setting of this store.
// Never: whose it is, or what its ids begin with; those are not for a setting.
import { BeadsError } from '../../actors/beads/contract.ts'
import { command, isAgents } from '../bd-command.ts'

/** Kept among the settings, and none. */
const own = ['identity', 'issue_prefix', 'issue-prefix', 'sync.base']

export default command({
  name: 'config set',
  summary: 'a setting of this store: types.custom, status.custom, validation.on-create, …',
  usage: '<key> <value>',
  writes: true,
  args: { key: { kind: 'text' }, value: { kind: 'text' } },
  run({ args: { key, value }, beads, actor, print }) {
    if (own.includes(key))
      throw new BeadsError(
        `${key} is no setting${!key.startsWith('issue') ? '' : ': `bd rename-prefix <prefix>-` changes it'}; nothing was written`,
      )
    if (isAgents({ beads, actor })) throw new BeadsError('settings of a rig are the Overseer’s; nothing was written')
    beads.setConfig(key, value)
    print(
      () => ({ key, value }),
      () => [`Set ${key} = ${value}`],
    )
  },
})
