// `gt account release`: an account that is used up, or was refused, is tried again now.
// Never: knows whether it is mended.
import { z } from 'zod'
import { accountsIn } from '../../actors/accounts.ts'
import { didYouMean } from '../../actors/nearest.ts'
import { Refusal } from '../../runtime/open.ts'
import { answering } from '../asking.ts'
import { heldIn, letGo } from '../held.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'account release',
  group: 'sessions',
  summary: 'try an account again that is used up, or was refused',
  usage: '<preset>/<account>',
  examples: ['gt account release claude/work'],
  args: { account: { kind: 'text' } },
  async run({ args, ask, print }) {
    await ask('accountRelease', args)
    print(args, ({ account }) => [`${account} is tried again`])
    return 0
  },
})

export const answers = {
  accountRelease: answering({
    word: 'account release',
    shape: z.object({ account: z.string() }),
    answer: ({ account }, asking): null => {
      // One that is held is known, also where its file is gone.
      const all = [...new Set([...accountsIn(asking.town.root), ...heldIn(asking.town)])]
      if (!all.includes(account))
        throw new Refusal(`there is no account "${account}"; \`gt account list\` has them${didYouMean(account, all)}`)
      letGo(asking, account)
      return null
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
