// `catch.ts <file>`: tries to catch a mistake in this file of the code around it: by the tests of its folder, by exploring
// and by simulating, where they play it, then by the rest of the fast tests.
// Prints `{ by, needed }`, or `{ by: null }`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { explore } from '../../proof/explore.ts'
import { simulate } from '../../proof/simulation.ts'
import { scopeOf } from '../../proof/state.ts'

const root = join(import.meta.dirname, '../..')
const file = process.argv[2] ?? ''
/** What the world in which the machines are played never sees. */
const isOfHands = /^(actors|cli)\//.test(file)

/** The fast tests, by what they look at first. */
const suites: Readonly<Record<string, readonly string[]>> = {
  'machines/': ['test/machines'],
  'proof/': ['test/models/paths.test.ts', 'test/models/regressions.test.ts'],
  'runtime/': ['test/runtime', 'test/contracts/store.test.ts'],
  'actors/beads/sync/': ['sync-merge', 'sync', 'sync-git'].map(inActors),
  'actors/beads/': ['beads', 'parts', 'mail', 'stores', 'store-kept'].map(inActors),
  'actors/git/': ['git', 'git-places', 'git-queue', 'git-run', 'locks', 'nested'].map(inActors),
  'actors/ledger/': [inActors('ledger')],
  'actors/sessions/': [inActors('session-ends'), 'test/contracts/session.test.ts'],
  'actors/': ['ancestry', 'ends', 'plugin-enabled', 'records', 'copies', 'processes', 'accounts'].map(inActors),
  'cli/': ['caller', 'peer', 'mail-keeping', 'mailroom', 'post-office'].map((name) => `test/cli/${name}.test.ts`),
}
function inActors(name: string): string {
  return `test/actors/${name}.test.ts`
}

type Found = { by: string; needed: string } | undefined

function explored(): Found {
  let states = 0
  for (const small of [
    { polecats: 1, issues: 1, faults: 1, commands: 0, races: 1 },
    { polecats: 1, issues: 1, faults: 0, commands: 1, races: 0 },
    { polecats: 2, issues: 2, faults: 0, commands: 0, races: 0 },
    { polecats: 1, issues: 2, faults: 0, commands: 1, races: 0, budget: 'epic' as const },
    { polecats: 1, issues: 1, faults: 1, commands: 1, races: 0 },
  ]) {
    const { violation, states: seen } = explore(scopeOf(small), { statesMax: 150_000 })
    states += seen
    if (violation) return { by: 'exploration', needed: `${states} states: ${violation.what.split('\n')[0]}` }
  }
  return undefined
}

function simulated(): Found {
  for (let seed = 1; seed <= 60; seed++) {
    const { violation } = simulate({ seed })
    if (violation) return { by: 'simulation', needed: `${seed} seeds: ${violation.split('\n')[0]}` }
  }
  return undefined
}

function caught(): { by: string | null; needed: string } {
  const first = Object.keys(suites).find((folder) => file.startsWith(folder)) ?? 'runtime/'
  const near = () => tested(suites[first] ?? [])
  const rest = () => tested(Object.keys(suites).flatMap((folder) => (folder === first ? [] : (suites[folder] ?? []))))
  const isOfMachines = file.startsWith('machines/')
  // The quickest first.
  const ways = isOfHands
    ? [near, rest]
    : isOfMachines
      ? [explored, near, simulated, rest]
      : [near, simulated, explored, rest]
  for (const way of ways) {
    const found = way()
    if (found) return found
  }
  return { by: null, needed: '' }
}

function tested(files: readonly string[]): Found {
  const { status, stdout, stderr } = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    ['run', '--bail', '1', ...files],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    },
  )
  if (status === 0) return undefined
  return { by: 'tests', needed: /FAIL {2}(.+)/.exec(stdout + stderr)?.[1] ?? 'a suite that does not load' }
}

try {
  console.log(JSON.stringify(caught()))
} catch (error) {
  console.log(JSON.stringify({ by: 'exploration', needed: String(error).split('\n')[0] }))
}
process.exit(0)
