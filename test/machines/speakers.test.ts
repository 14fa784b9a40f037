// Who may say what to whom: asked once, where mail enters a mailbox.
import { expect, test } from 'vitest'
import { mailCases } from '../../machines/cases.ts'
import { type MailType, mails } from '../../machines/mail.ts'
import { mayNotSay } from '../../machines/speakers.ts'

const roles = ['keeper', 'mayor', 'plugin', 'polecat', 'refinery', 'session', 'witness'] as const
const [nux, toast] = ['w/polecats/Nux', 'w/polecats/Toast']

test.each([
  // Only a worker itself, and the Overseer, hand its work over.
  [nux, nux, 'handoff.requested', true],
  ['overseer', nux, 'handoff.requested', true],
  [toast, nux, 'handoff.requested', false],
  ['w/witness', nux, 'handoff.requested', false],
  ['x/polecats/Nux', nux, 'handoff.requested', false],
  // Only its keeper ends a session, and only its own.
  ['w/witness/Nux', `${nux}/session`, 'session.killRequested', true],
  ['w/witness/Toast', `${nux}/session`, 'session.killRequested', false],
  ['w/witness', `${nux}/session`, 'session.killRequested', false],
  [nux, `${nux}/session`, 'session.killRequested', false],
  ['overseer', `${nux}/session`, 'session.killRequested', false],
  // Only the worker asks its keeper to take it down, and only the keeper says that it is gone.
  [nux, 'w/witness/Nux', 'shutdown.requested', true],
  [toast, 'w/witness/Nux', 'shutdown.requested', false],
  ['w/witness/Nux', 'w/witness', 'worker.retired', true],
  [nux, 'w/witness', 'worker.retired', false],
  // Only the rig's own Refinery says what landed.
  ['w/refinery', 'w/witness', 'merge.landed', true],
  ['x/refinery', 'w/witness', 'merge.landed', false],
  [nux, 'w/witness', 'merge.landed', false],
  // The queue is the Overseer's, and its Witness's.
  ['overseer', 'w/refinery', 'queue.removal', true],
  ['w/witness', 'w/refinery', 'queue.removal', true],
  ['x/witness', 'w/refinery', 'queue.removal', false],
  [nux, 'w/refinery', 'queue.removal', false],
  // The brake is the Overseer's.
  ['overseer', 'w/witness', 'rig.stopped', true],
  ['mayor/', 'w/witness', 'rig.stopped', false],
  ['w/plugins/oracle', 'w/witness', 'rig.resumed', false],
  // People's words are anybody's.
  ['w/plugins/oracle', 'mayor/', 'message.sent', true],
  ['w/crew/ann', nux, 'message.sent', true],
])('%s to %s: %s is %s', (from, to, type, may) => {
  const why = mayNotSay({ from, to, type })
  expect(why).toBe(may ? undefined : `${from} may not say ${type} to ${to}`)
})

test('every case of every mail comes from somebody who may say it to some role of the town', async () => {
  const hearers = await Promise.all(
    roles.map(async (role) => {
      const machine = (await import(`../../machines/${role}.ts`)) as Record<string, readonly string[]>
      return { role, types: [...(machine[`${role}Understands`] ?? []), ...(machine[`${role}Ignores`] ?? [])] }
    }),
  )
  const addresses: Record<string, string[]> = {
    keeper: ['w/witness/Nux', 'w/witness/Toast'],
    mayor: ['mayor/'],
    plugin: ['w/plugins/oracle'],
    polecat: [nux, toast],
    refinery: ['w/refinery'],
    session: [`${nux}/session`],
    witness: ['w/witness'],
  }
  for (const [type, cases] of Object.entries(mailCases)) {
    const to = hearers.filter(({ types }) => types.includes(type)).flatMap(({ role }) => addresses[role] ?? [])
    if (to.length === 0) continue
    for (const { from } of cases)
      expect(
        to.some((each) => mayNotSay({ from, to: each, type }) === undefined),
        `${type} from ${from}`,
      ).toBe(true)
  }
  expect(Object.keys(mails).sort()).toEqual(Object.keys(mailCases).sort() as MailType[])
})
