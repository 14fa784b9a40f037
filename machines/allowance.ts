// Allowance: the Witness's region that knows what its rig's agents live on: their accounts, of which each may be used up
// for a while, or refused. What follows for the accounts themselves is `accounts.ts`.
// Never: stops anybody who works under another account.
import { endedBy, entitled, everyHold, freed, heldBy, ofEnvironment, provided, released } from './accounts.ts'
import { budgeted } from './budget.ts'
import { configured, type WitnessContext } from './ledger.ts'
import type { MailEvent } from './mail.ts'
import { type News, workersPool } from './profile.ts'
import { rounds } from './rounds.ts'

type Context = WitnessContext

/** What happened may let another start. */
export const looksAgain = (): News<Context> => ({ changes: { look: true } })

/** Some of it is there again: whoever waits for it is told. */
const isThereAgain = {
  target: 'weighing',
  actions: {
    type: 'news' as const,
    params: ({ event }: { event: object }) => {
      const { at } = event as { at: number }
      return [released<Context>(endedBy(at)), provided<Context>(at), looksAgain]
    },
  },
} as const

/** Wherever it is. */
const heard = rounds.createStateConfig({
  on: {
    'account.held': {
      target: 'weighing',
      description: 'An account is used up, or refused. Its workers go on under another, where there is one.',
      actions: { type: 'news', params: ({ event }) => [heldBy(event), provided(event.at)] },
    },
    'account.released': {
      target: 'weighing',
      description: 'It is to be tried again.',
      actions: {
        type: 'news',
        params: ({ event }) => [freed(event), provided(event.at), looksAgain],
      },
    },
    'rig.resumed': {
      target: 'weighing',
      description: 'All are tried again.',
      actions: { type: 'news', params: ({ event }) => [released(everyHold), provided(event.at), looksAgain] },
    },
    'rig.configured': {
      target: 'weighing',
      description: 'The rig’s configuration, as it is now.',
      actions: [
        {
          type: 'news',
          params: ({ event }: { event: MailEvent<'rig.configured'> }) => [
            (context: Context) => configured(context, event),
            budgeted(event.budgets),
            entitled(event),
            released(ofEnvironment),
            provided(event.at),
          ],
        },
        {
          type: 'acceptCapacity',
          params: ({ context, event }) => ({ pool: workersPool(context.rig), places: event.maxWorkers }),
        },
      ],
    },
  },
})

export const allowance = rounds.createStateConfig({
  description: 'What its agents live on.',
  initial: 'there',
  states: {
    there: { ...heard, description: 'As far as known, they can work.' },
    weighing: {
      description: 'What of it is there?',
      always: [
        { guard: 'allAreUsedUp', target: 'used_up' },
        { guard: 'someAreUsedUp', target: 'short' },
        { target: 'there' },
      ],
    },
    short: {
      ...heard,
      description: 'Some of its accounts are used up; all work under the others.',
      after: { heldFor: isThereAgain },
    },
    used_up: {
      ...heard,
      description: 'Nobody is started until some of it is there again; those at work wait.',
      after: { heldFor: isThereAgain },
    },
  },
})
