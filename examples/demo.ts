// `npm start`: a throw-away town with a local origin, one epic in three waves, scripted workers with a day's usual
// troubles. Shows it live, then what is on main. `-- --agent claude` has a real agent do the work, which costs what it
// costs; with `--scripted` the scripted model is its service.
// Never: writes outside its own folder, and leaves nothing behind unless `--keep`.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installed } from '../actors/agents/installed.ts'
import { spokenPresets } from '../actors/agents/presets.ts'
import { led } from './model/led.ts'
import { scriptOfDemo } from './script.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const gt = join(here, '../dist/gt.cjs')
const bd = join(here, '../dist/bd.cjs')
const { values: flags } = parseArgs({
  options: { keep: { type: 'boolean' }, agent: { type: 'string' }, scripted: { type: 'boolean' } },
})
const { keep = false, agent, scripted = false } = flags
const live = process.stdout.isTTY === true
const bold = (text: string) => (live && !process.env.NO_COLOR ? `\u001b[1m${text}\u001b[0m` : text)

// The demo is the Overseer, also when it is started from inside a session.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('GT_') && !name.startsWith('BEADS_')),
)
const why = await lacking()
if (why !== undefined) {
  console.error(why)
  process.exit(1)
}
const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gastown-demo-')))
const town = join(dir, 'gt')
const rig = join(town, 'tinytext')

/** What is missing for the agent that was asked for, in words; undefined: nothing. */
async function lacking(): Promise<string | undefined> {
  if (agent === undefined) return scripted ? '--scripted is for a real agent: say --agent claude' : undefined
  const presets = await spokenPresets()
  const preset = presets.find(({ name }) => name === agent)
  if (!preset) return `there is no agent "${agent}"; there is ${presets.map(({ name }) => name).join(', ')}`
  const { path, key } = await installed(preset, env)
  if (path === null) return `${preset.program} is not on your PATH; install it: ${preset.from}`
  if (scripted || key !== null || preset.keys === undefined) return undefined
  return `no key for ${agent} is set (${preset.keys.join(' or ')}); or have the scripted model for its service: --scripted`
}

/** The scripted model, as a process of its own: this one waits for others most of the time. */
async function scriptedModel(name: keyof typeof led) {
  const script = join(dir, 'script.json')
  writeFileSync(script, JSON.stringify(scriptOfDemo()))
  const server = spawn(process.execPath, [join(here, 'model/server.ts'), '--script', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said = await new Promise<string>((resolve) => server.stdout.once('data', (chunk) => resolve(String(chunk))))
  const { env: leads, files = {} } = led[name](said.trim().split(' ').at(-1) ?? '')
  const home = join(dir, 'home')
  for (const [path, text] of Object.entries({ '.keep': '', ...files })) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), text)
  }
  Object.assign(env, leads, { HOME: home })
  return server
}

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
  const worker = agent === undefined ? ['--worker', `node ${join(here, 'worker.mjs')}`] : ['--agent', agent]
  const shown = agent === undefined ? "--worker 'node worker.mjs'" : `--agent ${agent}`
  type(`gt rig add tinytext <origin> --prefix tt --gate 'test=node --test' ${shown}`, town, [
    ...[gt, 'rig', 'add', 'tinytext', origin, '--prefix', 'tt', '--gate', 'test=node --test', ...worker],
  ])
  type('bd import issues.jsonl', rig, [bd, 'import', join(here, 'issues.jsonl')])
  type('gt up', town, [gt, 'up'])
  type('gt spawn --epic tt-kit', town, [gt, 'spawn', '--epic', 'tt-kit'])
  // On a terminal a board that moves; else the log, line by line.
  const watch = live ? ['status', '--watch'] : ['log', '--follow']
  console.log(`${bold('$')} gt ${watch.join(' ')} & gt wait tt-kit`)
  const log = spawn(process.execPath, [gt, ...watch], { cwd: town, env, stdio: ['ignore', 'inherit', 'inherit'] })
  const wait = spawnSync(process.execPath, [gt, 'wait', 'tt-kit', '--timeout', agent === undefined ? '120' : '30m'], {
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
      ? `\nEvery issue has landed, each tested as the very commit that is on main.\nNow yours: gt install ~/gt && cd ~/gt && gt rig add <name> <your repository> --gate 'test=npm test' ${agent ? `--agent ${agent}` : '--worker <your agent>'}`
      : '\nNot everything landed; see above.',
  )
  return wait.status === 0 ? 0 : 1
}

let code = 1
let model: Awaited<ReturnType<typeof scriptedModel>> | undefined
try {
  if (scripted) model = await scriptedModel(agent as keyof typeof led)
  code = await main()
} finally {
  // The model of a town that is kept stays, too.
  if (model && keep && code === 0) model.unref()
  else model?.kill()
  if (keep && code === 0) console.log(`Kept: the town at ${town} is up; \`gt down\` there ends it.`)
  else {
    if (existsSync(town)) spawnSync(process.execPath, [gt, 'down'], { cwd: town, env, stdio: 'ignore' })
    rmSync(dir, { recursive: true, force: true })
  }
}
process.exitCode = code
