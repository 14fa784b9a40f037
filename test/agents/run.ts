// `npm run test:agents [-- name …]`: the real agent CLIs, installed into a cache, and the suite that every preset is to
// meet, over them. Without a name those that CI tries.
// Never: runs a package's own install scripts; touches a CLI that is installed elsewhere.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import process from 'node:process'
import { cache, clis } from './clis.ts'

const triedInCi = ['claude', 'codex'].filter((name) => name in clis)
const names = process.argv.slice(2)
const unknown = names.find((name) => !(name in clis))
if (unknown !== undefined) {
  console.error(`no agent "${unknown}"; there are: ${Object.keys(clis).join(', ')}`)
  process.exit(2)
}
const chosen = names.length > 0 ? names : triedInCi
const must = (program: string, args: readonly string[]) => {
  const { status, error } = spawnSync(program, args, {
    stdio: 'inherit',
    env: { ...process.env, GT_AGENTS_CACHE: cache, GT_AGENTS: chosen.join(' ') },
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
mkdirSync(cache, { recursive: true })
const packages = chosen.flatMap((name) => clis[name]?.package ?? [])
console.error(`${packages.join(', ')} into ${cache} …`)
must('npm', [
  'install',
  '--prefix',
  cache,
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
  ...packages,
])
must('npx', ['vitest', 'run', '--config', 'test/agents/vitest.config.ts'])
