// `gt account remove`: nobody is started on an account any more; its file goes.
// Never: ends a session that works under it; its next start is under another.
import { z } from 'zod'
import { answering } from '../asking.ts'
import { TownUnreachable, Usage } from '../errors.ts'
import { letGo } from '../held.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'account remove',
  group: 'sessions',
  summary: 'do without an account from now on',
  usage: '<preset>/<account>',
  examples: ['gt account remove claude/spare    # not one that a rig names: gt rig set wyvern accounts=work, first'],
  args: { account: { kind: 'text' } },
  async run({ args: { account }, ask, town, print }) {
    const { accountsIn, forgetAccount, naming } = await import('../../actors/accounts.ts')
    const { readTown } = await import('../../actors/facts.ts')
    const { didYouMean } = await import('../../actors/nearest.ts')
    const all = accountsIn(town())
    const { rigs, config } = readTown(town())
    const [rig] = all.includes(account) ? naming(rigs, config, account) : []
    if (rig !== undefined)
      throw new Usage(`${rig} names ${account} as one of its own; first: gt rig set ${rig} accounts=<the others>`)
    if (!forgetAccount(town(), account))
      throw new Error(`there is no account "${account}"; \`gt account list\` has them${didYouMean(account, all)}`)
    try {
      await ask('accountRemove', { account })
    } catch (error) {
      if (!(error instanceof TownUnreachable) || error.silent) throw error
    }
    print({ account }, () => [`${account} is removed; who works under it goes on until its session ends`])
    return 0
  },
})

export const answers = {
  accountRemove: answering({
    word: 'account remove',
    shape: z.object({ account: z.string() }),
    answer: ({ account }, asking): null => {
      asking.town.accountsChanged()
      letGo(asking, account)
      return null
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
