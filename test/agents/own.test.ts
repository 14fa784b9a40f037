// A town's own preset with a real agent: Copilot's CLI under another name, as any agent that speaks the Agent Client
// Protocol, with nothing that our preset of it knows.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { greets, handsOver } from '../fixture/agent-town.ts'
import { type Cli, clis, isHere, pathOf } from './clis.ts'
import { townOf } from './town.ts'

const cli = clis.copilot as Cli

test.runIf(isHere(cli))('what it is given lands, also after a turn without a handoff', async () => {
  const env = { COPILOT_PROVIDER_API_KEY: '', PATH: `${dirname(pathOf(cli))}:${process.env.PATH}` }
  const steps = [greets, { say: 'I am done, I think.' }, ...handsOver]
  await using town = await townOf({ ...cli, preset: 'shell' }, steps, { worker: 'false', env })
  const written = {
    driver: 'acp',
    program: `${pathOf(cli)} --acp --allow-all --no-auto-update --no-ask-user`,
    tried: { from: '1.0', below: '1.1' },
    keys: ['COPILOT_PROVIDER_API_KEY'],
    passes: ['COPILOT_OFFLINE', 'COPILOT_PROVIDER_BASE_URL'],
    env: { COPILOT_PROVIDER_API_KEY: cli.led('').env.COPILOT_PROVIDER_API_KEY },
    model: ['--model', '{{model}}'],
  }
  const folder = join(town.town, 'config/agents')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'pilot.json'), JSON.stringify(written))
  // What it needs of the environment comes with the next start.
  town.ok('rig', 'set', 'wyvern', 'agent=pilot', 'worker=', 'model=scripted')
  town.ok('down')
  town.ok('up')
  expect(town.json<{ name: string; version: string; tried: boolean }[]>('agents')).toContainEqual(
    expect.objectContaining({ name: 'pilot', version: expect.stringMatching(/^1\.0/), tried: true }),
  )
  await town.lands(town.give())
  expect(town.timesSaid('You have stopped, and have not said how')).toBe(1)
})
