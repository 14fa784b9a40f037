// Tries to catch a mistake in the code around it: by exploring, by simulating, by the fast tests, in this order.
// Prints `{ by, needed }`, or `{ by: null }`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { explore } from '../../proof/explore.ts'
import { simulate } from '../../proof/simulation.ts'
import { scopeOf } from '../../proof/state.ts'

const root = join(import.meta.dirname, '../..')

function caught(): { by: string | null; needed: string } {
  let states = 0
  for (const small of [
    { polecats: 1, issues: 1, faults: 1, commands: 0, races: 1 },
    { polecats: 1, issues: 1, faults: 0, commands: 1, races: 0 },
    { polecats: 2, issues: 2, faults: 0, commands: 0, races: 0 },
    { polecats: 1, issues: 1, faults: 1, commands: 1, races: 0 },
  ]) {
    const { violation, states: seen } = explore(scopeOf(small), { statesMax: 150_000 })
    states += seen
    if (violation) return { by: 'exploration', needed: `${states} states: ${violation.what.split('\n')[0]}` }
  }
  for (let seed = 1; seed <= 60; seed++) {
    const { violation } = simulate({ seed })
    if (violation) return { by: 'simulation', needed: `${seed} seeds: ${violation.split('\n')[0]}` }
  }
  const suites = [
    'test/machines',
    'test/runtime',
    'test/models/paths.test.ts',
    'test/models/regressions.test.ts',
    'test/contracts/store.test.ts',
    'test/actors/beads.test.ts',
    'test/actors/parts.test.ts',
    'test/actors/mail.test.ts',
    'test/actors/ancestry.test.ts',
    'test/actors/plugin-enabled.test.ts',
    'test/actors/records.test.ts',
    'test/actors/git.test.ts',
    'test/actors/git-places.test.ts',
    'test/actors/git-queue.test.ts',
    'test/actors/git-run.test.ts',
    'test/actors/locks.test.ts',
    'test/actors/session-ends.test.ts',
    'test/contracts/session.test.ts',
    'test/actors/nested.test.ts',
    'test/actors/stores.test.ts',
    'test/actors/store-kept.test.ts',
  ]
  const { status, stdout, stderr } = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    ['run', '--bail', '1', ...suites],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    },
  )
  if (status !== 0)
    return { by: 'tests', needed: /FAIL {2}(.+)/.exec(stdout + stderr)?.[1] ?? 'a suite that does not load' }
  return { by: null, needed: '' }
}

try {
  console.log(JSON.stringify(caught()))
} catch (error) {
  console.log(JSON.stringify({ by: 'exploration', needed: String(error).split('\n')[0] }))
}
process.exit(0)
