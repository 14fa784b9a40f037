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
    const root = townAround()
    const { presetIn, presetTrouble, spokenIn } = await import('../../actors/agents/own.ts')
    const names = (await spokenIn(root)).map(({ name }) => name)
    const trouble = presetTrouble(root, args.preset)
    if (!names.includes(args.preset))
      throw new Usage(
        trouble ?? `nobody speaks with ${args.preset}, so there is nothing to try; there is ${names.join(', ')}`,
      )
    const preset = await presetIn(root, args.preset)
    const { lacking } = await import('../../actors/agents/installed.ts')
    const worker = flags.program === undefined ? undefined : [flags.program]
    const launch = preset.launch({ worker, node: process.execPath })
    if ('why' in launch) throw new Error(launch.why)
    // What a person names is tried, whatever it is.
    const why = worker ? undefined : lacking(preset, launch.argv, process.env.PATH ?? '')
    if (why !== undefined) throw new Error(`${why}, or name it with --program`)
    const { attempt } = await import('../../actors/agents/attempt.ts')
    const { shown } = await import('../../actors/agents/evidence.ts')
    const { sessionEnv } = await import('../../actors/environment.ts')
    const stopped = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort())
    const done = await attempt(preset, {
      argv: launch.argv,
      env: { ...sessionEnv(process.env, preset.passes), ...preset.env, PATH: process.env.PATH ?? '' },
      model: flags.model ?? null,
      withinMs: flags.timeout ?? 120_000,
      signal: stopped.signal,
      heard: (fact) => {
        if (!json && shown(fact)) tell(...shown(fact).split('\n'))
      },
    })
    const at = new Date().toISOString()
    if (root !== undefined) {
      const { keepVerdict } = await import('../../actors/agents/verdicts.ts')
      keepVerdict(root, preset.name, { at, verdict: done.verdict, why: done.why })
    }
    print({ preset: preset.name, program: launch.argv[0], at, ...done }, () => [
      `${preset.name} ${done.verdict}, after ${done.seconds} s${done.model ? ` with ${done.model}` : ''}: ${done.why}`,
    ])
    return done.verdict === 'worked' ? 0 : 1
  },
})
