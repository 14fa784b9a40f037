// A town among strangers: an origin, a person's HOME, a worker and a gate as a story wants them, and the bundled `gt`
// and `bd`. What a story starts and writes goes when it ends, told well or not.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { test } from 'vitest'
import { townLayout } from '../../actors/layout.ts'
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

interface StoryBegins extends StrangerOptions {
  /** What `gt rig add` is given; absent: the path of the bare origin. */
  url?: (t: Stranger) => string
  /** Once origin is there, before the town is. */
  before?: (t: Stranger) => void
  /** How far to go: the folder and origin alone, with the rig, or until the town is up. */
  until?: 'origin' | 'rig' | 'up'
}

/** What every worker and every gate begins with. */
const preamble = (dir: string) => `#!/usr/bin/env bash
T='${dir}'; E='${dir}/evidence'; export T E
title() { sed -n 's/.*"title": "\\(.*\\)".*/\\1/p' "$GT_ASSIGNMENT" | head -1; }
attempt() { sed -n 's/.*"attempt": \\([0-9]*\\).*/\\1/p' "$GT_ASSIGNMENT" | head -1; }
until_there() { for _ in $(seq 400); do [ -e "$E/$1" ] && return 0; sleep 0.05; done; return 1; }
commit() { git -c core.safecrlf=false add -A && git commit -qm "$(title)"; }
`
export const oneFile = 'echo "$(title)" > "$(title).txt"; commit'

const open: Stranger[] = []

/** The story's folder, origin and town, as far as it is to go before the story itself begins. */
export function stranger(options: StoryBegins = {}): Stranger {
  const t = placeOf(options)
  open.push(t)
  makeOrigin(t, options.files ?? { 'README.md': 'hello\n' })
  options.before?.(t)
  t.url = options.url?.(t) ?? t.url
  if (options.until === 'origin') return t
  const added = t.rig()
  if (added.status !== 0) throw new Error(`gt rig add ended with ${added.status}: ${added.stderr}${added.stdout}`)
  if (options.settings) t.set(options.settings)
  if (options.until !== 'rig') t.up()
  return t
}

function placeOf(options: StrangerOptions) {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'stranger-')))
  let town = join(dir, 'gt')
  const [origin, seed, home, bin, evidence] = ['origin.git', 'seed', 'home', 'bin', 'evidence'].map((name) =>
    join(dir, name),
  ) as [string, string, string, string, string]
  for (const folder of [home, bin, evidence]) mkdirSync(folder)
  const env: Record<string, string> = {
    ...cleanEnv(),
    HOME: home,
    PATH: `${bin}:${process.env['PATH']}`,
    GIT_CONFIG_NOSYSTEM: '1',
    LC_ALL: 'C.UTF-8',
    ...options.env,
  }
  for (const name of ['XDG_CONFIG_HOME', 'TMUX']) delete env[name]
  /** Of somebody else on this machine: nothing that a story does to the person's environment is in it. */
  const apart: Record<string, string> = {
    ...cleanEnv(),
    HOME: join(dir, 'colleague'),
    GIT_CONFIG_NOSYSTEM: '1',
    T: dir,
    E: evidence,
    ...Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((who) => [
        [`GIT_${who}_NAME`, 'Ann'],
        [`GIT_${who}_EMAIL`, 'ann@example.invalid'],
      ]),
    ),
    GIT_CONFIG_COUNT: '3',
    GIT_CONFIG_KEY_0: 'protocol.file.allow',
    GIT_CONFIG_VALUE_0: 'always',
    GIT_CONFIG_KEY_1: 'init.defaultBranch',
    GIT_CONFIG_VALUE_1: 'main',
    GIT_CONFIG_KEY_2: 'safe.directory',
    GIT_CONFIG_VALUE_2: '*',
  }
  mkdirSync(join(dir, 'colleague'))
  const run = (program: string, args: readonly string[], cwd: string, given = env, seconds = 60): Done => {
    const { status, stdout, stderr } = spawnSync(program, [...args], {
      cwd,
      env: given,
      encoding: 'utf8',
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 2 ** 26,
    })
    return { status, stdout: stdout ?? '', stderr: stderr ?? '' }
  }
  const must = (done: Done, what: string): string => {
    if (done.status !== 0) throw new Error(`${what} ended with ${done.status}: ${done.stderr}${done.stdout}`)
    return done.stdout.trim()
  }
  const script = (path: string, text: string) => {
    const whole = path.startsWith('/') ? path : join(dir, path)
    mkdirSync(dirname(whole), { recursive: true })
    writeFileSync(whole, text)
    chmodSync(whole, 0o755)
    return whole
  }

  const t = {
    dir,
    get town() {
      return town
    },
    get layout() {
      return townLayout(town)
    },
    /** The person moves the town’s folder; everything is asked of it there from now on. */
    move() {
      renameSync(town, join(dir, 'moved'))
      town = join(dir, 'moved')
    },
    origin,
    url: origin,
    seed,
    home,
    bin,
    evidence,
    env,
    run,
    script,
    gate: () => join(dir, 'gate.sh'),
    workerScript: () => join(dir, 'worker.sh'),
    /** Bash of a colleague, who has a HOME and a name of their own; throws with its words when it fails. */
    sh: (cwd: string, text: string) => must(run('bash', ['-ec', text], cwd, apart), text.split('\n')[0] ?? ''),
    /** Bash of a colleague in their clone of origin, `main` checked out as it is there. */
    colleague(text: string) {
      return t.sh(seed, `git fetch -q origin; git checkout -q -B main origin/main; ${text}`)
    },
    /** A commit by a colleague, pushed to main. */
    push(file: string, text: string) {
      writeFileSync(join(dir, 'text'), text)
      return t.colleague(
        `cp "$T/text" '${file}'; git add '${file}'; git commit -qm 'by a colleague'; git push -q origin main`,
      )
    },
    hook: (name: string, text: string) =>
      script(join(origin, 'hooks', name), `#!/bin/bash\nexport T='${dir}' E='${evidence}'\n${text}`),
    /** A program of this name, found first by everything the person starts. */
    program: (name: string, text: string) =>
      script(join(bin, name), `#!/bin/bash\nexport T='${dir}' E='${evidence}'\n${text}`),
    gt: (...args: string[]) => run(process.execPath, [gtScript, ...args], town),
    gtWith: (more: Record<string, string>, ...args: string[]) =>
      run(process.execPath, [gtScript, ...args], town, { ...env, ...more }),
    ok: (...args: string[]) => must(t.gt(...args), `gt ${args.join(' ')}`),
    bd: (...args: string[]) => t.bdIn('r', ...args),
    bdIn: (rig: string, ...args: string[]) =>
      must(run(process.execPath, [bdScript, ...args], join(town, rig)), `bd ${args.join(' ')}`),
    worker(text: string, then = 'gt handoff || exit 1\nexec sleep 600') {
      script('worker.sh', `${preamble(dir)}${text}\n${then}\n`)
    },
    /** `gt install` and `gt rig add`; what the latter said. */
    rig(...more: string[]): Done {
      must(run(process.execPath, [gtScript, 'install', town], dir), 'gt install')
      const gates = options.gates?.flatMap((gate) => ['--gate', gate])
      const only = options.gate === undefined ? ['--no-gate'] : ['--gate', `check=${t.gate()}`]
      return t.gt(
        ...['rig', 'add', 'r', t.url, '--prefix', 'r', '--session', 'process', '--worker', t.workerScript()],
        ...(gates ?? only),
        ...(options.add ?? []),
        ...more,
      )
    },
    set(settings: Readonly<Record<string, unknown>>) {
      const path = join(town, 'r/config.json')
      const now = JSON.parse(readFileSync(path, 'utf8')) as object
      writeFileSync(path, JSON.stringify({ ...now, ...settings }, null, 2))
    },
    up: () => must(t.gt('up'), 'gt up'),
    issue: (title: string, rig = 'r') => (JSON.parse(t.bdIn(rig, 'create', title, '--json')) as { id: string }).id,
    /** An issue and a worker for it. */
    give(title: string, rig = 'r') {
      const id = t.issue(title, rig)
      t.ok('spawn', '--issue', id)
      return id
    },
    wait(id: string, seconds = 15) {
      const { status, stdout, stderr } = t.gt('wait', id, '--timeout', String(seconds))
      const words = `${stderr}${stdout}`
      // Before the last line it tells of its progress.
      return { status, words, last: words.trim().split('\n').at(-1) ?? '' }
    },
    /** It is on main, and `gt wait` says so. */
    lands(id: string, seconds = 15) {
      const { status, words, last } = t.wait(id, seconds)
      if (status !== 0 || !/landed/.test(last))
        throw new Error(`${id} has not landed: gt wait ended with ${status}: ${words}${t.told()}`)
      return words
    },
    /** It has landed or is closed, or the Overseer is told; not silence, not a loop. What was said. */
    ends(id: string, seconds = 15) {
      const { status, words, last } = t.wait(id, seconds)
      const told = t.told()
      if (/is not done within/.test(words) && told === '') throw new Error(`neither landed nor told: ${words}`)
      return { landed: status === 0 && /landed/.test(last), status, said: `${words}${told}` }
    },
    /** Not landed, and the Overseer is told with these words. */
    stands(id: string, why: RegExp, seconds = 15) {
      const { landed, said } = t.ends(id, seconds)
      if (landed) throw new Error(`${id} landed: ${said}`)
      if (!why.test(said)) throw new Error(`told, but not ${why}: ${said}`)
      return said
    },
    /** Everything that was put before the Overseer: mail and what is escalated; nothing: ''. */
    told() {
      const mail = JSON.parse(t.gt('mail', 'inbox', '--json').stdout || '[]') as unknown[]
      const status = JSON.parse(t.gt('status', '--json').stdout || '{}') as { escalations?: unknown[] }
      return [...mail, ...(status.escalations ?? [])].map((each) => `\ntold: ${JSON.stringify(each)}`).join('')
    },
    log: () => t.gt('log').stdout,
    daemonPid: () => (JSON.parse(readFileSync(t.layout.daemonJson, 'utf8')) as { pid: number }).pid,
    /** What the sessions of workers printed. */
    outputs: () =>
      existsSync(t.layout.sessions)
        ? readdirSync(t.layout.sessions)
            .map((name) => read(join(t.layout.sessions, name, 'output.log')) ?? '')
            .join('\n')
        : '',
    /** A file of a branch of origin; undefined when it is not there. */
    on(path: string, branch = 'main') {
      const { status, stdout } = run('git', ['--git-dir', origin, 'show', `refs/heads/${branch}:${path}`], dir, apart)
      return status === 0 ? stdout : undefined
    },
    branches: () => t.sh(origin, "git for-each-ref --format='%(refname:short)' refs/heads | tr '\\n' ' '").trim(),
    subjects: () => t.sh(origin, "git log --format='%s' refs/heads/main").split('\n'),
    evidenceOf: (name: string) => read(join(evidence, name)),
    /** Whether a worker's text is anywhere in the town's keeping: a ref of the rig, or a file. */
    kept(text: string) {
      const refs = ['mayor/rig', 'refinery/rig'].flatMap((clone) =>
        run('git', ['for-each-ref', '--format=%(objectname)'], join(town, 'r', clone), apart)
          .stdout.split('\n')
          .filter(Boolean)
          .map((sha) => [join(town, 'r', clone), sha] as const),
      )
      return (
        refs.some(([clone, sha]) => run('git', ['grep', '-qF', text, sha], clone, apart).status === 0) ||
        run('grep', ['-rqF', '--exclude-dir=daemon', '--exclude-dir=.beads', text, join(town, 'r')], dir).status === 0
      )
    },
    /** Processes that belong to this story: by environment, command line or folder. */
    processes: () => processesOf(dir),
    evidenceText: () =>
      [
        ['gt log', existsSync(t.layout.db) ? t.log().split('\n').slice(-25).join('\n') : ''],
        ['daemon.log', (read(t.layout.daemonLog) ?? '').split('\n').slice(-6).join('\n').slice(-1500)],
        ['sessions', t.outputs().split('\n').slice(-15).join('\n').slice(-2000)],
      ]
        .map(([name, text]) => `--- ${name}\n${text}`)
        .join('\n'),
    dispose() {
      if (existsSync(town)) run(process.execPath, [gtScript, 'down'], town, env, 20)
      if (hasTmux) spawnSync('tmux', ['-L', t.layout.tmuxSocket, 'kill-server'])
      // What a killed one left behind may still be starting another.
      for (let round = 0; round < 20; round++) {
        const left = processesOf(dir)
        if (left.length === 0) break
        for (const { pid } of left) end(pid)
      }
      spawnSync('chmod', ['-R', 'u+rwX', dir])
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  t.worker(options.worker ?? oneFile)
  if (options.gate !== undefined) script('gate.sh', `${preamble(dir)}${options.gate}\n`)
  for (const [key, value] of Object.entries(options.gitconfig ?? {}))
    run('git', ['config', '--global', key, value], dir)
  return t
}
export type Stranger = ReturnType<typeof placeOf>

function makeOrigin(t: Stranger, files: Readonly<Record<string, string>>) {
  t.sh(t.dir, `git init -q --bare -b main '${t.origin}'; git init -q -b main '${t.seed}'`)
  for (const [path, text] of Object.entries(files)) {
    const whole = join(t.seed, path)
    mkdirSync(dirname(whole), { recursive: true })
    writeFileSync(whole, text)
    if (text.startsWith('#!')) chmodSync(whole, 0o755)
  }
  t.sh(
    t.seed,
    `git add -A --force; git commit -qm first; git remote add origin '${t.origin}'; git push -q origin HEAD:main`,
  )
}

const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)

function processesOf(dir: string): { pid: number; command: string }[] {
  if (!existsSync('/proc/self/environ')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const [command = '', environ = ''] = ['cmdline', 'environ'].map((what) => tried(() => procText(name, what)) ?? '')
      const cwd = tried(() => readlinkSync(`/proc/${name}/cwd`)) ?? ''
      return [command, environ, cwd].some((text) => text.includes(dir)) ? [{ pid: Number(name), command }] : []
    })
}

const procText = (pid: string, what: string) =>
  readFileSync(`/proc/${pid}/${what}`, 'utf8').replaceAll('\0', ' ').trim()

/** A process may go while it is looked at. */
function tried<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

const end = (pid: number) => tried(() => process.kill(pid, 'SIGKILL'))

/** Waits for a fact of the world, at most so long; says what did not come. */
export function until(fact: () => unknown, what: string, seconds = 15): void {
  const from = performance.now()
  while (!fact()) {
    if (performance.now() - from > seconds * 1000) throw new Error(`${what}: not within ${seconds} s`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  }
}

export interface StoryOptions {
  /** Also told with the other tests of the project: quick, and one of each kind. */
  share?: true
  /** What is known to be weak: the story may end wrong, and is then shown with these words. */
  expected?: string
  /** Seconds that the whole story may take. */
  limit?: number
  /** Says why this machine cannot tell it. */
  unless?: string | false
}

/** One story of one town (or two). All are told with STRANGERS=all, those that are shared always. */
export function story(title: string, options: StoryOptions, tell: () => unknown): void {
  if (process.env['STRANGERS'] !== 'all' && !options.share) return
  test(title, { timeout: (options.limit ?? 90) * 1000 }, async (context) => {
    if (options.unless) return context.skip(options.unless)
    try {
      await tell()
    } catch (error) {
      if (error instanceof Error) error.message += `\n${open.map((t) => t.evidenceText()).join('\n')}`
      if (!options.expected) throw error
      context.task.meta.known = options.expected
    } finally {
      for (const t of open.splice(0)) t.dispose()
    }
  })
}

declare module 'vitest' {
  interface TaskMeta {
    known?: string
  }
}
