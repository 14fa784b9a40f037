// A town among strangers: the folder of one story, with its origin, a person's HOME, programs and environment, and the
// bundled `gt` and `bd` as that person types them.
// Never: sees the machine's own git configuration; leaves a process or a file once disposed of.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { townLayout } from '../../actors/layout.ts'
import { endAllOf, processesOf } from '../fixture/processes.ts'
import { bdScript, cleanEnv, type Done, gtScript, hasTmux } from '../fixture/real-town.ts'

export interface StrangerOptions {
  /** The first commit of origin's main; absent: a README. */
  files?: Readonly<Record<string, string>>
  /** Bash that the worker runs before it hands off; absent: one new file, committed. */
  worker?: string
  /** Bash that is the only gate; absent: the rig says --no-gate. */
  gate?: string
  /** `name=command` each, instead of `gate`. */
  gates?: readonly string[]
  /** More flags of `gt rig add`. */
  add?: readonly string[]
  /** Put into the rig's config.json before the town comes up. */
  settings?: Readonly<Record<string, unknown>>
  /** Of the person whose town it is: ~/.gitconfig. */
  gitconfig?: Readonly<Record<string, string>>
  env?: Readonly<Record<string, string>>
}

/** What a worker does unless the story says otherwise: a file named after its issue, committed. */
export const oneFile = 'echo "$(title)" > "$(title).txt"; commit'

export class Stranger {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'stranger-')))
  readonly origin = join(this.dir, 'origin.git')
  /** A colleague's clone of origin. */
  readonly seed = join(this.dir, 'seed')
  readonly home = join(this.dir, 'home')
  /** Programs of the story, first on the person's PATH. */
  readonly bin = join(this.dir, 'bin')
  /** What workers, gates and hooks tell the story: files. */
  readonly evidence = join(this.dir, 'evidence')
  readonly env: Record<string, string>
  town = join(this.dir, 'gt')
  /** What `gt rig add` is given. */
  url = this.origin
  private readonly options: StrangerOptions
  private readonly apart: Record<string, string>

  constructor(options: StrangerOptions) {
    this.options = options
    for (const folder of [this.home, this.bin, this.evidence, join(this.dir, 'colleague')]) mkdirSync(folder)
    const { XDG_CONFIG_HOME: _, TMUX: __, ...clean } = cleanEnv()
    const fixed = { GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C.UTF-8' }
    this.env = { ...clean, HOME: this.home, PATH: `${this.bin}:${clean['PATH']}`, ...fixed, ...options.env }
    this.apart = { ...clean, ...fixed, ...colleagueOf(this.dir), T: this.dir, E: this.evidence }
    this.makeOrigin(options.files ?? { 'README.md': 'hello\n' })
    this.worker(options.worker ?? oneFile)
    if (options.gate !== undefined) this.script('gate.sh', `${preamble(this.dir)}${options.gate}\n`)
    for (const [key, value] of Object.entries(options.gitconfig ?? {}))
      this.run('git', ['config', '--global', key, value], this.dir)
  }

  get layout() {
    return townLayout(this.town)
  }

  // Programs and scripts

  run(program: string, args: readonly string[], cwd: string, env = this.env, seconds = 60): Done {
    const { status, stdout, stderr } = spawnSync(program, [...args], {
      cwd,
      env,
      encoding: 'utf8',
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 2 ** 26,
    })
    return { status, stdout: stdout ?? '', stderr: stderr ?? '' }
  }
  script(path: string, text: string): string {
    const whole = path.startsWith('/') ? path : join(this.dir, path)
    mkdirSync(dirname(whole), { recursive: true })
    writeFileSync(whole, text)
    chmodSync(whole, 0o755)
    return whole
  }
  worker(text: string, end = 'gt handoff || exit 1\nexec sleep 600'): void {
    this.script('worker.sh', `${preamble(this.dir)}${text}\n${end}\n`)
  }
  get workerScript() {
    return join(this.dir, 'worker.sh')
  }
  hook(name: string, text: string): string {
    return this.script(join(this.origin, 'hooks', name), `${preamble(this.dir)}${text}`)
  }
  /** A program of this name, found first by everything the person starts. */
  program(name: string, text: string): string {
    return this.script(join(this.bin, name), `${preamble(this.dir)}${text}`)
  }

  // Origin, and colleagues who push to it

  private makeOrigin(files: Readonly<Record<string, string>>) {
    this.sh(this.dir, `git init -q --bare -b main '${this.origin}'; git init -q -b main '${this.seed}'`)
    for (const [path, text] of Object.entries(files)) {
      const whole = this.script(join(this.seed, path), text)
      if (!text.startsWith('#!')) chmodSync(whole, 0o644)
    }
    const first = `git add -A --force; git commit -qm first; git remote add origin '${this.origin}'`
    this.sh(this.seed, `${first}; git push -q origin HEAD:main`)
  }
  /** Bash of a colleague, who has a HOME and a name of their own; throws with its words when it fails. */
  sh(cwd: string, text: string): string {
    return must(this.run('bash', ['-ec', text], cwd, this.apart), text.split('\n')[0] ?? '')
  }
  /** Bash of a colleague in their clone of origin, `main` checked out as it is there. */
  colleague(text: string): string {
    return this.sh(this.seed, `git fetch -q origin; git checkout -q -B main origin/main; ${text}`)
  }
  /** A commit by a colleague, pushed to main. */
  push(file: string, text: string): string {
    writeFileSync(join(this.dir, 'text'), text)
    const commit = `cp "$T/text" '${file}'; git add '${file}'; git commit -qm 'by a colleague'`
    return this.colleague(`${commit}; git push -q origin main`)
  }
  /** A file of a branch of origin; undefined when it is not there. */
  on(path: string, branch = 'main'): string | undefined {
    const args = ['--git-dir', this.origin, 'show', `refs/heads/${branch}:${path}`]
    const { status, stdout } = this.run('git', args, this.dir, this.apart)
    return status === 0 ? stdout : undefined
  }
  branches(): string {
    return this.sh(this.origin, "git for-each-ref --format='%(refname:lstrip=2)' refs/heads | tr '\\n' ' '").trim()
  }
  subjects(): string[] {
    return this.sh(this.origin, "git log --format='%s' refs/heads/main").split('\n')
  }

  // The person's town

  gt(...args: string[]): Done {
    return this.run(process.execPath, [gtScript, ...args], this.town)
  }
  ok(...args: string[]): string {
    return must(this.gt(...args), `gt ${args.join(' ')}`)
  }
  bd(...args: string[]): string {
    return this.bdIn('r', ...args)
  }
  bdIn(rig: string, ...args: string[]): string {
    return must(this.run(process.execPath, [bdScript, ...args], join(this.town, rig)), `bd ${args.join(' ')}`)
  }
  /** `gt install` and `gt rig add`; what the latter said. */
  rig(...more: string[]): Done {
    must(this.run(process.execPath, [gtScript, 'install', this.town], this.dir), 'gt install')
    const { gate, gates, add = [] } = this.options
    const only = gate === undefined ? ['--no-gate'] : ['--gate', `check=${join(this.dir, 'gate.sh')}`]
    const flags = ['--prefix', 'r', '--session', 'process', '--worker', this.workerScript]
    const gateFlags = gates?.flatMap((each) => ['--gate', each]) ?? only
    return this.gt('rig', 'add', 'r', this.url, ...flags, ...gateFlags, ...add, ...more)
  }
  set(settings: Readonly<Record<string, unknown>>): void {
    const path = join(this.town, 'r/config.json')
    const now = JSON.parse(readFileSync(path, 'utf8')) as object
    writeFileSync(path, JSON.stringify({ ...now, ...settings }, null, 2))
  }
  up(): string {
    return must(this.gt('up'), 'gt up')
  }
  /** The person moves the town’s folder; everything is asked of it there from now on. */
  move(): void {
    renameSync(this.town, join(this.dir, 'moved'))
    this.town = join(this.dir, 'moved')
  }
  issue(title: string, rig = 'r'): string {
    return (JSON.parse(this.bdIn(rig, 'create', title, '--json')) as { id: string }).id
  }
  /** An issue and a worker for it. */
  give(title: string, rig = 'r'): string {
    const id = this.issue(title, rig)
    this.ok('spawn', '--issue', id)
    return id
  }

  // How an issue ends

  wait(id: string, seconds = 25) {
    const args = [gtScript, 'wait', id, '--timeout', String(seconds)]
    const { status, stdout, stderr } = this.run(process.execPath, args, this.town, this.env, seconds + 30)
    const words = `${stderr}${stdout}`
    // Before the last line it tells of its progress.
    return { status, words, last: words.trim().split('\n').at(-1) ?? '' }
  }
  /** It is on main, and `gt wait` says so. */
  lands(id: string, seconds = 25): void {
    const { status, words, last } = this.wait(id, seconds)
    if (status !== 0 || !/landed/.test(last))
      throw new Error(`${id} has not landed: gt wait ended with ${status}: ${words}${this.told()}`)
  }
  /** It has landed or is closed, or the Overseer is told; not silence, not a loop. What was said. */
  ends(id: string, seconds = 25) {
    const { status, words, last } = this.wait(id, seconds)
    const told = this.told()
    if (/is not done within/.test(words) && told === '') throw new Error(`neither landed nor told: ${words}`)
    return { landed: status === 0 && /landed/.test(last), status, said: `${words}${told}` }
  }
  /** Not landed, and the Overseer is told with these words. */
  stands(id: string, why: RegExp, seconds = 25): string {
    const { landed, said } = this.ends(id, seconds)
    if (landed) throw new Error(`${id} landed: ${said}`)
    if (!why.test(said)) throw new Error(`told, but not ${why}: ${said}`)
    return said
  }
  /** Everything that was put before the Overseer: mail and what is escalated; nothing: ''. */
  told(): string {
    const mail = JSON.parse(this.gt('mail', 'inbox', '--json').stdout || '[]') as unknown[]
    const status = JSON.parse(this.gt('status', '--json').stdout || '{}') as { escalations?: unknown[] }
    return [...mail, ...(status.escalations ?? [])].map((each) => `\ntold: ${JSON.stringify(each)}`).join('')
  }

  // What is left to see

  log(): string {
    return this.gt('log').stdout
  }
  daemonPid(): number {
    return (JSON.parse(readFileSync(this.layout.daemonJson, 'utf8')) as { pid: number }).pid
  }
  /** What the sessions of workers printed. */
  outputs(): string {
    if (!existsSync(this.layout.sessions)) return ''
    const logs = readdirSync(this.layout.sessions).map((name) => join(this.layout.sessions, name, 'output.log'))
    return logs.map((path) => read(path) ?? '').join('\n')
  }
  evidenceOf(name: string): string | undefined {
    return read(join(this.evidence, name))
  }
  /** Whether a worker's text is anywhere in the town's keeping: a ref of the rig, or a file. */
  kept(text: string): boolean {
    const rig = join(this.town, 'r')
    const inRefs = ['mayor/rig', 'refinery/rig'].some((name) => {
      const clone = join(rig, name)
      const { stdout } = this.run('git', ['for-each-ref', '--format=%(objectname)'], clone, this.apart)
      const has = (sha: string) => this.run('git', ['grep', '-qF', text, sha], clone, this.apart).status === 0
      return stdout.split('\n').filter(Boolean).some(has)
    })
    const besides = ['--exclude-dir=daemon', '--exclude-dir=.beads']
    return inRefs || this.run('grep', ['-rqF', ...besides, text, rig], this.dir).status === 0
  }
  /** No worker has a place any more. */
  isCleared(): boolean {
    return this.sh(this.town, 'ls r/polecats') === ''
  }
  /** Processes that belong to this story: by environment, command line or folder. */
  processes() {
    return processesOf(this.dir)
  }
  /** What a person would look at first when the story ended wrong. */
  evidenceText(): string {
    const last = (text: string, lines: number) => text.split('\n').slice(-lines).join('\n').slice(-3000)
    const log = existsSync(this.layout.db) ? this.log() : ''
    const daemon = read(this.layout.daemonLog) ?? ''
    return `--- gt log\n${last(log, 25)}\n--- daemon.log\n${last(daemon, 6)}\n--- sessions\n${last(this.outputs(), 15)}`
  }

  dispose(): void {
    if (existsSync(this.town)) this.run(process.execPath, [gtScript, 'down'], this.town, this.env, 20)
    if (hasTmux) spawnSync('tmux', ['-L', this.layout.tmuxSocket, 'kill-server'])
    endAllOf(this.dir)
    spawnSync('chmod', ['-R', 'u+rwX', this.dir])
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** What every script of a story begins with. */
const preamble = (dir: string) => `#!/usr/bin/env bash
T='${dir}'; E='${dir}/evidence'; export T E
title() { sed -n 's/.*"title": "\\(.*\\)".*/\\1/p' "$GT_ASSIGNMENT" | head -1; }
attempt() { sed -n 's/.*"attempt": \\([0-9]*\\).*/\\1/p' "$GT_ASSIGNMENT" | head -1; }
until_there() { for _ in $(seq 400); do [ -e "$E/$1" ] && return 0; sleep 0.05; done; return 1; }
commit() { git -c core.safecrlf=false add -A && git commit -qm "$(title)"; }
`

/** Somebody else on this machine: nothing that a story does to the person's environment is in theirs. */
const colleagueOf = (dir: string): Record<string, string> => ({
  HOME: join(dir, 'colleague'),
  GIT_AUTHOR_NAME: 'Ann',
  GIT_AUTHOR_EMAIL: 'ann@example.invalid',
  GIT_COMMITTER_NAME: 'Ann',
  GIT_COMMITTER_EMAIL: 'ann@example.invalid',
  GIT_CONFIG_COUNT: '3',
  GIT_CONFIG_KEY_0: 'protocol.file.allow',
  GIT_CONFIG_VALUE_0: 'always',
  GIT_CONFIG_KEY_1: 'init.defaultBranch',
  GIT_CONFIG_VALUE_1: 'main',
  GIT_CONFIG_KEY_2: 'safe.directory',
  GIT_CONFIG_VALUE_2: '*',
})

function must(done: Done, what: string): string {
  if (done.status !== 0) throw new Error(`${what} ended with ${done.status}: ${done.stderr}${done.stdout}`)
  return done.stdout.trim()
}

const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
