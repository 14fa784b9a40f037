// `npm run test:bd [-- --record]`: the contract of an issue store, JSONL both ways and a town, over real programs of
// `bd`: 1.3.0, built here into a cache, and the classic ones that GT_BD_CLASSIC names (path:path). Where there is none,
// what one of them answered is played instead, which is said, and is less. With `--record` that is recorded anew.
// Never: takes a recording for the real thing; takes a failure of any other kind for want of a network.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'

const version = '1.3.0'
const { GT_BD_CACHE, XDG_CACHE_HOME, GT_BD_CLASSIC = '' } = process.env
const cache = GT_BD_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gastown-bd')
const buildMs = 3_600_000
const isRecording = process.argv.includes('--record')

/** Or the words why there is none. */
type Found = { path: string } | { why: string }

function built(): Found {
  const path = join(cache, `bd-${version}`)
  if (saysVersion(path)) return { path }
  const go = spawnSync('go', ['version'], { encoding: 'utf8' })
  if (go.error || go.status !== 0) return { why: 'there is no Go here to build it with (1.26.5 or later, and gcc)' }
  console.error(`building bd ${version} into ${cache}; that takes a quarter of an hour and 3 GB of Go's own caches …`)
  // As a module of nobody's: its own name cannot be installed by `go install`.
  const making = mkdtempSync(join(tmpdir(), 'bd-build-'))
  writeFileSync(join(making, 'go.mod'), `module x\n\ngo 1.26.5\n\nrequire github.com/steveyegge/beads v${version}\n`)
  const args = ['build', '-mod=mod', '-tags', 'gms_pure_go', '-o', 'bd', 'github.com/steveyegge/beads/cmd/bd']
  const env = { ...process.env, CGO_ENABLED: '1' }
  const done = spawnSync('go', args, { cwd: making, env, encoding: 'utf8', timeout: buildMs, maxBuffer: 64 << 20 })
  try {
    if (done.status !== 0) {
      // As Go names what keeps it from its modules.
      const isOffline = /dial tcp|no such host|i\/o timeout|connection refused|TLS handshake|: 40[34] /.test(
        done.stderr,
      )
      console.error(done.stderr.split('\n').slice(-20).join('\n'))
      if (!isOffline) process.exit(1)
      return { why: 'its modules cannot be fetched' }
    }
    mkdirSync(cache, { recursive: true })
    spawnSync('cp', [join(making, 'bd'), `${path}.new`])
    renameSync(`${path}.new`, path)
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
  return saysVersion(path) ? { path } : { why: `${path} is not bd ${version}` }
}

const saysVersion = (path: string) =>
  existsSync(path) && spawnSync(path, ['version'], { encoding: 'utf8' }).stdout.includes(`bd version ${version}`)

const found = built()
const classic = GT_BD_CLASSIC.split(delimiter).filter((path) => path !== '')
for (const path of classic)
  if (!existsSync(path)) {
    console.error(`GT_BD_CLASSIC names ${path}, which is not there`)
    process.exit(2)
  }
const paths = ['path' in found ? found.path : [], classic].flat()
if ('why' in found) console.error(`RECORDED: no real bd ${version}, for ${found.why}`)
if (classic.length === 0)
  console.error('STAND-IN: no classic bd; GT_BD_CLASSIC=/path/to/bd names those that are to be tried')
if (isRecording && 'why' in found) process.exit(1)
const record = join(import.meta.dirname, '../contracts/recorded', `town-issues-${version}.jsonl`)
if (isRecording) rmSync(record, { force: true })
const env = {
  ...process.env,
  GT_BD: (isRecording && 'path' in found ? [found.path] : paths).join(delimiter),
  ...(isRecording ? { GT_BD_RECORD: record } : {}),
}
const files = isRecording ? ['town-issues'] : []
const { status, error } = spawnSync('npx', ['vitest', 'run', '--config', 'test/real-bd/vitest.config.ts', ...files], {
  ...{ env, stdio: 'inherit' },
})
if (error) throw error
console.error(
  paths.length > 0 ? `tried with ${paths.join(', ')}` : 'tried with no real bd: what was recorded of one was played',
)
process.exit(status ?? 1)
