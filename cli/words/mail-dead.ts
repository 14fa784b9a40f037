// `gt mail dead`: mail that could not be delivered, and why.
// Never: changes anything; `gt mail redeliver` does.
import { z } from 'zod'
import { answering } from '../asking.ts'
import { table } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail dead',
  group: 'mail',
  summary: 'mail that could not be delivered, and why',
  usage: '',
  examples: ['gt mail dead', 'gt mail dead --json    # with what it says'],
  async run({ ask, print }) {
    const dead = await ask('deadLetters', {})
    print(dead, () =>
      dead.length === 0
        ? ['every mail was delivered']
        : [
            ...table(
              dead.map(({ id, type, from, to, at, reason }) => [
                id,
                new Date(at).toISOString().slice(0, 19).replace('T', ' '),
                type,
                `${from} → ${to}`,
                reason.split('\n')[0] ?? '',
              ]),
            ),
            '',
            '`gt mail redeliver <id>` tries one again',
          ],
    )
    return 0
  },
})

export const answers = {
  deadLetters: answering({
    word: 'mail dead',
    shape: z.object({}),
    answer: (_, { town }) =>
      town.host.deadLetters().map(({ envelope: { id, type, from, to, body, sentAt }, reason, at }) => ({
        id,
        type,
        from,
        to,
        body,
        sentAt,
        reason,
        at,
      })),
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
