import process from 'node:process'
import { resolve } from 'node:path'
import { existsSync } from 'node:fs'
import { initBeads } from '../../actors/beads/embedded.ts'
import { splitCommand } from '../../actors/config.ts'
import { addRig } from '../../actors/install.ts'
import { TownUnreachable } from '../client.ts'
import { command, Usage } from '../command.ts'

export default command({
  summary: 'put a repository under the town’s care',
  usage: "<name> <git-url or path> (--gate 'name=command' … | --no-gate) [--worker <program> …]",
  examples: ["gt rig add wyvern https://example.org/wyvern.git --gate 'test=npm test' --worker ./worker.mjs", 'gt rig add docs ../docs --no-gate'],
  options: {
    gate: { type: 'string', multiple: true },
    'no-gate': { type: 'boolean' },
    prefix: { type: 'string' },
    agent: { type: 'string' },
    worker: { type: 'string', multiple: true },
    'max-workers': { type: 'string' },
    'spawn-delay': { type: 'string' },
    session: { type: 'string' },
  },
  args: [2, 2],
  async run({ args, flags, town, print, ask }) {
    const [name = '', url = ''] = args
    if (flags.agent !== undefined && flags.agent !== 'shell') throw new Usage(`no agent preset "${flags.agent}"; there is: shell`)
    if (flags.session !== undefined && !['auto', 'tmux', 'process'].includes(String(flags.session))) throw new Usage('--session is auto, tmux or process')
    const gates = Object.fromEntries(((flags.gate as string[] | undefined) ?? []).map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new Usage(`a gate is name=command, not "${text}"`)
      return [text.slice(0, at), splitCommand(text.slice(at + 1))]
    }))
    const worker = (flags.worker as string[] | undefined)?.map((part, index) => (index === 0 && part.includes('/') && existsSync(part) ? resolve(part) : part))
    process.stderr.write(`cloning ${url} …\n`)
    const added = await addRig(town(), {
      name,
      url,
      gates,
      now: new Date(),
      initBeads,
      noGate: flags['no-gate'] === true,
      ...(typeof flags.prefix === 'string' ? { prefix: flags.prefix } : {}),
      ...(worker ? { worker } : {}),
      ...(flags['max-workers'] === undefined ? {} : { maxWorkers: Number(flags['max-workers']) }),
      ...(typeof flags['spawn-delay'] === 'string' ? { spawnDelay: flags['spawn-delay'] } : {}),
      ...(flags.session === undefined ? {} : { session: flags.session as 'auto' }),
    })
    try {
      await ask('rigAdded', { rig: name })
    } catch (error) {
      // A town that is down reads its rigs when it comes up.
      if (!(error instanceof TownUnreachable)) throw error
    }
    print({ rig: name, ...added }, () => [`${name} is a rig on ${added.branch}; its issues are ${added.prefix}-…${flags['no-gate'] ? '. It lands WITHOUT a gate' : ''}`])
    return 0
  },
})
