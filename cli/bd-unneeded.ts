// What other versions of `bd` have and this one needs not: said in words, so that who was taught to type it goes on.
// Never: does anything, or fails.
import { type Command, command } from './bd-command.ts'

const about = 'nothing to do here'

export const unneeded = (name: string, summary: string, usage: string): Command =>
  command({
    name,
    isHidden: true,
    summary,
    usage,
    writes: false,
    options: {
      status: { kind: 'flag', about },
      check: { kind: 'flag', about },
      remove: { kind: 'flag', about },
      force: { kind: 'flag', about },
    },
    args: { words: { kind: 'text', many: true } },
    run: ({ print }) =>
      print(
        () => ({ status: 'not needed', message: summary }),
        () => [summary],
      ),
  })
