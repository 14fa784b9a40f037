// What grows is cut: outputs of old runs, logs of old gates; and each preset file is in its list.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { presetNames, presetOf } from '../../actors/agents/presets.ts'
import { pruneLogs } from '../../actors/gates/hands.ts'
import { startOf } from '../../actors/processes.ts'
import { pruneRuns, runsOf } from '../../actors/sessions/runs.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'folders-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const old = new Date(Date.now() - 40 * 86_400_000)
function run(id: string, alive: boolean, age: Date | null) {
  const place = join(dir, id)
  mkdirSync(place)
  writeFileSync(
    join(place, 'identity.json'),
    JSON.stringify({
      id,
      backend: 'process',
      pid: process.pid,
      pidStart: alive ? startOf(process.pid) : '1',
      epoch: 1,
      dir: place,
    }),
  )
  if (age) for (const path of [join(place, 'identity.json'), place]) utimesSync(path, age, age)
}

test('runs that ended long ago are removed; live ones and new ones never', () => {
  run('gt-w-Nux-1-1', false, old)
  run('gt-w-Nux-1-2', true, old)
  run('gt-w-Nux-2-1', false, null)
  pruneRuns(dir, Date.now() - 30 * 86_400_000)
  expect(readdirSync(dir).sort()).toEqual(['gt-w-Nux-1-2', 'gt-w-Nux-2-1'])
})

test('a polecat’s runs are its own, newest first', () => {
  for (const id of ['gt-w-Nux-1-1', 'gt-w-Nux-2-1-1', 'gt-w-Nux-1-2']) {
    run(id, false, null)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
  }
  expect(runsOf(dir, 'w', 'Nux').map((path) => path.slice(dir.length + 1))).toEqual(['gt-w-Nux-1-2', 'gt-w-Nux-1-1'])
  expect(runsOf(dir, 'w', 'Nux-2')).toHaveLength(1)
})

test('logs of gates are removed by age', () => {
  for (const [name, age] of [
    ['a.log', old],
    ['b.log', new Date()],
    ['running-w.json', old],
  ] as const) {
    writeFileSync(join(dir, name), '')
    utimesSync(join(dir, name), age, age)
  }
  pruneLogs(dir, Date.now() - 30 * 86_400_000)
  expect(readdirSync(dir).sort()).toEqual(['b.log', 'running-w.json'])
})

test('every preset file is listed under its own name', async () => {
  const folder = join(import.meta.dirname, '../../actors/agents')
  const files = readdirSync(folder).filter(
    (file) => file.endsWith('.ts') && readFileSync(join(folder, file), 'utf8').includes('export default preset('),
  )
  expect(files.map((file) => file.replace('.ts', '')).sort()).toEqual([...presetNames].sort())
  for (const name of presetNames) {
    const preset = await presetOf(name)
    expect(preset.name).toBe(name)
    expect(preset.launch({ worker: ['agent'], node: '/node' })).toEqual({ argv: ['agent'] })
  }
  const shell = await presetOf('shell')
  expect(shell.launch({ worker: undefined, node: '/node' })).toMatchObject({ why: expect.any(String) })
  expect(shell.launch({ worker: ['./w.mjs', 'a b'], node: '/node' })).toEqual({ argv: ['/node', './w.mjs', 'a b'] })
})
