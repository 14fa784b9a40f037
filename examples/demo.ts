// `npm start`: a throw-away town with a local origin, one epic in three waves, scripted workers with a day's usual
// troubles. Shows it live, then what is on main.
// Never: writes outside its own folder, and leaves nothing behind unless `--keep`.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const gt = join(here, '../dist/gt.cjs')
const bd = join(here, '../dist/bd.cjs')
const keep = process.argv.includes('--keep')
const live = process.stdout.isTTY === true
const bold = (text: string) => (live && !process.env.NO_COLOR ? `\u001b[1m${text}\u001b[0m` : text)

// The demo is the Overseer, also when it is started from inside a session.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('GT_') && !name.startsWith('BEADS_')),
)
const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gastown-demo-')))
const town = join(dir, 'gt')
const rig = join(town, 'tinytext')

/** One line a person would type, and what comes of it. */
function type(words: string, cwd: string, argv: readonly string[]): void {
  console.log(`${bold('$')} ${words}`)
  const done = spawnSync(process.execPath, argv, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
  if (done.status !== 0) throw new Error(`\`${words}\` ended with ${done.status ?? done.signal}`)
}

function makeOrigin(): string {
  const origin = join(dir, 'tinytext.git')
  const work = join(dir, 'first')
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', work, '-c', 'user.name=Overseer', '-c', 'user.email=overseer@example.invalid', ...args])
  cpSync(join(here, 'tinytext'), work, { recursive: true })
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', work])
  git('add', '--all')
  git('commit', '--quiet', '--message', 'tinytext, as it was')
  execFileSync('git', ['clone', '--quiet', '--bare', work, origin])
  rmSync(work, { recursive: true })
  return origin
}

async function main(): Promise<number> {
  const origin = makeOrigin()
  type(`gt install ${town}`, dir, [gt, 'install', town])
  type("gt rig add tinytext <origin> --prefix tt --gate 'test=node --test' --worker 'node worker.mjs'", town, [
    ...[
      gt,
      'rig',
      'add',
      'tinytext',
      origin,
      '--prefix',
      'tt',
      '--gate',
      'test=node --test',
      '--worker',
      `node ${join(here, 'worker.mjs')}`,
    ],
  ])
  type('bd import issues.jsonl', rig, [bd, 'import', join(here, 'issues.jsonl')])
  type('gt up', town, [gt, 'up'])
  type('gt spawn --epic tt-kit', town, [gt, 'spawn', '--epic', 'tt-kit'])
  // On a terminal a board that moves; else the log, line by line.
  const watch = live ? ['status', '--watch'] : ['log', '--follow']
  console.log(`${bold('$')} gt ${watch.join(' ')} & gt wait tt-kit`)
  const log = spawn(process.execPath, [gt, ...watch], { cwd: town, env, stdio: ['ignore', 'inherit', 'inherit'] })
  const wait = spawnSync(process.execPath, [gt, 'wait', 'tt-kit', '--timeout', '120'], {
    cwd: town,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  })
  log.kill()
  if (wait.status !== 0) console.log(wait.stdout)
  if (live) type('gt log', town, [gt, 'log'])

  console.log(`\n${bold('main, as origin has it:')}`)
  console.log(execFileSync('git', ['-C', origin, 'log', '--graph', '--oneline', 'main'], { encoding: 'utf8' }))
  type('gt status', town, [gt, 'status'])
  type('gt mail inbox', town, [gt, 'mail', 'inbox'])
  console.log(
    wait.status === 0
      ? `\nEvery issue has landed, each tested as the very commit that is on main.\nNow yours: gt install ~/gt && cd ~/gt && gt rig add <name> <your repository> --gate 'test=npm test' --worker <your agent>`
      : '\nNot everything landed; see above.',
  )
  return wait.status === 0 ? 0 : 1
}

let code = 1
try {
  code = await main()
} finally {
  if (keep && code === 0) console.log(`Kept: the town at ${town} is up; \`gt down\` there ends it.`)
  else {
    if (existsSync(town)) spawnSync(process.execPath, [gt, 'down'], { cwd: town, env, stdio: 'ignore' })
    rmSync(dir, { recursive: true, force: true })
  }
}
process.exitCode = code
