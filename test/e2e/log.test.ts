// What a person asks of the past: the log, since when, and why.
import { afterEach, expect, test } from 'vitest'
import type { LogEntry } from '../../cli/api.ts'
import type { Causes } from '../../runtime/open.ts'
import { committer, eventually, type RealTown, realTown } from '../fixture/real-town.ts'

let t: RealTown
afterEach(() => t?.dispose())

const entries = (...args: string[]) =>
  t
    .gt('log', ...args, '--json')
    .stdout.trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LogEntry)

test('gt why and gt log tell what happened, with the town up or down', async () => {
  t = realTown({ worker: committer })
  expect(t.gt('why', 'wy-1')).toMatchObject({ status: 1, stderr: expect.stringContaining('never been up') })
  t.issues(1)
  t.ok('up')
  t.ok('spawn', '--epic', 'wy-all')
  t.ok('wait', 'wy-all', '--timeout', '60')
  await eventually(() => t.json<{ rigs: { polecats: unknown[] }[] }>('status').rigs[0]?.polecats.length === 0)
  t.ok('send', 'mayor/', '-s', 'Well done')

  // Of an issue that nobody was given yet, why not.
  const { id: late } = JSON.parse(t.bd('create', 'Later', '--defer', '2999-01-01T00:00:00Z', '--json').stdout) as {
    id: string
  }
  const why = 'not to be begun before 2999-01-01T00:00:00.000Z'
  expect(t.ok('why', late)).toBe(`${late} waits: ${why}\n`)
  expect(t.json<object>('why', late)).toEqual({ chain: [], waits: why })

  // Each turn of the chain was caused by the one before it; the first by something from outside.
  const landed = entries('--issue', 'wy-1').find(({ notes }) => notes.some(({ text }) => text.includes('is on main')))
  const { chain } = t.json<Causes>('why', String(landed?.mailId))
  expect(chain.map(({ address, mailType }) => `${address} ${mailType}`)).toEqual([
    'wyvern/polecats/Nux handoff.requested',
    'wyvern/polecats/Nux xstate.done.actor.inspect',
    'wyvern/polecats/Nux xstate.done.actor.pin',
    'wyvern/refinery merge.requested',
    'wyvern/refinery xstate.done.actor.build',
    'wyvern/refinery xstate.done.actor.gates',
    'wyvern/refinery xstate.done.actor.land',
    'wyvern/refinery xstate.done.actor.confirm',
  ])
  const words = t.ok('why', String(landed?.mailId))
  expect(words).toContain('wyvern/polecats/Nux says handoff.requested')
  expect(words).toContain('so it had “land” done, which answered')
  // A mail, by its id: the same chain up to the turn that heard it.
  expect(t.json<Causes>('why', String(chain[3]?.mailId)).chain).toHaveLength(4)
  expect(t.json<Causes>('why', 'wyvern/refinery').chain).toEqual(chain)
  expect(t.gt('why', 'wyvern/refinerie')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('wyvern/refinery'),
  })

  const all = t.gt('log').stdout
  expect(all).toContain('is on main as')
  expect(t.gt('log', '--since', '1h').stdout).toBe(all)
  expect(t.gt('log', '--since', '2999-01-01').stdout).toBe('')
  expect(t.gt('log', '--since', 'lately')).toMatchObject({ status: 2, stderr: expect.stringContaining('10m') })
  expect(t.gt('log', '--last', 'many')).toMatchObject({ status: 2 })
  expect(new Set(entries('--actor', 'wyvern/refinery').map(({ address }) => address))).toEqual(
    new Set(['wyvern/refinery']),
  )
  t.ok('down')
  expect(t.gt('log').stdout).toContain(all.trim())
  expect(t.gt('log', '--follow')).toMatchObject({ status: 3 })
  expect(t.json<Causes>('why', String(landed?.mailId)).chain).toEqual(chain)
  expect(t.json<Causes>('why', 'wy-1').chain.length).toBeGreaterThan(7)
})
