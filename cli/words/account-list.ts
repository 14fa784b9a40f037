// `gt account list`: the accounts of agents, and how each stands.
// Never: shows a value.
import { z } from 'zod'
import { accountsIn as allIn } from '../../actors/accounts.ts'
import { spentWords, tokenWords } from '../../actors/ledger/words.ts'
import { answering } from '../asking.ts'
import { TownUnreachable } from '../errors.ts'
import { type AccountState, accountStates } from '../held.ts'
import { colour, table } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'account list',
  also: 'accounts',
  group: 'sessions',
  summary: 'the accounts of agents, and which of them are used up or refused',
  usage: '',
  examples: ['gt account list', 'gt account list --json'],
  async run({ ask, town, print }) {
    const root = town()
    const { accountsIn } = await import('../../actors/accounts.ts')
    const all = await known(() => ask('accountList', {}))
    if (all === undefined) {
      const names = accountsIn(root)
      print(
        names.map((account) => ({ account, state: 'unknown' as const })),
        (list) => [
          ...list.map(({ account }) => account),
          ...(list.length > 0 ? ['how they stand is known to a town that is up'] : none),
        ],
      )
      return 0
    }
    print(all, (list) => (list.length === 0 ? none : table(list.map(lineOf))))
    return 0
  },
})

const none = ['no accounts: agents are what your environment says; `gt account add <preset>/<account>` gives them one']

const lineOf = ({ account, state, until, rigs, workers, used, today }: AccountState) => [
  account,
  state === 'there'
    ? 'there'
    : state === 'refused'
      ? colour(31, `refused: gt account release ${account}`)
      : colour(33, `used up until ${new Date(until as number).toISOString()}`),
  rigs.length === 0 ? colour(2, 'no rig') : rigs.join(', '),
  workers.join(', '),
  used === null ? '' : `${tokenWords(used)} tokens since it was there again`,
  today.answers > 0 ? `today ${spentWords(today)}` : '',
]

/** Undefined: the town is down. */
async function known<T>(asks: () => Promise<T>): Promise<T | undefined> {
  try {
    return await asks()
  } catch (error) {
    if (!(error instanceof TownUnreachable) || error.silent) throw error
    return undefined
  }
}

export const answers = {
  accountList: answering({
    word: 'account list',
    shape: z.object({}),
    answer: (_, { town }) => accountStates(town, allIn(town.root), Date.now()),
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
