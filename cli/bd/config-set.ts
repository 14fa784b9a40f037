// `bd config set`: a setting of this store.
// Never: whose it is, or what its ids begin with; those are not for a setting.
import { BeadsError } from '../../actors/beads/contract.ts'
import { command, contentOf, hidden, isAgents, isGtMail, isOwnKey, isSecret } from '../bd-command.ts'

export default command({
  name: 'config set',
  summary: 'a setting of this store: types.custom, status.custom, validation.on-create, …',
  usage: '<key> <value>',
  writes: true,
  args: { key: { kind: 'text' }, value: { kind: 'text' } },
  run({ args: { key, value: given }, beads, actor, print }) {
    if (isOwnKey(key) || ['issue_prefix', 'issue-prefix'].includes(key))
      throw new BeadsError(
        `${key} is no setting${!key.startsWith('issue') ? '' : ': `bd rename-prefix <prefix>-` changes it'}; nothing was written`,
      )
    if (isAgents({ beads, actor })) throw new BeadsError('settings of a rig are the Overseer’s; nothing was written')
    if (isSecret(key) && beads.isTowns())
      throw new BeadsError('agents of this town can read its stores; give a token as GITHUB_TOKEN. Nothing was written')
    if ((key.startsWith('github.') || key === 'mail.delegate') && beads.isTowns())
      throw new BeadsError(
        `${key} does not count in a town, where agents can write its stores: ${key === 'mail.delegate' ? 'BEADS_MAIL_DELEGATE in your environment does' : 'gt rig set <rig> github.repository=<owner>/<name> or github.url=<https://…> does'}. Nothing was written`,
      )
    if (key === 'mail.delegate' && !isGtMail(given))
      throw new BeadsError(
        `no program is run because a store says so, which may have come with somebody's repository: BEADS_MAIL_DELEGATE in your environment names one. Nothing was written`,
      )
    if (isSecret(key) && given !== '-')
      throw new BeadsError(
        `what stands in a command line every user of this machine can read: bd config set ${key} - < <file>, or GITHUB_TOKEN. Nothing was written`,
      )
    const value = isSecret(key) ? contentOf('-').trim() : given
    beads.setConfig(key, value)
    const shown = isSecret(key) ? hidden : value
    print(
      () => ({ key, value: shown }),
      () => [`Set ${key} = ${shown}`],
    )
  },
})
