// A conversation with a real agent CLI: driven by its preset in a scratch repository, against the scripted model.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import type { Agent, Run } from '../../actors/agents/driver.ts'
import type { Fact } from '../../actors/agents/evidence.ts'
import { presetOf } from '../../actors/agents/presets.ts'
import { endAll, marked, markOf } from '../../actors/processes.ts'
import type { Script } from '../../examples/model/script.ts'
import { type ScriptedModel, scriptedModel } from '../../examples/model/server.ts'
import { type Cli, pathOf } from './clis.ts'

export interface Talk {
  model: ScriptedModel
  /** The worktree. */
  cwd: string
  facts: readonly Fact[]
  agent: Agent
  /** Says it and gives the id it has. */
  say(text: string): string
  /** Resolves with the first fact like this from here on, or one that came since the last that was waited for. */
  hears<What extends Fact['what']>(what: What, like?: Partial<Fact & { what: What }>): Promise<Fact & { what: What }>
  git(...args: string[]): string
  /** The agent's program and all that it has begun are killed, as in a crash. */
  crash(): Promise<void>
  /** The agent is begun anew in the same conversation, as after a crash. */
  again(): void
  /** Resolves when nothing that it has begun runs any more. */
  leavesNothing(): Promise<void>
  /** A program of its environment, for people. */
  env: Readonly<Record<string, string>>
  /** The folder of the driver's own. */
  dir: string
  dispose(): Promise<void>
}

/** How agents name the files of instructions that they read, also in the folders above. */
const instructions = ['AGENTS.md', 'CLAUDE.md', 'GEMINI.md']

/** Begins one; the agent waits to be spoken to. `above`: instructions in the folder above that are not for it. */
export async function talk(
  cli: Cli,
  script: Script,
  { above, ...more }: Partial<Run> & { above?: string } = {},
): Promise<Talk> {
  const dir = mkdtempSync(join(tmpdir(), 'agent-'))
  const [cwd, home, own] = ['worktree', 'home', 'own'].map((name) => join(dir, name)) as [string, string, string]
  for (const folder of [cwd, home, own]) mkdirSync(folder)
  const model = await scriptedModel({ script: scriptFor(cli, script) })
  const { env, files = {} } = cli.led(model.url)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), text)
  }
  if (above !== undefined) for (const name of instructions) writeFileSync(join(dir, name), above)
  const git = (...args: string[]) => execFileSync('git', args, { cwd, encoding: 'utf8' }).trim()
  git('init', '--quiet', '--initial-branch=main')
  const who = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@b' }
  execFileSync('git', ['commit', '--quiet', '--allow-empty', '-m', 'Start'], { cwd, env: { ...process.env, ...who } })
  const run: Run = {
    argv: [pathOf(cli)],
    cwd,
    dir: own,
    conversation: randomUUID(),
    resumed: false,
    role: 'You are a worker of a test.',
    notForIt: above === undefined ? [] : instructions.map((name) => join(dir, name)),
    model: null,
    effort: null,
    ...more,
    env: {
      ...{ PATH: process.env.PATH ?? '', HOME: home, TMPDIR: tmpdir(), LANG: 'C.UTF-8', GT_SESSION: home },
      ...who,
      ...env,
      ...more.env,
    },
  }
  const all = { mark: markOf('GT_SESSION', home) }
  const facts: Fact[] = []
  const waiting = new Set<() => void>()
  const tell = (fact: Fact) => {
    facts.push(fact)
    if (fact.what === 'started') run.conversation = fact.conversation
    for (const look of waiting) look()
  }
  const drive = (await presetOf(cli.preset)).drive
  if (!drive) throw new Error(`${cli.preset} has no driver`)
  const begin = (resumed: boolean) => drive({ ...run, resumed }, tell)
  let agent = begin(run.resumed)
  let seen = 0
  return {
    model,
    cwd,
    facts,
    get agent() {
      return agent
    },
    say(text) {
      const id = randomUUID()
      agent.say(id, text)
      return id
    },
    hears: (what, like = {}) =>
      new Promise((resolve) => {
        const look = () => {
          const at = facts.findIndex((fact, index) => index >= seen && fact.what === what && isLike(fact, like))
          if (at === -1) return
          waiting.delete(look)
          seen = at + 1
          resolve(facts[at] as never)
        }
        waiting.add(look)
        look()
      }),
    git,
    env: run.env,
    dir: own,
    async crash() {
      await endAll(all, 0)
      // Where no marks are found, it ends politely at least.
      await agent.end(5000)
    },
    async leavesNothing() {
      while ((await marked(all.mark)).length > 0) await new Promise((resolve) => setTimeout(resolve, 100))
    },
    again() {
      agent = begin(true)
    },
    async dispose() {
      await agent.end(5000)
      await endAll(all, 0)
      await model.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Those that edit by words take steps though they offer no tools. */
const scriptFor = (cli: Cli, script: Script): Script =>
  cli.lacks?.includes('tools') ? ([{ withoutTools: true, script }] as Script) : script

const isLike = (fact: Fact, like: object) =>
  Object.entries(like).every(([name, value]) => (fact as unknown as Record<string, unknown>)[name] === value)
