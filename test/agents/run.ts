// `npm run test:agents [-- name …]`: the real agent CLIs, installed into a cache, and the suite that every preset is to
// meet, over them, each in conversations and in towns. Without a name those that CI tries. With `--unless-offline` it is
// told, and no failure, that no registry can be reached; with `--share` only what CI has time for.
// Never: takes a failure of any other kind for want of a network; runs a package's own install scripts; touches a CLI
// that is installed elsewhere.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import process from 'node:process'
import { type Cli, cache, clis, pathOf } from './clis.ts'

const triedInCi = ['claude', 'codex'].filter((name) => name in clis)
const asked = process.argv.slice(2)
const unlessOffline = asked.includes('--unless-offline')
const names = asked.filter((word) => !word.startsWith('--'))
/** One whole turn, and what a town does with one: the rest is for who changes a driver. */
const files = asked.includes('--share') ? ['attempt.test', '/town.test', 'demo.test'] : []
const unknown = names.find((name) => !(name in clis))
if (unknown !== undefined) {
  console.error(`no agent "${unknown}"; there are: ${Object.keys(clis).join(', ')}`)
  process.exit(2)
}
const chosen = names.length > 0 ? names : triedInCi
const env = { ...process.env, GT_AGENTS_CACHE: cache, GT_AGENTS: chosen.join(' ') }
mkdirSync(cache, { recursive: true })
const packages = chosen.flatMap((name) => clis[name]?.package ?? [])
console.error(`${packages.join(', ')} into ${cache} …`)
const quiet = [
  '--ignore-scripts',
  '--prefer-offline',
  '--fetch-timeout=60000',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
]
const got = spawnSync('npm', ['install', '--prefix', cache, ...quiet, ...packages], { env, encoding: 'utf8' })
if (got.error) throw got.error
if (got.status !== 0) {
  console.error(got.stderr)
  // As npm names what keeps it from a registry.
  const isOffline = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT)\b/.test(
    got.stderr,
  )
  if (!unlessOffline || !isOffline) process.exit(got.status ?? 1)
  console.error('SKIPPED: no registry can be reached, and the agents are not in the cache')
  process.exit(0)
}
// What npm counts as optional it leaves out in silence, and the suite skips what is not there.
const absent = chosen.filter((name) => clis[name] && !existsSync(pathOf(clis[name])))
if (absent.length > 0) {
  console.error(
    absent.map((name) => `${name}: nothing at ${pathOf(clis[name] as Cli)}, after its installation`).join('\n'),
  )
  process.exit(1)
}
const { status, error } = spawnSync('npx', ['vitest', 'run', '--config', 'test/agents/vitest.config.ts', ...files], {
  ...{ env, stdio: 'inherit' },
})
if (error) throw error
process.exit(status ?? 1)
