// `gt capture`: a command of the Overseer's in a worker's worktree, with what its session finds around it.
// Never: leaves anything of it behind; lets what it prints steer a terminal, unless it is asked to.
import { existsSync } from 'node:fs'
import process from 'node:process'
import { Usage } from '../errors.ts'
import { isTerminal, plainPieces, raw, tell } from '../print.ts'
import { declare } from '../word.ts'

/** Of what it printed, for --json, in bytes: the end of it. */
const keptBytesMax = 8 * 1024 * 1024
/** As `timeout` and shells say it. */
const [lateCode, signalledCode] = [124, 128]

export const word = declare({
  name: 'capture',
  group: 'sessions',
  summary: 'run a command in a polecat’s worktree, with its session’s environment',
  usage: '<rig>/<polecat> ("<command>" | -- <program> [arguments]) [--timeout <duration>]',
  examples: [
    'gt capture wyvern/Nux "git status --short"',
    'gt capture wyvern/Nux "npm test" --timeout 10m',
    "gt capture wyvern/Nux -- sh -c 'git diff main | wc -l'",
  ],
  options: {
    timeout: { kind: 'duration', about: 'it is ended after so long, and the exit code is 124 (60s)' },
    raw: { kind: 'flag', about: 'byte for byte also on a terminal, which it then steers' },
  },
  args: { who: { kind: 'address' }, command: { kind: 'text', many: true } },
  async run({ args, flags, town, json, print }) {
    const command = await programIn(args.command)
    const { placeOf } = await import('../place.ts')
    const { rig, name, run } = placeOf(town(), args.who)
    if (!existsSync(run.worktree))
      throw new Error(`${args.who} has no worktree now; \`gt recover ${args.who}\` lists what was kept of its work`)
    const { readTown, rigIn } = await import('../../actors/facts.ts')
    const { commandBeside } = await import('../../actors/sessions/beside.ts')
    const { runProgram } = await import('../../actors/programs.ts')
    const config = rigIn(town(), readTown(town()).rigs, rig)
    const { env, mark } = commandBeside({ town: town(), rig: config, polecat: name, run, env: process.env })
    const limitMs = flags.timeout ?? 60_000
    const over = new AbortController()
    const stops = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of stops) process.once(signal, () => over.abort())
    const heard = json ? keeping() : passing(flags.raw)
    const done = await runProgram({
      ...{ argv: command.argv, cwd: run.worktree, env: { ...env, ...command.env }, mark, limitMs },
      ...{ signal: over.signal, onOutput: heard.output, onErrors: heard.errors },
    })
    if ('why' in done) throw new Error(`${command.argv[0]} could not be started in ${run.worktree}: ${done.why}`)
    const { constants } = process.getBuiltinModule('node:os')
    const exitCode = done.timedOut
      ? lateCode
      : (done.exitCode ?? signalledCode + constants.signals[done.endedBy ?? 'SIGKILL'])
    if (done.timedOut) tell(`it was ended after ${limitMs / 1000} s; --timeout gives it longer`)
    if (json) print({ exitCode, output: heard.kept() }, () => [])
    return exitCode
  },
})

/** As it was typed: one text, or a program and its arguments. */
async function programIn(words: readonly string[]): Promise<{ argv: readonly string[]; env: Record<string, string> }> {
  const [text = ''] = words
  if (words.length === 0) throw new Usage('say what is to be run: gt capture <rig>/<polecat> "<command>"')
  if (words.length > 1 || process.argv.includes('--')) return { argv: words, env: {} }
  const { CommandRefused, splitCommand } = await import('../../actors/commands.ts')
  const { homeOf } = await import('../../actors/environment.ts')
  try {
    return splitCommand(text, homeOf(process.env))
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error
    const quoted = text.replaceAll("'", `'\\''`)
    throw new Usage(
      `${error.message.split(';')[0]}; the form that works: gt capture <rig>/<polecat> -- sh -c '${quoted}'`,
    )
  }
}

interface Heard {
  output(bytes: Buffer): void
  errors(bytes: Buffer): void
  kept(): string
}

/** On, each to where it belongs: to a program as it is, to a person as text. */
function passing(isRaw: boolean): Heard {
  const to = (where: 'stdout' | 'stderr') => {
    const shown = isRaw || !isTerminal(where) ? undefined : plainPieces()
    return (bytes: Buffer) => raw(shown ? shown(bytes) : bytes, where)
  }
  return { output: to('stdout'), errors: to('stderr'), kept: () => '' }
}

function keeping(): Heard {
  const pieces: Buffer[] = []
  let bytes = 0
  const keep = (piece: Buffer) => {
    pieces.push(piece)
    bytes += piece.length
    while (bytes - (pieces[0]?.length ?? 0) > keptBytesMax) bytes -= pieces.shift()?.length ?? 0
  }
  return { output: keep, errors: keep, kept: () => Buffer.concat(pieces).subarray(-keptBytesMax).toString('utf8') }
}
