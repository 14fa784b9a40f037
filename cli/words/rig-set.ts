// `gt rig set`: settings of a rig's config.json, whole or not at all.
// Never: writes a configuration that is not one.
import { z } from 'zod'
import { rigLayout } from '../../actors/layout.ts'
import { answering, knownRig } from '../asking.ts'
import { TownUnreachable, Usage } from '../errors.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'rig set',
  group: 'town',
  summary: 'change settings of a rig',
  usage: '<rig> <key=value> … [as with gt rig add: --max-workers 6 …]',
  examples: [
    'gt rig set wyvern max_workers=6',
    "gt rig set wyvern gate.test='npm test' gate.lint='npm run lint'",
    'gt rig set wyvern gate.lint=    # takes it away',
    'gt rig set wyvern accounts=work,spare     # which of its agent’s accounts it may use',
    'gt rig set wyvern extra_env=ANTHROPIC_API_KEY,NPM_TOKEN',
    'gt rig set wyvern budget.day=20$     # what agents may use before nothing more is begun',
  ],
  options: {
    'max-workers': { kind: 'text', about: 'max_workers=<n>' },
    'spawn-delay': { kind: 'text', about: 'worker_spawn_delay=<duration>' },
    'merge-style': { kind: 'text', about: 'merge_style=<style>' },
    branch: { kind: 'text', about: 'default_branch=<name>' },
    agent: { kind: 'text', about: 'agent=<preset>' },
    model: { kind: 'text', about: 'model=<name>' },
    effort: { kind: 'text', about: 'effort=<how hard>' },
    worker: { kind: 'text', about: 'worker=<command>' },
    session: { kind: 'text', about: 'session=<auto, tmux or process>' },
    gate: { kind: 'text', many: true, about: 'gate.<name>=<command>' },
    setup: { kind: 'text', many: true, about: 'setup.<name>=<command>' },
    env: { kind: 'text', many: true, about: 'env.<NAME>=<value>' },
  },
  args: { rig: { kind: 'text' }, settings: { kind: 'text', many: true } },
  async run({ args: { rig, settings }, flags, ask, town, print }) {
    const assignments = [...settings, ...asSettings(flags)]
    if (assignments.length === 0) throw new Usage('say what to set: gt rig set <rig> <key=value> …')
    const root = town()
    const { readTown, knownIn } = await import('../../actors/facts.ts')
    const { assigned, settings: known } = await import('../settings.ts')
    const { textAt } = await import('../../actors/files.ts')
    const read = readTown(root)
    knownIn(read, rig)
    const keys = assignments.map((each) => each.split(/[.=]/)[0] as string)
    if (keys.some((key) => ['agent', 'role', 'roles', 'accounts'].includes(key))) {
      const { rigConfig } = await import('../../actors/config.ts')
      // What is wrong with it is said by whoever writes it.
      const { data } = rigConfig.safeParse(assigned(JSON.parse(textAt(rigLayout(root, rig).config)), assignments))
      const { startable } = await import('../agents.ts')
      const { chosen } = await import('../../actors/agents/choice.ts')
      const { unknownAmong } = await import('../../actors/accounts.ts')
      if (data) {
        const { agent, worker } = chosen('polecat', [], data, read.config)
        if (keys.some((key) => key !== 'accounts')) await startable(root, agent, worker?.argv)
        const why = unknownAmong(root, data, read.config)
        if (why !== undefined) throw new Usage(why)
      }
    }
    let up = true
    try {
      await ask('rigSet', { rig, assignments })
    } catch (error) {
      if (!(error instanceof TownUnreachable) || error.silent) throw error
      up = false
      const { configure } = await import('../settings.ts')
      configure(rigLayout(root, rig).config, assignments)
    }
    const counts = keys.map((key) => (known[key] ?? known[`${key}s`])?.counts ?? 'at once')
    print({ rig, set: assignments, up }, () =>
      assignments.map((each, n) => `${rig}: ${each}${up ? ` (counts ${whenOf[counts[n] ?? 'at once']})` : ''}`),
    )
    return 0
  },
})

/** What `gt rig add` calls it, as a setting. */
const settingOf = {
  'max-workers': 'max_workers',
  'spawn-delay': 'worker_spawn_delay',
  'merge-style': 'merge_style',
  branch: 'default_branch',
  agent: 'agent',
  model: 'model',
  effort: 'effort',
  worker: 'worker',
  session: 'session',
} as const
const named = ['gate', 'setup', 'env'] as const

function asSettings(
  flags: { [K in keyof typeof settingOf]: string | undefined } & { [K in (typeof named)[number]]: string[] },
): string[] {
  const one = (Object.keys(settingOf) as (keyof typeof settingOf)[]).flatMap((flag) =>
    flags[flag] === undefined ? [] : [`${settingOf[flag]}=${flags[flag]}`],
  )
  return [...one, ...named.flatMap((kind) => flags[kind].map((text) => `${kind}.${text}`))]
}

const whenOf = {
  'at once': 'at once',
  'next session': 'from the next session on',
  'next gt up': 'after gt down and gt up',
  fixed: 'never',
}

export const answers = {
  rigSet: answering({
    word: 'rig set',
    shape: z.object({ rig: z.string(), assignments: z.array(z.string()).min(1) }),
    answer: async ({ rig, assignments }, { town }): Promise<null> => {
      const { configure } = await import('../settings.ts')
      configure(rigLayout(town.root, knownRig(town, rig)).config, assignments)
      town.readAgain()
      return null
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
