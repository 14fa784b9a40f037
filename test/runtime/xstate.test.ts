// What the kernel takes for granted of the pinned xstate: the shapes of the actions its pure functions return. A new
// version that breaks one is seen here first.

import { expect, test } from 'vitest'
import {
  assign,
  cancel,
  createMachine,
  enqueueActions,
  fromPromise,
  initialTransition,
  raise,
  sendTo,
  setup,
  transition,
} from 'xstate'
import { begin, persist, play, restore } from '../../runtime/turn.ts'

const machine = setup({
  actors: { work: fromPromise(async () => 1) },
  actions: { say: (_, _params: { text: string }) => {} },
  delays: { soon: 500 },
}).createMachine({
  id: 'm',
  context: { n: 1 },
  initial: 'a',
  states: {
    a: {
      entry: [
        { type: 'say', params: ({ context }) => ({ text: `n is ${context.n}` }) },
        raise({ type: 'later' }, { id: 'mine', delay: 100 }),
      ],
      invoke: { id: 'w', src: 'work', input: ({ context }) => ({ n: context.n }), onDone: 'b', onError: 'b' },
      after: { soon: 'b' },
      on: {
        go: { target: 'b', actions: [assign({ n: 2 }), cancel('mine'), raise({ type: 'at.once' })] },
        both: { actions: enqueueActions(({ enqueue }) => enqueue({ type: 'say', params: { text: 'x' } })) },
      },
    },
    b: { on: { 'at.once': 'c' } },
    c: {},
  },
})

const plain = (actions: readonly object[]) =>
  actions.map((action) =>
    JSON.parse(JSON.stringify({ ...action, exec: undefined, info: undefined, config: undefined })),
  )

test('entering: words with their params, delayed raises, invocations', () => {
  const [, actions] = initialTransition(machine)
  expect(plain(actions).map(({ type, params }) => ({ type, params }))).toMatchInlineSnapshot(`
    [
      {
        "params": {
          "text": "n is 1",
        },
        "type": "say",
      },
      {
        "params": {
          "delay": 100,
          "event": {
            "type": "later",
          },
          "id": "mine",
        },
        "type": "xstate.raise",
      },
      {
        "params": {
          "delay": 500,
          "event": {
            "type": "xstate.after.soon.m.a",
          },
          "id": "xstate.after.soon.m.a",
        },
        "type": "xstate.raise",
      },
      {
        "params": {
          "actorRef": {
            "id": "w",
            "xstate$$type": 1,
          },
          "id": "w",
          "input": {
            "n": 1,
          },
          "src": "work",
        },
        "type": "xstate.spawnChild",
      },
    ]
  `)
})

test('leaving: cancelled timers, stopped invocations; a raise without delay is played inside', () => {
  const [before] = initialTransition(machine)
  const [after, actions] = transition(machine, before, { type: 'go' })
  expect(after.value).toBe('c')
  expect(plain(actions).map(({ type, params }) => ({ type, params }))).toMatchInlineSnapshot(`
    [
      {
        "params": {
          "sendId": "xstate.after.soon.m.a",
        },
        "type": "xstate.cancel",
      },
      {
        "params": {
          "id": "w",
          "xstate$$type": 1,
        },
        "type": "xstate.stopChild",
      },
      {
        "params": {
          "sendId": "mine",
        },
        "type": "xstate.cancel",
      },
      {
        "params": {
          "event": {
            "type": "at.once",
          },
        },
        "type": "xstate.raise",
      },
    ]
  `)
})

test('the turn reads them as promises', () => {
  const first = begin(machine, {})
  expect(first.promises).toContainEqual({ kind: 'word', name: 'say', params: { text: 'n is 1' } })
  expect(first.promises).toContainEqual({ kind: 'timer', id: 'mine', delayMs: 100, event: { type: 'later' } })
  expect(first.promises).toContainEqual({
    kind: 'timer',
    id: 'xstate.after.soon.m.a',
    delayMs: 500,
    event: { type: 'xstate.after.soon.m.a' },
  })
  expect(first.promises).toContainEqual({ kind: 'invoke', id: 'w', name: 'work', input: { n: 1 } })
  expect(first.promises).toHaveLength(4)
  const second = play(machine, restore(machine, JSON.parse(persist(machine, first.snapshot))), { type: 'go' })
  expect(
    second.promises.map((promise) => ('id' in promise ? `${promise.kind} ${promise.id}` : promise.kind)).sort(),
  ).toEqual(['cancelTimer mine', 'cancelTimer xstate.after.soon.m.a', 'stop w'])
  expect(second.handled).toBe(true)
  expect(play(machine, second.snapshot, { type: 'nobody.knows' }).handled).toBe(false)
  expect(play(machine, first.snapshot, { type: 'both' })).toMatchObject({
    handled: true,
    promises: [{ kind: 'word', name: 'say' }],
  })
})

test('an actor that is made by starting a machine is refused: it would live outside the store', () => {
  const sends = createMachine({ initial: 'a', states: { a: { entry: sendTo('nobody', { type: 'x' }) } } })
  expect(() => begin(sends, {})).toThrow(/outside the pure profile|Unable to send/)
})

test('an error event nobody handles is a crash, not a quiet end', () => {
  const careless = setup({ actors: { work: fromPromise(async () => 1) } }).createMachine({
    initial: 'a',
    states: { a: { invoke: { id: 'w', src: 'work' } } },
  })
  const { snapshot } = begin(careless, {})
  expect(() => play(careless, snapshot, { type: 'xstate.error.actor.w', error: { message: 'no' } } as never)).toThrow()
})
