// `gt session peek`: what a polecat does now, in words, from its session's own folder; also while the town is down.
// Never: asks the agent; changes anything.
import type { Glance } from '../../actors/agents/glance.ts'
import type { Polecat } from '../api.ts'
import { TownUnreachable } from '../errors.ts'
import { body, clock, type Line } from '../print.ts'
import { type Context, declare } from '../word.ts'

const linesMax = 10

export const word = declare({
  name: 'session peek',
  group: 'sessions',
  summary: 'what a polecat does now: its turn, its tools, its last words',
  usage: '<rig>/<polecat>',
  examples: ['gt session peek wyvern/Nux', 'gt session peek wyvern/Nux --json'],
  args: { who: { kind: 'address' } },
  async run({ args: { who }, town, ask, print }) {
    const { placeOf } = await import('../place.ts')
    const { rig, run } = placeOf(town(), who)
    const { assignment, record } = run
    const { glanceAt } = await import('../../actors/agents/glance.ts')
    const { wayIn } = await import('../../actors/agents/attach.ts')
    const { wordsLeft } = await import('../../actors/agents/supervisor.ts')
    const known = await polecatIn(ask, rig, who)
    const now = {
      ...{ address: who, town: known.town, state: known.polecat?.state ?? null },
      ...{ issue: assignment?.issue.id ?? null, title: assignment?.issue.title ?? null },
      ...{ branch: assignment?.branch ?? null, attempt: assignment?.attempt ?? null },
      session: {
        ...{ dir: run.dir, epoch: run.epoch, isAlive: run.isAlive, exitCode: run.exitCode },
        ...{ backend: record?.backend ?? null, pid: run.isAlive ? (record?.pid ?? null) : null },
        canBeJoined: run.isAlive && (run.isSpoken ? wayIn(run.dir) !== undefined : record?.backend === 'tmux'),
      },
      agent: run.isSpoken ? { ...glanceAt(run.dir), waiting: wordsLeft(run.dir) } : null,
      output: run.isSpoken ? null : await lastOutput(run.dir),
    }
    print(now, (shown) => linesOf(shown, Date.now()))
    return 0
  },
})

type Agent = Glance & { waiting: number }
interface Now {
  address: string
  town: 'up' | 'down' | 'silent'
  state: string | null
  issue: string | null
  title: string | null
  branch: string | null
  attempt: number | null
  session: { isAlive: boolean; exitCode: number | null; backend: string | null; canBeJoined: boolean }
  agent: Agent | null
  output: string | null
}

/** What the town knows of it, where there is one to ask. */
async function polecatIn(
  ask: Context['ask'],
  rig: string,
  who: string,
): Promise<{ town: Now['town']; polecat?: Polecat | undefined }> {
  try {
    return { town: 'up', polecat: (await ask('polecats', { rig })).find(({ address }) => address === who) }
  } catch (error) {
    if (!(error instanceof TownUnreachable)) throw error
    return { town: error.silent ? 'silent' : 'down' }
  }
}

/** The last lines of what a program printed, without what it told its terminal. */
async function lastOutput(dir: string): Promise<string> {
  const { join } = await import('node:path')
  const { stripVTControlCharacters } = await import('node:util')
  const { lastBytes, lastLines } = await import('../../actors/files.ts')
  const text = stripVTControlCharacters(lastBytes(join(dir, 'output.log'), 64 * 1024))
  // Of a line that was written over, what stands there last.
  return lastLines(text.replaceAll('\r\n', '\n').replaceAll(/^.*\r(?=.)/gm, ''), linesMax)
}

function linesOf(now: Now, at: number): Line[] {
  const { session, agent, output } = now
  const attempt = now.attempt === null || now.attempt === 1 ? '' : `, try ${now.attempt}`
  const issue = now.issue === null ? 'its assignment cannot be read' : `${now.issue} “${now.title}”`
  return [
    `${now.address}  ${issue}  on ${now.branch ?? 'no branch'}${attempt}`,
    ...townLines(now),
    ...(session.isAlive
      ? []
      : [`  its session is over${session.exitCode === null ? '' : `: exit ${session.exitCode}`}`]),
    ...(agent === null ? [] : agentLines(agent, session.isAlive, at)),
    ...(output === null ? [] : outputLines(output, session)),
    ...(session.isAlive && session.canBeJoined ? [`  gt session attach ${now.address} joins it`] : []),
  ]
}

function townLines({ town, state, session }: Now): string[] {
  if (town === 'down') return ['  the town is down; this is what the session’s folder says']
  if (town === 'silent') return ['  the town does not answer; this is what the session’s folder says']
  if (state === null) return ['  nobody works under this name now; this is what its last session left']
  return state === 'working' && session.isAlive ? [] : [`  it is ${state.replaceAll('_', ' ')}`]
}

function agentLines(agent: Agent, isAlive: boolean, at: number): Line[] {
  const { started, turn, tools, said, context, limited, retrying, gone } = agent
  const isOn = isAlive && turn?.what === 'turn_began'
  const model = started && `, ${[started.model, started.version].filter(Boolean).join(' ')}`
  const lines: Line[] = []
  const tell = (words: string) => lines.push(`  ${words}`)
  if (isOn) tell(`at work since ${since(turn.at, at)}${model ?? ''}`)
  else if (isAlive && turn === null) tell(`${started ? 'waits for its first words' : 'is being started'}${model ?? ''}`)
  else if (isAlive) tell(`waits for words since ${since(turn?.at ?? at, at)}${model ?? ''}`)
  if (turn?.what === 'turn_over' && turn.end !== 'done') tell(`its last turn ended ${turn.end}: ${turn.why}`)
  if (isOn)
    for (const { name, on, at: begun } of tools) tell(`runs ${`${name} ${on}`.trim()}, since ${since(begun, at)}`)
  if (limited) tell(`out of its allowance${limited.until === null ? '' : ` until ${moment(limited.until)}`}`)
  if (isAlive && retrying) tell(`tries again since ${since(retrying.at, at)}: ${retrying.why || 'no answer'}`)
  if (context) tell(`${Math.round((100 * context.used) / Math.max(1, context.window))} % of its context is full`)
  const words = wordsTold(agent)
  if (words) tell(`words for it: ${words}`)
  if (gone?.tail) lines.push('  its program said last:', body(gone.tail))
  if (said) lines.push(`  said ${since(said.at, at)}:`, body(said.text))
  return lines
}

function wordsTold({ waiting, words }: Agent): string {
  return Object.entries({ waiting, ...words })
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ')
}

function outputLines(output: string, { isAlive, backend }: Now['session']): Line[] {
  const where = isAlive ? [`  at work${backend === 'tmux' ? ', in tmux' : ''}`] : []
  return output === '' ? [...where, '  it has printed nothing'] : [...where, '  printed last:', body(output)]
}

/** `14:03:22 (4 min)`. */
const since = (from: number, at: number) => `${clock(from)} (${lasting(Math.max(0, at - from))})`

function lasting(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return `${Math.floor(ms / 1000)} s`
  if (minutes < 60) return `${minutes} min`
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 1440)} days`
}

/** With its day, where that is another one. */
const moment = (at: number) =>
  at - Date.now() < 12 * 3_600_000 ? clock(at) : new Date(at).toISOString().slice(0, 16).replace('T', ' ')
