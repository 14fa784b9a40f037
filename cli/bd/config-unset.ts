// `bd config unset`: a setting less.
// Never: fails for one that is not set.
import { BeadsError } from '../../actors/beads/contract.ts'
import { command, isAgents, isOwnKey } from '../bd-command.ts'

export default command({
  name: 'config unset',
  summary: 'a setting less',
  usage: '<key>',
  writes: true,
  args: { key: { kind: 'text' } },
  run({ args: { key }, beads, actor, print }) {
    if (isOwnKey(key) || key === 'issue_prefix') throw new BeadsError(`${key} is no setting; nothing was written`)
    if (isAgents({ beads, actor })) throw new BeadsError('settings of a rig are the Overseer’s; nothing was written')
    beads.unsetConfig(key)
    print(
      () => ({ key }),
      () => [`Unset ${key}`],
    )
  },
})
