// `gt up`: the daemon is started, in the background or as this very process, with an environment of its own; or what is
// stopped or halted goes on.
// Never: hands the caller's environment on (actors/environment.ts has the list).
import { spawn } from 'node:child_process'
import { closeSync, existsSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { dirname, extname, join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { daemonEnv } from '../../actors/environment.ts'
import { mayor, witnessOf } from '../../machines/address.ts'
import type { MayorContext } from '../../machines/mayor.ts'
import { answering, post } from '../asking.ts'
import { TownUnreachable } from '../errors.ts'
import { version } from '../version.ts'
import { type Context, declare } from '../word.ts'

/** How long the daemon may take to answer, in milliseconds. */
const upWithinMs = 30_000
/** Of what it says before it ends, in bytes. */
const wordsBytesMax = 64 * 1024
/** How long it then has to end, in milliseconds, before it is killed. */
const endWithinMs = 2000

export const word = declare({
  name: 'up',
  group: 'town',
  summary: 'start the town, or let what is stopped or halted go on',
  usage: '[--foreground]',
  examples: ['gt up', 'gt up --foreground    # for service managers'],
  options: {
    foreground: { kind: 'flag', about: 'be the daemon, for service managers; its log goes to standard output' },
  },
  async run({ flags, town, ask, print, beDaemon }) {
    const root = town()
    // The file itself: what npm links to it has no ending, and `bd` is beside the file, not beside the link.
    const gt = realpathSync(process.argv[1] as string)
    const { townLayout } = await import('../../actors/layout.ts')
    const { daemon } = townLayout(root)
    if (!existsSync(daemon))
      throw new Error(
        `${daemon} is gone, and with it the town’s records and issues, and their copies; put it back from a copy of your own`,
      )
    const { namesHandedOn } = await import('../../actors/facts.ts')
    const extra = await namesHandedOn(root)
    const env = daemonEnv(process.env, extra)
    if (flags.foreground) {
      const all = await goOnWithin(root, env, extra)
      // Compiled code is kept inside the town, so that a daemon that restarts answers sooner.
      const persons = process.umask(0o077)
      enableCompileCache(join(townLayout(root).daemon, 'cache'))
      process.umask(persons)
      const entry = { gt, bd: join(dirname(gt), `bd${extname(gt)}`), node: process.execPath }
      return beDaemon({ town: root, env: all, entry, version })
    }
    const was = await resume(ask)
    const up = was ?? (await background(root, gt, env, ask))
    const found = was ? [] : up.found
    print({ town: root, pid: up.pid, was: was !== undefined, found, problems: up.problems }, () => [
      was ? `${root} is up already (pid ${up.pid})` : `${root} is up (pid ${up.pid})`,
      ...found,
      ...up.problems.map((problem) => `warning: ${problem}`),
    ])
    return 0
  },
})

/**
 * The daemon collects its garbage sooner than Node would: most of what it would keep is none.
 */
const frugal = ['--max-semi-space-size=4', '--heap-growing-percent=40']
const isFrugal = () => frugal.every((flag) => process.execArgv.includes(flag))

/**
 * The same process, begun anew with nothing else in its environment; it comes back here only where it is so already.
 * Secrets are not in it either, for every process of this user reads the environment of any other: the process is
 * handed them in a file, which goes as it is read. Returns all that it lives with.
 */
async function goOnWithin(root: string, env: Record<string, string>, extra: readonly string[]) {
  const { openEnv } = await import('../../actors/environment.ts')
  const { textOf, writePassing } = await import('../../actors/files.ts')
  const { townLayout } = await import('../../actors/layout.ts')
  const open = openEnv(env, extra)
  const handed = join(townLayout(root).daemon, `environment-${process.pid}`)
  if (process.execve && (!isFrugal() || Object.keys(process.env).some((name) => !(name in open)))) {
    const secret = Object.entries(env).filter(([name]) => !(name in open))
    if (secret.length > 0) writePassing(handed, JSON.stringify(Object.fromEntries(secret)))
    const flags = [...process.execArgv.filter((flag) => !frugal.includes(flag)), ...frugal]
    process.execve(process.execPath, [process.execPath, ...flags, ...process.argv.slice(1)], open)
  }
  const all = { ...env, ...(JSON.parse(textOf(handed) ?? '{}') as Record<string, string>) }
  // Those of starts that were killed before they had read theirs go too.
  const { startOf } = await import('../../actors/processes.ts')
  for (const name of readdirSync(townLayout(root).daemon)) {
    const [, pid] = /^environment-(\d+)$/.exec(name) ?? []
    if (pid !== undefined && (Number(pid) === process.pid || startOf(Number(pid)) === undefined))
      rmSync(join(townLayout(root).daemon, name), { force: true })
  }
  Object.assign(process.env, all)
  return all
}

/** Asking it to go on is also how one learns that it serves. */
async function resume(ask: Context['ask']) {
  try {
    return await ask('resume', {})
  } catch (error) {
    if (error instanceof TownUnreachable && !error.silent) return undefined
    throw error
  }
}

async function background(root: string, gt: string, env: Record<string, string>, ask: Context['ask']) {
  const { townLayout } = await import('../../actors/layout.ts')
  const { lastBytes, openForAppending } = await import('../../actors/files.ts')
  const { daemonLog } = townLayout(root)
  const from = existsSync(daemonLog) ? statSync(daemonLog).size : 0
  const out = openForAppending(daemonLog)
  const child = spawn(process.execPath, [...frugal, gt, 'up', '--foreground', '--town', root], {
    cwd: root,
    detached: true,
    stdio: ['ignore', out, out],
    env,
  })
  closeSync(out)
  let code: number | null | undefined
  child.once('exit', (exit) => {
    code = exit
  })
  child.unref()
  // Whoever asks while it begins is answered once it has, or told why it has not.
  for (const end = performance.now() + upWithinMs; code === undefined && performance.now() < end; ) {
    await sleep(5)
    const up = await resume(ask)
    if (up) return up
  }
  if (code === undefined) {
    const { endEach, identityOf } = await import('../../actors/processes.ts')
    await endEach([identityOf(child.pid as number)], endWithinMs)
  }
  // Another one may have been faster.
  const up = await resume(ask)
  if (up) return up
  const written = existsSync(daemonLog) ? statSync(daemonLog).size - from : 0
  const said = wordsIn(lastBytes(daemonLog, Math.max(0, Math.min(written, wordsBytesMax))))
  throw new Error(`the town does not come up: ${said} (log: ${daemonLog})`)
}

/** What a start that failed has said, without the lines of the log that say what it did before. */
function wordsIn(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const plain = lines.filter((line) => !line.startsWith('{"level"'))
  return (plain.length > 0 ? plain : lines).join('\n').trim() || 'no words'
}

export const answers = {
  /** Lets stopped rigs work again (what `gt up` does after the daemon serves). */
  resume: answering({
    word: 'up',
    shape: z.object({}),
    answer: (_, asking) => {
      const { town } = asking
      for (const scope of town.host.holds()) town.host.release(scope)
      for (const { address, status } of town.host.actors()) if (status === 'halted') town.host.resume(address)
      for (const name of town.rigs()) {
        post(asking, { to: witnessOf(name), type: 'rig.configured', body: { ...town.rig(name) } })
        post(asking, { to: witnessOf(name), type: 'rig.resumed', body: {} })
      }
      const { holds = {} } = (town.host.actor(mayor)?.context ?? {}) as Partial<MayorContext>
      if (Object.keys(holds).length > 0)
        post(asking, { to: mayor, type: 'account.released', body: { account: null, rigs: [] } })
      return { resumed: [...town.rigs()], pid: town.pid, problems: [...town.problems()], found: [...town.found] }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
