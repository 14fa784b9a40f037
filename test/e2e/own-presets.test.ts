// Agent presets of a town's own, and who says which agent works: a file in config/agents is as good as one of ours.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { agentTown } from '../fixture/agent-town.ts'
import { make, refused, t } from '../fixture/own-town.ts'
import { eventually, type RealTown } from '../fixture/real-town.ts'

const claude = join(import.meta.dirname, '../fixture/claude-stand-in.mjs')
const standIn = join(import.meta.dirname, '../fixture/acp-stand-in.mjs')
const does = 'echo hello > greeting.txt; touch $GT_ISSUE; git add .; git commit -qm Greet; gt handoff'
const own = {
  driver: 'acp',
  about: 'a stand-in',
  program: [process.execPath, standIn, does, '--needs', 'OWN_WORD=yes'],
  keys: ['OWN_KEY'],
  env: { OWN_WORD: 'yes' },
  model: '--of-model {{model}}',
  limits: ['it knows nothing'],
}
const fileOf = (town: string, name: string) => join(town, 'config/agents', `${name}.json`)
function says({ town }: Pick<RealTown, 'town'>, name: string, written: unknown): void {
  mkdirSync(join(town, 'config/agents'), { recursive: true })
  writeFileSync(fileOf(town, name), typeof written === 'string' ? written : JSON.stringify(written))
}

test('it is listed, tried, given to a rig and asked for by an issue, as one of ours is', () => {
  make()
  says(t, 'mine', own)
  const all = t.json<{ name: string; own: boolean; limits: string[]; path: string }[]>('agents')
  expect(all.find(({ name }) => name === 'mine')).toMatchObject({
    ...{ own: true, about: 'a stand-in', path: process.execPath, key: null, limits: ['it knows nothing'] },
  })
  expect(t.ok('agents')).toMatch(/mine \(own\)/)
  // Its program is no other in a scratch repository, but that nobody is there to take a handoff.
  says(t, 'tried', { ...own, program: [process.execPath, standIn, 'echo here > gt-was-here.txt'] })
  expect(t.json('agents', 'try', 'tried', '--model', 'big')).toMatchObject({ verdict: 'worked', model: 'big' })
  expect(t.ok('rig', 'set', 'wyvern', 'agent=mine', 'worker=')).toContain('agent=mine')
  expect(t.gt('rig', 'set', 'wyvern', 'agent=mime').stderr).toContain('did you mean mine?')
  const words = 'COMP_WORDS=(gt rig add beta --agent mi); COMP_CWORD=5; _gt; echo "${COMPREPLY[*]}"'
  const shell = spawnSync('bash', ['-c', `${t.ok('completion', 'bash')}\n${words}`], { cwd: t.town, encoding: 'utf8' })
  expect(shell.stdout).toBe('mine\n')
  expect(t.gt('agents', 'try', 'mime').stderr).toContain('did you mean mine?')
  expect(t.gt('rig', 'add', 'beta', t.origin, '--no-gate', '--agent', 'mine').stderr).toContain(
    'no key for mine is set',
  )
})

test.each([
  ['cannot be read', '{ "driver": '],
  ['driver', { ...own, driver: 'telepathy' }],
  ['colour', { ...own, colour: 'red' }],
  ['program', { ...own, program: undefined }],
  ['says nowhere {{model}}', { ...own, model: '--model' }],
  ['tried.from', { ...own, tried: { from: 'one', below: '2' } }],
  ['env.GT_TOKEN', { ...own, env: { GT_TOKEN: 'x' } }],
  ['cycle_at', { ...own, cycle_at: 5 }],
])('one that is wrong is told, with file and field, and cannot be chosen: %s', (words, written) => {
  make()
  says(t, 'mine', written)
  says(t, 'claude', own)
  const { stderr, stdout } = t.gt('agents')
  expect(stderr.replaceAll(/\s+/g, ' ')).toContain(`${fileOf(t.town, 'mine')} `)
  expect(stderr).toContain(words)
  expect(stderr).toContain('Gas Town has a preset of this name itself')
  expect(stdout).toContain('codex')
  expect(t.gt('rig', 'set', 'wyvern', 'agent=mine')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining(words),
  })
})

test('a whole issue is done by it; broken, it stops its rig with one question and no try, and mended it goes on', async () => {
  using town = agentTown({ config: { agent: 'mine', worker: undefined } })
  says(town, 'mine', own)
  await town.lands(town.give())
  expect(town.facts().find(({ what }) => what === 'started')).toMatchObject({ version: '1.2.3', model: 'none' })

  says(town, 'mine', { ...own, driver: 'telepathy' })
  const second = town.give('Again')
  expect(await town.wait(second)).toMatchObject({ status: 1, said: expect.stringContaining('config/agents/mine.json') })
  expect(town.escalations()).toHaveLength(1)
  expect(town.ok('status')).toContain('mine.json')
  says(town, 'mine', own)
  await eventually(() => town.escalations().length === 0)
  await town.lands(second)
})

test('its thresholds go before the rig’s: a silent one is ended, and goes on', async () => {
  using town = agentTown({ config: { agent: 'mine', worker: undefined, session_tries: 3, hang_after: '30m' } })
  const script = join(town.dir, 'script.json')
  const steps = ['tail -f /dev/null', 'echo hello > greeting.txt && git add . && git commit -qm Greet', 'gt handoff']
  writeFileSync(script, JSON.stringify([...steps, { say: 'Handed over.' }]))
  says(town, 'mine', { driver: 'claude', program: [process.execPath, claude, script], hang_after: '2s' })
  await town.lands(town.give())
  expect(town.conversations().length).toBeGreaterThan(1)
})

test('who says which agent works: the issue, the rig for the role, the rig, the town for the role, the town', async () => {
  using town = agentTown({ config: { agent: undefined, worker: undefined } })
  for (const name of ['mine', 'other']) says(town, name, own)
  const [townJson, show] = [
    join(town.town, 'mayor/town.json'),
    () => town.json<{ polecats: object }>('rig', 'show', 'wyvern').polecats,
  ]
  const ofTown = (said: object) =>
    writeFileSync(townJson, JSON.stringify({ ...JSON.parse(readFileSync(townJson, 'utf8')), ...said }))
  expect(show()).toMatchObject({ agent: 'shell', by: 'nobody' })
  ofTown({ agent: 'mine', model: 'of-town' })
  expect(show()).toMatchObject({ agent: 'mine', model: 'of-town', by: 'the town' })
  await town.lands(town.give())
  expect(town.facts().find(({ what }) => what === 'started')).toMatchObject({ model: 'of-town' })

  ofTown({ roles: { polecat: { model: 'of-role' } } })
  expect(show()).toMatchObject({ agent: 'mine', model: 'of-role', by: 'the town' })
  town.ok('rig', 'set', 'wyvern', 'agent=other')
  // What was said of another agent's model is not for this one.
  expect(show()).toEqual({ agent: 'other', model: null, effort: null, by: 'the rig' })
  town.ok('rig', 'set', 'wyvern', 'role.polecat.agent=mine', 'role.polecat.effort=high')
  expect(show()).toMatchObject({ agent: 'mine', model: 'of-role', effort: 'high', by: 'the rig, for the role' })
  expect(town.gt('rig', 'set', 'wyvern', 'role.polecat.agent=nobody').stderr).toContain('no agent preset "nobody"')
  expect(town.gt('rig', 'set', 'wyvern', 'role.pilot.agent=mine').status).toBe(2)
  town.ok('rig', 'set', 'wyvern', 'role.polecat.agent=', 'role.polecat.effort=')
  expect(show()).toMatchObject({ agent: 'other', by: 'the rig' })

  town.ok('rig', 'set', 'wyvern', 'agent=shell', 'worker=false')
  const { id } = JSON.parse(town.okBd('create', 'By label', '-l', 'agent:other', '-l', 'model:of-issue', '--json')) as {
    id: string
  }
  town.ok('spawn', '--issue', id)
  expect(await town.wait(id)).toMatchObject({ status: 0 })
  expect(
    town
      .facts()
      .filter(({ what }) => what === 'started')
      .at(-1),
  ).toMatchObject({ model: 'of-issue' })
})

test('a file that goes away is told like a name that nobody has', () => {
  make()
  says(t, 'mine', own)
  t.ok('rig', 'set', 'wyvern', 'agent=mine', 'worker=')
  rmSync(fileOf(t.town, 'mine'))
  refused(t.gt('session', 'peek', 'wyvern/Nux'), 'never had a session')
  t.ok('up')
  expect(t.gt('status').stdout + t.gt('status').stderr).toContain('no agent preset "mine"')
})
