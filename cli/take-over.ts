// A session taken over: it is stopped, its conversation goes on in the person's terminal, by the agent's own program,
// and when that has ended the worker goes on.
// Never: costs a try; leaves the worker stopped by itself; has one conversation go on in two places: what runs here
// belongs to the session that was stopped, and ends when the next one of that worker begins.
import { existsSync } from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { glanceAt } from '../actors/agents/glance.ts'
import { onPath } from '../actors/agents/installed.ts'
import { endAll } from '../actors/processes.ts'
import type { LastRun } from '../actors/sessions/last-run.ts'
import { Usage } from './errors.ts'
import { inTerminal } from './in-terminal.ts'
import { agentPlace } from './place.ts'
import { tell } from './print.ts'
import type { Context } from './word.ts'

interface Taken {
  who: string
  rig: string
  name: string
  run: LastRun
  /** The person is asked first. */
  isAsked: boolean
}

/** How long a worker has to be stopped, in milliseconds. */
const stopsWithinMs = 15_000
/** How long what the agent leaves behind has to end, in milliseconds. */
const graceMs = 2000

export async function takeOver({ ask, town }: Context, taken: Taken): Promise<number> {
  const { who, rig, run } = taken
  const { argv, env, mark } = await byHand(town(), taken)
  if (taken.isAsked) await agreed(who, argv)
  // From here on the worker is stopped: whoever ends this does not leave it so.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  let exitCode = 1
  try {
    tell((await ask('sessionStop', { address: who })).text)
    await stopped(() => ask('polecats', { rig }), who)
    try {
      exitCode = await inTerminal(argv, { cwd: run.worktree, env })
    } finally {
      await endAll({ mark }, graceMs)
    }
  } finally {
    if (!(await isHandedBack(() => ask('sessionResume', { address: who }), who))) exitCode = 1
  }
  return exitCode
}

/** What is to run here. All that may be in the way is found before anything is stopped. */
async function byHand(town: string, { who, rig, name, run }: Taken) {
  if (!run.isSpoken) throw new Error(`${who} is no agent that is spoken to: it has no conversation to go on with`)
  const { preset, program, env, mark } = await agentPlace(town, { rig, name, run })
  const conversation = glanceAt(run.dir).started?.conversation
  if (!preset.resumeByHand) throw new Error(`a person cannot go on with a conversation of ${preset.name}`)
  // An agent can write what is read here: it is no option.
  if (conversation === undefined || !/^\w[\w.:-]*$/.test(conversation))
    throw new Error(`${who} has told of no conversation yet; \`gt session logs ${who}\` shows what it did`)
  if ('why' in program) throw new Error(program.why)
  const [path = ''] = program.argv
  if (path.includes('/') ? !existsSync(path) : onPath(path, env.PATH ?? '') === null)
    throw new Error(`there is no program "${path}" on the PATH of ${who}`)
  return { argv: [...program.argv, ...preset.resumeByHand(conversation)], env, mark }
}

async function agreed(who: string, argv: readonly string[]): Promise<void> {
  if (process.stdin.isTTY !== true) throw new Usage('nobody is here to be asked; say --yes to take it over')
  tell(`${who} is stopped, and goes on when you leave: ${argv.join(' ')}`, 'take it over? [y/N]')
  const lines = createInterface({ input: process.stdin })
  const answer = await Promise.race([
    lines.question(''),
    new Promise<string>((no) => lines.once('close', () => no(''))),
  ])
  lines.close()
  if (!/^\s*y(es)?\s*$/i.test(answer)) throw new Error('nothing was done')
}

/** Only then does it begin nothing, and nobody works there. */
async function stopped(polecats: () => Promise<{ address: string; state: string }[]>, who: string): Promise<void> {
  let state: string | undefined
  for (const end = performance.now() + stopsWithinMs; performance.now() < end; await pause(100)) {
    state = (await polecats()).find(({ address }) => address === who)?.state
    if (state === 'stopped') return
    if (state === undefined) break
  }
  throw new Error(`${who} cannot be taken over: it is ${state?.replaceAll('_', ' ') ?? 'gone, its work is done'}`)
}

async function isHandedBack(resume: () => Promise<{ text: string }>, who: string): Promise<boolean> {
  try {
    tell((await resume()).text)
    return true
  } catch (error) {
    tell(
      `${who} does not go on yet: ${error instanceof Error ? error.message : error}`,
      `\`gt session resume ${who}\` lets it`,
    )
    return false
  }
}
