// `bd` in a rig whose issues a real `bd` keeps: that very program, on that store, under the caller's name, one call at
// a time with the town's.
// Never: lets a caller be another; keeps the town waiting for a program that does not end.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import process from 'node:process'
import { BeadsError } from '../actors/beads/contract.ts'
import { lockStore } from '../actors/beads/real/lock.ts'
import { type Backed, hasRealStore, ownCommands, programOf, storeVariables } from '../actors/beads/real/where.ts'
import type { Meant } from './bd-whose.ts'
import { Usage } from './errors.ts'
import { mayNot, whoIsHere } from './here.ts'

/** How long others are waited for, and how long they wait for this one, in milliseconds. */
const waitMs = 120_000
const holdMs = 60_000

/** Commands by which issues would be gone, or the store another one, or come from elsewhere and go there. */
const overseers = new Set([
  ...['admin', 'backup', 'cleanup', 'compact', 'delete', 'flatten', 'gc', 'init', 'migrate', 'prune', 'purge'],
  ...['rename-prefix', 'reset', 'restore', 'sql', 'sync'],
  ...['ado', 'github', 'gitlab', 'jira', 'linear', 'notion'],
])
/** What anybody may ask of its settings; to change one could say where the Overseer's tokens go. */
const asked: ReadonlySet<string> = new Set(['', 'drift', 'get', 'list', 'show', 'validate'])

/** Its exit code. */
export async function runReal({ town, backed }: Meant, argv: readonly string[]): Promise<number> {
  if (!hasRealStore(backed.dir)) throw new BeadsError(`${backed.dir}, where the issues are, has no store of a bd`)
  const { actor, args, isSession } = caller(town, backed, argv)
  const path = programOf(backed, process.env.PATH ?? '', ownCommands(town, process.argv[1] ?? ''))
  const { BEADS_DB: _, BD_DB: __, ...env } = process.env
  const lock = await lockStore(backed.dir, waitMs)
  const held = setTimeout(lock.free, holdMs)
  try {
    const child = spawn(path, args, {
      stdio: 'inherit',
      env: { ...env, ...storeVariables(backed.dir, actor), ...(isSession ? maintainer(env) : {}) },
    })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
    return await new Promise<number>((done, failed) => {
      child.once('error', (error) => failed(new BeadsError(`${path} cannot be started: ${error.message}`)))
      child.once('exit', (code, signal) => done(code ?? 128 + (signal ? constants.signals[signal] : 0)))
    })
  } finally {
    clearTimeout(held)
    lock.free()
  }
}

/** Its issues are the rig's: none is filed elsewhere, as those of a person may be who only contributes. */
function maintainer({ GIT_CONFIG_COUNT = '0' }: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const next = Number(GIT_CONFIG_COUNT) || 0
  return {
    GIT_CONFIG_COUNT: String(next + 1),
    [`GIT_CONFIG_KEY_${next}`]: 'beads.role',
    [`GIT_CONFIG_VALUE_${next}`]: 'maintainer',
  }
}

interface Caller {
  /** Under whose name it is said there. */
  actor: string
  args: readonly string[]
  isSession: boolean
}

/** Who says it, and how. Throws a BeadsError with words for what the caller may not say. */
function caller(town: string, { names }: Backed, argv: readonly string[]): Caller {
  const who = whoIsHere(town)
  const { BD_ACTOR, BEADS_ACTOR, USER } = process.env
  if (who === undefined) return { actor: BD_ACTOR ?? BEADS_ACTOR ?? USER ?? 'unknown', args: argv, isSession: false }
  const { said, args } = withoutActor(argv)
  const [word = '', next = ''] = commandIn(args)
  if (overseers.has(word) || (word === 'config' && !asked.has(next)))
    throw new BeadsError(mayNot('overseer', who) ?? `bd ${word} is the Overseer's`)
  if (who.kind === 'program') {
    const looking = args.filter((each) => !each.startsWith('--readonly'))
    return { actor: 'unknown', args: ['--readonly', ...looking], isSession: false }
  }
  const own = names.out(who.address)
  if (said.some((name) => ![who.address, own].includes(name)))
    throw new BeadsError(`${who.address} writes under its own name, not as ${said.join(', ')}; leave --actor away`)
  return { actor: own, args, isSession: who.kind === 'session' }
}

/** May stand before a command. After anything else it is the program's to say which word the command is. */
const bare = /^(--(json|quiet|verbose|readonly|no-daemon|help|version)(=|$)|-[qvhV]$)/

/** From the command on; Usage with words where that cannot be told for sure. */
function commandIn(args: readonly string[]): readonly string[] {
  const at = args.findIndex((each) => !bare.test(each))
  const [first = '', ...more] = at < 0 ? [] : args.slice(at)
  if (first.startsWith('-')) throw new Usage(`say the command before ${first}: bd <command> … ${first}`)
  return [first, ...more]
}

/** What was typed without `--actor`, and whom it named. */
function withoutActor(argv: readonly string[]): { said: string[]; args: string[] } {
  const said: string[] = []
  const args: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string
    if (word === '--actor') said.push(argv[++at] ?? '')
    else if (word.startsWith('--actor=')) said.push(word.slice('--actor='.length))
    else args.push(word)
  }
  return { said, args }
}
