// The kit for plugin authors finds what is wrong with a machine, in words.
import { expect, test } from 'vitest'
import { type PluginActor, type PluginKit, prove } from '../../proof/kit.ts'

const heard = (config: object): PluginActor =>
  (({ xstate, words, hands }: PluginKit) =>
    xstate.setup({ actions: words, actors: hands, guards: { never: () => false } }).createMachine({
      id: 'mine',
      initial: 'a',
      states: { a: { on: { 'message.sent': config } }, b: { on: { 'message.sent': 'a' } } },
    } as never)) as unknown as PluginActor

test('a machine that is right has nothing to say', async () => {
  const { coverage, holes, differences, violations } = await prove(heard({ target: 'b' }), { seeds: 5 })
  expect([holes, differences, violations]).toEqual([[], [], []])
  expect([...coverage.covered].sort()).toEqual(['a on message.sent → b', 'b on message.sent → a'])
})

test('what nobody can reach is named, unless the machine says why; and that must be true', async () => {
  expect((await prove(heard({ guard: 'never', target: 'b' }), { seeds: 0 })).holes).toEqual([
    'a on message.sent → b: no case takes it',
    'b on message.sent → a: no case takes it',
  ])
  expect(
    (
      await prove(
        heard([
          { guard: 'never', actions: [], meta: { unreachable: 'only while it is being changed' } },
          { target: 'b' },
        ]),
        { seeds: 0 },
      )
    ).holes,
  ).toEqual([])
  expect((await prove(heard({ target: 'b', meta: { unreachable: 'so I thought' } }), { seeds: 0 })).holes).toEqual([
    'a on message.sent → b: said to be unreachable (so I thought), and taken',
  ])
})

test('a machine that throws, and one that says what it may not, are found on every path', async () => {
  const throws = await prove(
    (({ xstate, words }: PluginKit) =>
      xstate.setup({ actions: words }).createMachine({
        id: 'mine',
        initial: 'a',
        states: {
          a: {
            on: {
              'message.sent': {
                actions: xstate.assign(() => {
                  throw new Error('not today')
                }),
              },
            },
          },
        },
      })) as unknown as PluginActor,
    { seeds: 3 },
  )
  expect(throws.differences.join()).toContain('not today')
  expect(throws.violations.join()).toContain('a dead letter')
  const greedy = await prove(heard({ actions: { type: 'claimSlot', params: { pool: 'w/workers', holder: 'me' } } }), {
    seeds: 3,
  })
  expect(greedy.differences.join()).toContain('may not promise claimSlot')
})
