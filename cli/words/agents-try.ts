// `gt agents try`: one real turn of an agent in a scratch repository, told as it goes.
// Never: touches a rig; counts as work.
import process from 'node:process'
import { Usage } from '../errors.ts'
import { tell } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'agents try',
  group: 'sessions',
  summary: 'have an agent do one real turn, and say what came of it',
  usage: '<preset> [--program <path>] [--model <name>] [--timeout <duration>]',
  examples: ['gt agents try claude', 'gt agents try claude --model opus', 'gt agents try codex --timeout 5m'],
  args: { preset: { kind: 'text' } },
  options: {
    program: { kind: 'text', about: 'another program than the one on the PATH' },
    model: { kind: 'text', about: 'the model it is to use; its own choice otherwise' },
    timeout: { kind: 'duration', about: 'how long its turn may take (2m)' },
  },
  async run({ args, flags, townAround, json, print }) {
    const { spokenPresets } = await import('../../actors/agents/presets.ts')
    const spoken = await spokenPresets()
    const preset = spoken.find(({ name }) => name === args.preset)
    if (!preset)
      throw new Usage(
        `there is no agent "${args.preset}" to try; there is ${spoken.map(({ name }) => name).join(', ')}`,
      )
    const { onPath } = await import('../../actors/agents/installed.ts')
    const path = flags.program ?? onPath(preset.program ?? '', process.env.PATH ?? '')
    if (path === null)
      throw new Error(`${preset.program} is not on the PATH; install it (${preset.from}), or name it with --program`)
    const { attempt } = await import('../../actors/agents/attempt.ts')
    const { shown } = await import('../../actors/agents/evidence.ts')
    const { sessionEnv } = await import('../../actors/environment.ts')
    const stopped = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort())
    const done = await attempt(preset, {
      argv: [path],
      env: { ...sessionEnv(process.env, preset.passes), PATH: process.env.PATH ?? '' },
      model: flags.model ?? null,
      withinMs: flags.timeout ?? 120_000,
      signal: stopped.signal,
      heard: (fact) => {
        if (!json && shown(fact)) tell(...shown(fact).split('\n'))
      },
    })
    const root = townAround()
    const at = new Date().toISOString()
    if (root !== undefined) {
      const { keepVerdict } = await import('../../actors/agents/verdicts.ts')
      keepVerdict(root, preset.name, { at, verdict: done.verdict, why: done.why })
    }
    print({ preset: preset.name, program: path, at, ...done }, () => [
      `${preset.name} ${done.verdict}, after ${done.seconds} s${done.model ? ` with ${done.model}` : ''}: ${done.why}`,
    ])
    return done.verdict === 'worked' ? 0 : 1
  },
})
