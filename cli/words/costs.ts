// `gt costs`: what agents have used, in tokens and money; read off the ledger, also while the town is down.
// Never: shows a price that nobody knows.
import type { Spent } from '../../actors/ledger/spent.ts'
import type { Asked, LedgerRow } from '../../actors/ledger/tables.ts'
import { dollarWords, tokenWords } from '../../actors/ledger/words.ts'
import { colour, table } from '../print.ts'
import { declare } from '../word.ts'

/** Lines that a screen shows; as data there is no limit. */
const shownMax = 50

export const word = declare({
  name: 'costs',
  group: 'look',
  summary: 'what agents have used, in tokens and money',
  usage: '[--rig <rig>] [--epic <id>] [--issue <id>] [--since <when>] [--by <what>]',
  examples: [
    'gt costs                             # each rig',
    'gt costs --rig wyvern --by day',
    'gt costs --epic wyv-4k2              # its issues',
    'gt costs --by account                # what each account has used',
    'gt costs --since 24h --by model --json',
  ],
  options: {
    rig: { kind: 'text', about: 'only this rig' },
    epic: { kind: 'text', about: 'only what is in this epic, at every level' },
    issue: { kind: 'text', about: 'only this issue' },
    since: { kind: 'moment', about: 'only since then: 24h, 3d ago, 14:30 today, or a date' },
    by: {
      kind: 'text',
      choices: ['rig', 'day', 'epic', 'issue', 'session', 'preset', 'model', 'account'],
      about: 'a row for each: rig, day, epic, issue, session, preset, model or account',
    },
  },
  async run({ flags: { rig, epic, issue, since, by: chosen }, town, print }) {
    const { readLedger } = await import('../../actors/ledger/ledger.ts')
    const root = town()
    if (rig !== undefined) {
      const { knownIn, readTown } = await import('../../actors/facts.ts')
      knownIn(readTown(root), rig)
    }
    const asked: Asked = { rig, epic, issue, since }
    const by = chosen ?? usual(asked)
    const ledger = readLedger(root)
    try {
      const found = { by, asked, rows: ledger.rows(by, asked), total: ledger.spent(asked) }
      print(found, ({ rows, total }) => linesOf(by, rows, total))
    } finally {
      ledger.close()
    }
    return 0
  },
})

/** What says most where nobody chose. */
const usual = ({ rig, epic, issue }: Asked) =>
  issue !== undefined ? 'session' : epic !== undefined || rig !== undefined ? 'issue' : 'rig'

function linesOf(by: string, rows: readonly LedgerRow[], total: Spent): string[] {
  if (total.answers === 0) return ['nothing has been used, as far as anybody was told']
  const rigs = new Set(rows.map(({ rig }) => rig)).size
  const isOfRigs = by !== 'rig' && rigs > 1
  const cells = (name: string, rig: string, { input, cached, output, dollars, unpriced }: Spent) => [
    name,
    ...(isOfRigs ? [rig] : []),
    ...[input, cached, output].map(tokenWords),
    unpriced.tokens > 0 && dollars === 0 ? colour(33, 'unknown') : dollarWords(dollars),
    unpriced.tokens > 0 && dollars > 0 ? colour(33, `+ ${tokenWords(unpriced.tokens)} tokens of unknown price`) : '',
  ]
  const left = rows.length - shownMax
  const lines = table([
    [by, ...(isOfRigs ? ['rig'] : []), 'in', 'cached', 'out', 'cost', ''].map((title) => colour(2, title)),
    ...rows.slice(0, shownMax).map((row) => cells(row.name || `no ${by}`, row.rig, row)),
    ...(rows.length === 1 ? [] : [cells(colour(1, 'total'), '', total)]),
  ])
  return [
    ...lines,
    ...(left > 0 ? [`${left} more rows: --json has all`] : []),
    ...(total.unpriced.answers > 0
      ? ['', 'Where no price is known: write it in mayor/town.json, under "prices"; it counts at once.']
      : []),
  ]
}
