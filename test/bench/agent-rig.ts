// A town with a real agent of one make in it, and the scripted model for its service, for benchmarks.
// Never: holds up the model, which is in this very process, once the agent is at work.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { evidenceOf, type Told } from '../../actors/agents/evidence.ts'
import type { Script } from '../../examples/model/script.ts'
import { scriptedModel } from '../../examples/model/server.ts'
import { type Cli, pathOf } from '../agents/clis.ts'
import { processesOf } from '../fixture/processes.ts'
import { gtScript, type RealTownOptions, realTown } from '../fixture/real-town.ts'

export const nowMs = () => performance.timeOrigin + performance.now()
export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Resolves with what is found, looking every 2 ms; throws after five minutes. */
export async function found<T>(what: string, look: () => T | undefined | false): Promise<T> {
  for (const from = performance.now(); ; await sleep(2)) {
    const one = look()
    if (one !== undefined && one !== false) return one
    if (performance.now() - from > 300_000) throw new Error(`five minutes, and no ${what}`)
  }
}

/** The model, a HOME that leads the agent to it, and the environment of who starts the agent there. */
export async function ledTo(cli: Cli, script: Script) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'home-')))
  const model = await scriptedModel({ script })
  const { env, files = {} } = cli.led(model.url)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), text)
  }
  return {
    model,
    env: { ...env, HOME: home, PATH: `${dirname(pathOf(cli))}:${process.env.PATH}` },
    /** When the model was asked first with these words in the conversation. */
    heardAt: (words: string) => model.requests.find(({ saidByUser = [] }) => saidByUser.join('\n').includes(words))?.at,
    async [Symbol.asyncDispose]() {
      await model.close()
      rmSync(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export async function agentRig(cli: Cli, script: Script, options: RealTownOptions = {}) {
  const led = await ledTo(cli, script)
  const town = realTown({ ...options, agent: cli.preset, env: { ...led.env, ...options.env } })
  town.ok('up')
  /** A `gt` that does not hold up the model. */
  const gt = (...args: string[]) =>
    new Promise<string>((resolve, reject) => {
      const child = spawn(process.execPath, [gtScript, ...args], { cwd: town.town, env: town.env })
      let said = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
      child.once('close', (code) =>
        code === 0 ? resolve(said) : reject(new Error(`gt ${args.join(' ')} ended with ${code}: ${said}`)),
      )
    })
  const sessions = () => readdirSync(town.layout.sessions).map((name) => join(town.layout.sessions, name))
  return {
    ...town,
    ...led,
    gt,
    sessions,
    facts: (): Told[] => sessions().flatMap((dir) => [...evidenceOf(dir)]),
    give(title: string): string {
      return (JSON.parse(town.okBd('create', title, '--json')) as { id: string }).id
    },
    supervisors: () =>
      processesOf(town.dir)
        .filter(({ command }) => command.includes('supervisor.cjs') && !command.includes('gt-session'))
        .map(({ pid }) => pid),
    async [Symbol.asyncDispose]() {
      town.dispose()
      await led[Symbol.asyncDispose]()
    },
  }
}
export type AgentRig = Awaited<ReturnType<typeof agentRig>>

/** Megabytes: in memory, at most so far, and without what is shared with others of its kind. */
export function memoryOf(pid: number) {
  const text = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8')
  const mb = (field: string, of: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(of)?.[1]) / 1024
  const status = text('status')
  return { now: mb('VmRSS', status), most: mb('VmHWM', status), share: mb('Pss', text('smaps_rollup')) }
}

/** Seconds of processor that a process has used itself. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  return ((fields[11] ?? 0) + (fields[12] ?? 0)) / 100
}
