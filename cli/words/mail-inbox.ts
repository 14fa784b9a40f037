// `gt mail inbox`: mail for people and agents is kept as beads, and read there.
// Never: marks anything as read; shows what the town did not send.
import process from 'node:process'
import { declare } from '../word.ts'

/** Lines that a screen shows; as data there is no limit. */
const shownMax = 100

export const word = declare({
  name: 'mail inbox',
  also: 'inbox',
  group: 'mail',
  summary: 'unread mail: yours, or of the address given',
  usage: '[address]',
  examples: ['gt mail inbox', 'gt inbox wyvern/witness', 'gt mail inbox --json', 'gt mail inbox --limit 0'],
  options: {
    limit: {
      kind: 'number',
      short: 'n',
      about: `show so many at most, 0 for all; ${shownMax} if left out, all with --json`,
    },
  },
  args: { address: { kind: 'address', optional: true } },
  async run({ args, flags, json, town, print }) {
    const { inbox } = await import('../../actors/beads/mail.ts')
    const { openTier } = await import('../../actors/beads/tiers.ts')
    const { townLayout } = await import('../../actors/layout.ts')
    const { secretOf } = await import('../../actors/secret.ts')
    const who = args.address ?? process.env.GT_ADDRESS ?? 'overseer'
    const root = town()
    const rig = who.includes('/') && who !== 'mayor/' ? who.split('/')[0] : undefined
    const beads = openTier({ town: root, rig })
    const limit = flags.limit ?? (json ? 0 : shownMax)
    const key = secretOf(root)
    if (key === undefined)
      throw new Error(
        `${townLayout(root).secret} is missing or cut, so that it cannot be told which mail is the town’s; a town that is up mends that, and so does gt up`,
      )
    const { mail, strange, more } = inbox(beads, key, who, limit === 0 ? Number.POSITIVE_INFINITY : limit)
    beads.close()
    print(mail, (mail) => [
      ...(mail.length === 0 ? ['no unread mail'] : []),
      ...mail.map((each) => `${each.id}  ${each.from}  ${each.subject}`),
      ...(more > 0 ? [`… and ${more} more: gt mail inbox ${args.address ?? ''} --limit 0`.replace('  ', ' ')] : []),
      ...(strange > 0 ? [`${strange} not sent by this town, or changed since, left out: bd list --type message`] : []),
    ])
    return 0
  },
})
