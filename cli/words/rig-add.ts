// `gt rig add`: a repository becomes a rig, and a town that is up begins with it.
// Never: leaves half a rig behind.

import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import type { Command } from '../../actors/commands.ts'
import { witnessOf } from '../../machines/address.ts'
import { answering, post } from '../asking.ts'
import { TownUnreachable, Usage } from '../errors.ts'
import { complain, isTerminal, progressed, tell } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'rig add',
  group: 'town',
  summary: 'put a repository under the town’s care',
  usage:
    "<name> <git-url or path> (--gate 'name=command' … | --no-gate) [--agent <preset>] [--worker 'program arguments …']",
  examples: [
    "gt rig add wyvern https://example.org/wyvern.git --gate 'test=npm test' --agent claude",
    "gt rig add wyvern ../wyvern --gate 'test=npm test' --worker 'node ./worker.mjs'",
    "gt rig add wyvern ../wyvern --setup 'install=npm ci' --gate 'test=npm test' --env CI=1",
    'gt rig add docs ../docs --no-gate',
    "gt rig add wyvern ../wyvern --gate 'test=npm test' --beads bd --beads-dir ../wyvern/.beads",
  ],
  options: {
    gate: { kind: 'text', many: true, about: 'name=command, run on every candidate before it lands; may be repeated' },
    'no-gate': { kind: 'flag', about: 'say that this rig lands untested' },
    'gate-env': { kind: 'text', many: true, about: 'name of a variable that gates get of yours; may be repeated' },
    setup: { kind: 'text', many: true, about: 'name=command that makes a new worktree ready to work in' },
    env: { kind: 'text', many: true, about: 'NAME=value for sessions and gates; may be repeated' },
    branch: { kind: 'text', about: 'the branch to build on; the one origin’s HEAD names if left out' },
    'merge-style': {
      kind: 'text',
      choices: ['merge', 'squash', 'rebase'],
      about: 'how work is put on main; squash and rebase keep main a line',
    },
    copy: { kind: 'text', many: true, about: 'a file git ignores, like .env, that worktrees and gates get too' },
    prefix: { kind: 'text', about: 'of its issues’ ids; from the name if left out' },
    beads: {
      kind: 'text',
      choices: ['embedded', 'bd'],
      about: 'who keeps its issues: the town itself (embedded), or a real bd that is installed here',
    },
    'beads-dir': { kind: 'text', about: 'a .beads folder that is there already, for that bd; else it makes one' },
    'beads-program': { kind: 'text', about: 'that bd, where it is not the first on your PATH' },
    agent: { kind: 'text', about: 'the coding agent, as gt agents names it: claude, codex, …' },
    model: { kind: 'text', about: 'the model it is to use; its own choice if left out' },
    effort: { kind: 'text', about: 'how hard it is to think, where it knows that' },
    worker: {
      kind: 'text',
      about: 'the agent: a program with its arguments, run in its worktree; with --agent, its program',
    },
    'max-workers': { kind: 'number', range: [1, 200], about: 'polecats at work at once (4)' },
    'spawn-delay': { kind: 'duration', about: 'pause between starts' },
    session: { kind: 'text', choices: ['auto', 'tmux', 'process'], about: 'auto, tmux or process' },
  },
  args: { name: { kind: 'text' }, url: { kind: 'text' } },
  async run({ args: { name, url }, flags, town, print, ask }) {
    if (flags['no-gate'] && flags.gate.length > 0)
      throw new Usage('a rig has gates, or lands untested: say --gate or --no-gate, not both')
    const real = flags.beads === 'bd'
    if (!real && (flags['beads-dir'] ?? flags['beads-program']) !== undefined)
      throw new Usage('--beads-dir and --beads-program are for a real bd: say --beads bd too')
    const { initBeads } = await import('../../actors/beads/file.ts')
    const { asWritten, splitCommand } = await import('../../actors/commands.ts')
    const split = (text: string) => splitCommand(text, homeOf(process.env))
    const { homeOf } = await import('../../actors/environment.ts')
    const { addRig } = await import('../../actors/install.ts')
    const { shown } = await import('../../actors/git/shown.ts')
    const commands = (option: string, all: readonly string[]) =>
      Object.fromEntries(all.map((text) => pair(option, text)).map(([key, line]) => [key, asWritten(split(line))]))
    const settings = {
      ...(flags['gate-env'].length > 0 ? { gate_env: flags['gate-env'] } : {}),
      ...(flags.env.length > 0 ? { env: Object.fromEntries(flags.env.map((text) => pair('env', text))) } : {}),
      ...(flags.setup.length > 0 ? { setup: commands('setup', flags.setup) } : {}),
      ...(flags.copy.length > 0 ? { copy: flags.copy } : {}),
      ...(flags['merge-style'] === undefined ? {} : { merge_style: flags['merge-style'] }),
      ...(flags.model === undefined ? {} : { model: flags.model }),
      ...(flags.effort === undefined ? {} : { effort: flags.effort }),
    }
    const command = flags.worker === undefined ? undefined : await workerCommand(flags.worker, split)
    const worker = command && asWritten(command)
    const { propose, startable } = await import('../agents.ts')
    if (flags.agent !== undefined) await startable(town(), flags.agent, command?.argv)
    else if (command === undefined) await propose(town())
    const { closeToOthers } = await import('../../actors/umask.ts')
    closeToOthers()
    tell(`cloning ${shown(url)} …`)
    const added = await addRig(town(), {
      name,
      url,
      gates: commands('gate', flags.gate),
      noGate: flags['no-gate'],
      settings,
      now: new Date(),
      initBeads,
      ...(isTerminal('stderr') ? { progress: showProgress } : {}),
      ...(real ? { real: await realBeads(town(), flags['beads-dir'], flags['beads-program']) } : {}),
      ...(flags.branch === undefined ? {} : { branch: flags.branch }),
      ...(flags.prefix === undefined ? {} : { prefix: flags.prefix }),
      ...(worker ? { worker } : {}),
      ...(flags['max-workers'] === undefined ? {} : { maxWorkers: flags['max-workers'] }),
      ...(flags['spawn-delay'] === undefined ? {} : { spawnDelay: `${flags['spawn-delay']}ms` }),
      ...(flags.agent === undefined ? {} : { agent: flags.agent }),
      ...(flags.session === undefined ? {} : { session: flags.session }),
    })
    try {
      await ask('rigAdded', { rig: name })
    } catch (error) {
      // A town that is down reads its rigs when it comes up.
      if (!(error instanceof TownUnreachable)) throw error
    }
    if (added.warning) complain('warning', added.warning)
    if (added.credentials)
      tell(`what stood before the @ is kept in ${added.credentials}; what you typed may be in your shell’s history`)
    print({ rig: name, ...added }, () => [
      `${name} is a rig on ${added.branch}; its issues are ${added.prefix}-…${added.bd === undefined ? '' : `, kept by bd ${added.bd}`}${flags['no-gate'] ? '. It lands WITHOUT a gate' : ''}`,
    ])
    return 0
  },
})

/** A real `bd` that is to keep the issues, and where. */
async function realBeads(town: string, dir: string | undefined, named: string | undefined) {
  const { prepareReal } = await import('../../actors/beads/real/make.ts')
  const { ownCommands } = await import('../../actors/beads/real/where.ts')
  return prepareReal({
    dir: dir && resolve(dir),
    program: named && resolve(named),
    env: process.env,
    ours: ownCommands(town, process.argv[1] ?? ''),
  })
}

/** One line that is written over, for people who watch. */
function showProgress({ stage, progress }: { stage: string; progress: number }): void {
  progressed(`${stage} ${progress} %`, progress === 100)
}

function pair(option: string, text: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new Usage(`--${option} is name=${option === 'env' ? 'value' : 'command'}, not "${text}"`)
  return [text.slice(0, at), text.slice(at + 1)]
}

/** Agents start in their worktree: paths as a person typed them, from here, are made whole. */
async function workerCommand(text: string, split: (text: string) => Command): Promise<Command> {
  const typed = existsSync(text) ? { argv: [text], env: {} } : split(text)
  const argv = typed.argv.map((part) => (part.includes('/') && existsSync(part) ? resolve(part) : part))
  const [program] = argv
  if (program === undefined) throw new Usage('--worker names a program')
  const why = await cannotStart(program)
  if (why) throw new Usage(`--worker: ${why}`)
  return { argv, env: typed.env }
}

/** Why nothing could be started by this name, in words. */
async function cannotStart(program: string): Promise<string | undefined> {
  const { isProgram, onPath } = await import('../../actors/agents/installed.ts')
  if (!program.includes('/')) {
    return onPath(program, process.env.PATH ?? '') !== null
      ? undefined
      : `there is no program "${program}" on your PATH; give its path`
  }
  if (!existsSync(program)) return `${program} does not exist`
  // A script is run with the town's Node.
  if (/\.(mjs|cjs|js|ts)$/.test(program) && statSync(program).isFile()) return undefined
  return isProgram(program) ? undefined : `${program} is not executable; \`chmod +x ${program}\``
}

export const answers = {
  /** A rig was added on disk. */
  rigAdded: answering({
    word: 'rig add',
    shape: z.object({ rig: z.string() }),
    answer: async ({ rig }, asking): Promise<null> => {
      await asking.town.rigAdded(rig)
      post(asking, { to: witnessOf(rig), type: 'rig.configured', body: { ...asking.town.rig(rig) } })
      return null
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
