import { openBeads } from '../../actors/beads/embedded.ts'
import { readConfig, rigConfig, rigsConfig } from '../../actors/config.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { command } from '../command.ts'

export default command({
  summary: 'read a mail; it is out of the inbox then',
  usage: '<id>',
  examples: ['gt mail read gm-4k2j9x1q'],
  args: [1, 1],
  run({ args, town, print }) {
    const root = town()
    const id = String(args[0])
    const rigs = Object.keys(readConfig(townLayout(root).rigsJson, rigsConfig).rigs).map((name) => ({
      name,
      prefix: readConfig(rigLayout(root, name).config, rigConfig).beads.prefix,
    }))
    const rig = rigs.find(({ prefix }) => id.startsWith(`${prefix}-`))
    const beads = openBeads(rig ? rigLayout(root, rig.name).beads : townLayout(root).beads)
    const mail = beads.get(id)
    if (mail?.issue_type !== 'message')
      throw new Error(mail ? `${id} is not a message (type: ${mail.issue_type})` : `no mail ${id}`)
    if (mail.status === 'open') beads.closeIssue(id, 'read', String(mail.assignee), true)
    beads.close()
    print(mail, () => [
      `From: ${mail.sender}`,
      `To: ${mail.assignee}`,
      `Subject: ${mail.title}`,
      `Date: ${mail.created_at}`,
      '',
      mail.description,
    ])
    return 0
  },
})
