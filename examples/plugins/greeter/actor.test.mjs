// How a plugin's machine is proved: `node --test`, wherever the package is installed. The kit finds every transition,
// plays it on the real host, and crashes the town around it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prove } from 'gastown/proof'
import greeter from './actor.mjs'

test('the greeter greets everybody, once, and survives crashes', async () => {
  const proof = await prove(greeter, { messages: [{ from: 'mayor/', subject: 'Hello?' }], seeds: 10 })
  assert.deepEqual(proof.holes, [])
  assert.deepEqual(proof.differences, [])
  assert.deepEqual(proof.violations, [])
  assert.match(proof.mermaid, /listening/)
})

test('a transition nobody can take is named', async () => {
  const forgetful = (kit) =>
    kit.xstate.setup({ actions: kit.words, guards: { never: () => false } }).createMachine({
      id: 'forgetful',
      initial: 'asleep',
      states: {
        asleep: { description: 'Waits.', on: { 'message.sent': { guard: 'never', target: 'awake' } } },
        awake: { description: 'Never reached.' },
      },
    })
  const { holes } = await prove(forgetful, { seeds: 0 })
  assert.deepEqual(holes, ['asleep on message.sent → awake: no case takes it'])
})
