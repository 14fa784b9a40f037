// What machines may hear of accounts; a part of `cases.ts`.
// Never: anything that cannot be.
import { mayor, overseer, sessionOf, witnessOf } from './address.ts'
import type { MailBody, MailType } from './mail.ts'

const session = sessionOf('w', 'Nux')
const witness = witnessOf('w')

/** A rig's. */
export const oneAccount = { agent: 'claude', accounts: ['claude/b'], sharers: ['v'] }

export const accountCases = {
  'account.held': [
    { from: session, body: { issue: 'w-1', what: 'limited', until: 3_600_000, why: 'usage limit reached' } },
    { from: session, body: { issue: 'w-1', what: 'refused', until: null, why: 'invalid x-api-key' } },
    { from: session, body: { issue: 'w-1', what: 'refused', until: null, why: 'no such program', account: null } },
    { from: session, body: { issue: 'w-1', what: 'limited', until: null, why: '429', account: 'claude/a' } },
    { from: mayor, body: { issue: 'w-1', what: 'refused', until: null, why: '401', account: 'claude/b' } },
    {
      from: witness,
      body: { issue: 'w-1', what: 'limited', until: null, why: '429', account: 'claude/a', rigs: ['v'] },
    },
  ],
  'account.released': [
    { from: overseer, body: { account: null, rigs: ['w'] } },
    { from: mayor, body: { account: '' } },
  ],
  'account.given': [
    { from: witness, body: { account: null } },
    { from: witness, body: { account: 'claude/b' } },
    { from: witness, body: { account: '' } },
  ],
} satisfies { [T in MailType]?: readonly { from: string; body: Partial<MailBody<T>> }[] }
