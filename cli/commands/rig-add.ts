import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { presets } from '../../actors/agents/presets.ts'
import { initBeads } from '../../actors/beads/embedded.ts'
import { splitCommand } from '../../actors/config.ts'
import { addRig } from '../../actors/install.ts'
import { TownUnreachable } from '../client.ts'
import { command, Usage } from '../command.ts'

export default command({
  summary: 'put a repository under the town’s care',
  usage: "<name> <git-url or path> (--gate 'name=command' … | --no-gate) [--worker 'program arguments …']",
  examples: [
    "gt rig add wyvern https://example.org/wyvern.git --gate 'test=npm test' --worker 'node ./worker.mjs'",
    'gt rig add docs ../docs --no-gate',
  ],
  options: {
    gate: {
      type: 'string',
      multiple: true,
      about: 'name=command, run on every candidate before it lands; may be repeated',
    },
    'no-gate': { type: 'boolean', about: 'say that this rig lands untested' },
    prefix: { type: 'string', about: 'of its issues’ ids; from the name if left out' },
    agent: { type: 'string', about: 'preset that drives the agent: shell' },
    worker: { type: 'string', about: 'the agent: a program with its arguments, run in its worktree' },
    'max-workers': { type: 'string', about: 'polecats at work at once (4)' },
    'spawn-delay': { type: 'string', about: 'pause between starts, like 5s' },
    session: { type: 'string', about: 'auto, tmux or process' },
  },
  args: [2, 2],
  async run({ args, flags, town, print, ask }) {
    const [name = '', url = ''] = args
    if (flags.agent !== undefined && !(String(flags.agent) in presets))
      throw new Usage(`no agent preset "${flags.agent}"; there is: ${Object.keys(presets).join(', ')}`)
    if (flags.session !== undefined && !['auto', 'tmux', 'process'].includes(String(flags.session)))
      throw new Usage('--session is auto, tmux or process')
    const gates = Object.fromEntries(
      ((flags.gate as string[] | undefined) ?? []).map((text) => {
        const at = text.indexOf('=')
        if (at < 1) throw new Usage(`a gate is name=command, not "${text}"`)
        return [text.slice(0, at), splitCommand(text.slice(at + 1))]
      }),
    )
    const progress = process.stderr.isTTY ? showProgress : undefined
    process.stderr.write(`cloning ${url} …\n`)
    const added = await addRig(town(), {
      name,
      url,
      gates,
      now: new Date(),
      initBeads,
      ...(progress ? { progress } : {}),
      noGate: flags['no-gate'] === true,
      ...(typeof flags.prefix === 'string' ? { prefix: flags.prefix } : {}),
      ...(typeof flags.worker === 'string' ? { worker: workerArgv(flags.worker) } : {}),
      ...(flags['max-workers'] === undefined ? {} : { maxWorkers: Number(flags['max-workers']) }),
      ...(typeof flags['spawn-delay'] === 'string' ? { spawnDelay: flags['spawn-delay'] } : {}),
      ...(typeof flags.agent === 'string' ? { agent: flags.agent } : {}),
      ...(flags.session === undefined ? {} : { session: flags.session as 'auto' }),
    })
    try {
      await ask('rigAdded', { rig: name })
    } catch (error) {
      // A town that is down reads its rigs when it comes up.
      if (!(error instanceof TownUnreachable)) throw error
    }
    if (added.warning) process.stderr.write(`warning: ${added.warning}\n`)
    print({ rig: name, ...added }, () => [
      `${name} is a rig on ${added.branch}; its issues are ${added.prefix}-…${flags['no-gate'] ? '. It lands WITHOUT a gate' : ''}`,
    ])
    return 0
  },
})

/** One line that is written over, for people who watch. */
function showProgress({ stage, progress }: { stage: string; progress: number }): void {
  process.stderr.write(`\r\u001b[K${stage} ${progress} %${progress === 100 ? '\r\u001b[K' : ''}`)
}

/** Agents start in their worktree: paths as a person typed them, from here, are made whole. */
function workerArgv(text: string): string[] {
  const parts = existsSync(text) ? [text] : splitCommand(text)
  if (parts.length === 0) throw new Usage('--worker names a program')
  return parts.map((part) => (part.includes('/') && existsSync(part) ? resolve(part) : part))
}
