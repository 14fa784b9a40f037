// `gt mail inbox`: mail for people and agents is kept as beads, and read there.
// Never: marks anything as read; shows what the town did not send.
import type { Mail } from '../../actors/beads/mail.ts'
import { noteShown, oneself, strangers, when, withMail } from '../mail.ts'
import { table } from '../print.ts'
import { declare } from '../word.ts'

/** Lines that a screen shows; as data there is no limit. */
const shownMax = 100

export const word = declare({
  name: 'mail inbox',
  also: 'inbox',
  group: 'mail',
  summary: 'unread mail: yours, or of the address given',
  usage: '[address] [--all] [--from <address>]',
  examples: [
    'gt mail inbox    # the most urgent first',
    'gt inbox wyvern/witness',
    'gt mail inbox --all --from wyvern/Nux    # what was read, too; the newest first',
    'gt mail inbox --json --limit 0',
  ],
  options: {
    all: { kind: 'flag', short: 'a', about: 'what was read, too; the newest first' },
    from: { kind: 'address', about: 'from this sender only' },
    priority: { kind: 'number', range: [0, 4], about: 'of this priority only' },
    address: { kind: 'address', about: 'whose, as after the word' },
    identity: { kind: 'address', about: 'the same' },
    unread: { kind: 'flag', short: 'u', about: 'nothing to do here: only with --all is what was read shown' },
    limit: {
      kind: 'number',
      short: 'n',
      about: `show so many at most, 0 for all; ${shownMax} if left out, all with --json`,
    },
  },
  args: { address: { kind: 'address', optional: true } },
  async run({ args, flags, json, town, print }) {
    const root = town()
    const given = args.address ?? flags.address ?? flags.identity
    const who = given ?? oneself()
    const limit = flags.limit ?? (json ? 0 : shownMax)
    const of = {
      ...(flags.from === undefined ? {} : { from: flags.from }),
      ...(flags.priority === undefined ? {} : { priority: flags.priority }),
    }
    const most = limit === 0 ? Number.POSITIVE_INFINITY : limit
    await withMail(root, async (box) => {
      const { mail, strange, rest } = flags.all
        ? received(box.received({ to: who, ...of }, most + 1), most)
        : unread(box.inbox(who, { ...of, limit: most }))
      print(mail, (mail) => [
        ...(mail.length === 0 ? [flags.all ? 'no mail' : 'no unread mail'] : []),
        ...table(mail.map((each) => [...(flags.all ? [each.is_read ? '' : 'new'] : []), ...lineOf(each)])),
        ...(rest === ''
          ? []
          : [`… and ${rest}: ${['gt mail inbox', ...saidAgain(given, flags), '--limit 0'].join(' ')}`]),
        ...strangers(strange),
      ])
      await noteShown(root, box, mail)
    })
    return 0
  },
})

const lineOf = ({ id, priority, sent_at, from, subject }: Mail) => [id, `P${priority}`, when(sent_at), from, subject]

const unread = ({ more, ...found }: { mail: Mail[]; strange: number; more: number }) => ({
  ...found,
  rest: more > 0 ? `${more} more` : '',
})
const received = ({ mail, strange }: { mail: Mail[]; strange: number }, most: number) => ({
  mail: mail.slice(0, most),
  strange,
  rest: mail.length > most ? 'more' : '',
})

interface Filters {
  all: boolean
  from: string | undefined
  priority: number | undefined
}
const saidAgain = (given: string | undefined, flags: Filters) => [
  ...(given === undefined ? [] : [given]),
  ...(flags.all ? ['--all'] : []),
  ...(flags.from === undefined ? [] : ['--from', flags.from]),
  ...(flags.priority === undefined ? [] : ['--priority', String(flags.priority)]),
]
