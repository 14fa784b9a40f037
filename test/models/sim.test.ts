// A share of the simulation with the tests: fixed seeds (`SIM_SEEDS=300`: enough for all that may happen), and fresh ones
// whose first is printed. A failing seed prints its story and how to replay it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { effectCases } from '../../machines/cases.ts'
import { simulate } from '../../proof/simulation.ts'
import type { SimOptions } from '../../proof/story.ts'
import { cleanEnv, gtScript } from '../fixture/real-town.ts'

const run = (first: number, count: number, heard?: SimOptions['heard']) => {
  for (let seed = first; seed < first + count; seed++) {
    const { violation, story } = simulate({ seed, heard })
    if (violation)
      throw new Error(`${story.slice(-40).join('\n')}\n\nseed ${seed}: ${violation}\ngt sim --seed ${seed} --trace`)
  }
}

/** The kind of an answer; for one without, which of its fields say something. */
function kindOf(answer: object): string {
  if (answer instanceof Error) return 'fails'
  if ('kind' in answer) return String(answer.kind)
  return Object.entries(answer)
    .map(([field, value]) => `${field} ${Array.isArray(value) ? value.length > 0 : value !== null && value !== ''}`)
    .sort()
    .join()
}

const fixed = Number(process.env.SIM_SEEDS ?? 60)

test(`${fixed} fixed seeds; of 300, whatever an effect may answer, and that it fails, happens`, {
  timeout: 400_000,
}, () => {
  const seen = new Set<string>()
  run(1, fixed, (effect, answer) => seen.add(`${effect}: ${kindOf(answer)}`))
  if (fixed < 300) return
  const declared = Object.entries(effectCases).flatMap(([effect, answers]) => [
    ...answers.map((answer) => `${effect}: ${kindOf(answer)}`),
    `${effect}: fails`,
  ])
  // Plugins are played where there is one, below.
  expect(declared.filter((each) => !seen.has(each) && !each.startsWith('runPlugin'))).toEqual([])
})

test('40 fresh seeds', { timeout: 400_000 }, () => {
  const first = Date.now() % 1_000_000_000
  console.log(`seeds from ${first}`)
  run(first, 40)
})

test('one seed is one story', () => {
  const [one, two] = [simulate({ seed: 7, trace: true }), simulate({ seed: 7, trace: true })]
  expect(two).toEqual(one)
  expect(one.story.length).toBeGreaterThan(50)
  expect(simulate({ seed: 8, trace: true }).story).not.toEqual(one.story)
})

const gt = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [gtScript, 'sim', ...args], {
    cwd: tmpdir(),
    env: cleanEnv(),
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('gt sim plays the same seeds in one process and side by side, a plugin among them', () => {
  const plugin = join(import.meta.dirname, '../../examples/plugins/greeter/actor.mjs')
  const sums = ['1', '3'].map((jobs) => {
    const { seconds: _, ...sum } = JSON.parse(
      gt(plugin, '--from', '1', '--seeds', '6', '--jobs', jobs, '--json').stdout,
    ) as Record<string, unknown>
    return sum
  })
  expect(sums[1]).toEqual(sums[0])
  expect(sums[0]).toMatchObject({ seeds: 6, failed: null })
  expect(JSON.parse(gt('--from', '1', '--seeds', '6', '--safety', '--json').stdout)).toMatchObject({
    seeds: 6,
    failed: null,
  })
  const told = gt(plugin, '--seed', '1', '--trace')
  expect(told.status).toBe(0)
  expect(told.stdout).toContain('w/plugins/greeter: greets')
})

test('gt sim tells a plugin that breaks the town, and what it does not understand', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sim-plugin-'))
  try {
    const file = join(dir, 'actor.mjs')
    // It sends mail that nobody understands.
    writeFileSync(
      file,
      `export default ({ xstate, words }) => xstate.setup({ actions: words }).createMachine({ id: 'rude', initial: 'a', states: { a: { on: {
      'message.sent': { actions: { type: 'mail', params: { to: 'w/witness', type: 'queue.poked', body: {} } } } } } } })`,
    )
    const done = gt(file, '--from', '1', '--seeds', '4')
    expect(done.status).toBe(1)
    expect(done.stdout).toMatch(/a dead letter: queue.poked from w\/plugins\/\S+ to w\/witness/)
    expect(done.stdout).toContain('--trace')
    expect(gt(join(dir, 'nothing.mjs'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is no plugin actor'),
    })
    expect(gt('--seeds', 'many')).toMatchObject({ status: 2 })
  } finally {
    rmSync(dir, { recursive: true })
  }
})
