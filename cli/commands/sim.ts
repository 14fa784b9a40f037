import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { basename, dirname, resolve } from 'node:path'
import process from 'node:process'
import type { SimResult } from '../../proof/simulation.ts'
import { command, Usage } from '../command.ts'

interface Sum {
  seeds: number
  steps: number
  turns: number
  crashes: number
  landed: number
  escalated: number
  failed: (Pick<SimResult, 'seed' | 'violation'> & { story: string[] }) | null
}

export default command({
  summary: 'play simulated towns with crashes, your plugin among them',
  usage:
    '[<actor file> …] [--seeds <n> | --minutes <n>] [--from <seed>] [--jobs <n>] [--safety] | --seed <n> [--trace]',
  examples: [
    'gt sim --seeds 1000',
    'gt sim wyvern/plugins/greeter/actor.mjs --minutes 10',
    'gt sim --seed 42 --trace    # one story, in words',
  ],
  options: {
    seeds: { type: 'string', about: 'how many towns (1000)' },
    minutes: { type: 'string', about: 'as many as there is time for' },
    from: { type: 'string', about: 'the first seed; absent: a fresh one' },
    seed: { type: 'string', about: 'only this one' },
    safety: {
      type: 'boolean',
      about: 'faults never stop; else they do in the end, and then all must land and come to rest',
    },
    trace: { type: 'boolean', about: 'with --seed: the whole story, not its end' },
    jobs: { type: 'string', about: 'processes side by side (one a core)' },
  },
  args: [0, 20],
  async run({ args, flags, json, print }) {
    const number = (name: string, otherwise: number): number => {
      const given = Number(flags[name] ?? otherwise)
      if (!Number.isFinite(given) || given < 0) throw new Usage(`--${name} is a number, not "${flags[name]}"`)
      return given
    }
    const safety = flags.safety === true
    const again = (seed: number) =>
      ['gt sim', ...args, '--seed', String(seed), ...(safety ? ['--safety'] : []), '--trace'].join(' ')
    if (flags.seed !== undefined) {
      const { simulate } = await import('../../proof/simulation.ts')
      const { story, ...result } = simulate({
        seed: number('seed', 0),
        trace: true,
        safety,
        plugins: await pluginsIn(args),
      })
      print({ ...result, story }, () => [
        ...(flags.trace ? story : story.slice(-40)),
        '',
        result.violation ??
          `${result.landed} landed, ${result.escalated} asked of the Overseer, ${result.crashes} crashes`,
      ])
      return result.violation ? 1 : 0
    }
    // Said once, not by every process.
    await pluginsIn(args)
    const first = number('from', Date.now() % 1_000_000_000)
    const minutes = flags.minutes === undefined ? undefined : number('minutes', 1)
    const seeds = minutes === undefined ? number('seeds', 1000) : Number.MAX_SAFE_INTEGER
    const jobs = Math.max(1, Math.min(number('jobs', availableParallelism()), seeds))
    const from = performance.now()
    const sum = jobs === 1 ? await playAll(first, seeds, 1) : await sideBySide()
    const seconds = (performance.now() - from) / 1000
    print({ ...sum, first, seconds }, () => [
      ...(sum.failed
        ? [...sum.failed.story, '', `seed ${sum.failed.seed}: ${sum.failed.violation}`, again(sum.failed.seed)]
        : []),
      `seeds from ${first}: ${words(sum)} in ${seconds.toFixed(1)} s (${(sum.seeds / seconds).toFixed(0)} seeds/s on ${jobs} cores)`,
    ])
    return sum.failed ? 1 : 0

    async function playAll(first: number, seeds: number, stride: number): Promise<Sum> {
      const { simulate } = await import('../../proof/simulation.ts')
      const plugins = await pluginsIn(args)
      const sum: Sum = { seeds: 0, steps: 0, turns: 0, crashes: 0, landed: 0, escalated: 0, failed: null }
      const until = minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000
      for (let seed = first; sum.seeds < seeds && performance.now() < until && !sum.failed; seed += stride) {
        const { violation, story, ...result } = simulate({ seed, plugins, safety })
        sum.seeds++
        for (const key of ['steps', 'turns', 'crashes', 'landed', 'escalated'] as const) sum[key] += result[key]
        if (violation) sum.failed = { seed, violation, story: story.slice(-40) }
        if (!json && process.stderr.isTTY && sum.seeds % 20 === 0) process.stderr.write(`\r${sum.seeds} seeds `)
      }
      return sum
    }

    /** Each process has its own stretch of seeds; the same seeds as one process would play. */
    async function sideBySide(): Promise<Sum> {
      const share = minutes === undefined ? Math.ceil(seeds / jobs) : 10_000_000
      const parts = await Promise.all(
        Array.from({ length: jobs }, (_, n) => {
          const mine = Math.max(0, Math.min(share, seeds - n * share))
          const asked = minutes === undefined ? ['--seeds', String(mine)] : ['--minutes', String(minutes)]
          return inOwnProcess([
            'sim',
            ...args,
            '--jobs',
            '1',
            '--from',
            String(first + n * share),
            ...asked,
            ...(safety ? ['--safety'] : []),
            '--json',
          ])
        }),
      )
      const add = (key: Exclude<keyof Sum, 'failed'>) => parts.reduce((all, part) => all + part[key], 0)
      return {
        seeds: add('seeds'),
        steps: add('steps'),
        turns: add('turns'),
        crashes: add('crashes'),
        landed: add('landed'),
        escalated: add('escalated'),
        failed: parts.find(({ failed }) => failed)?.failed ?? null,
      }
    }
  },
})

async function pluginsIn(files: readonly string[]) {
  const { loadPlugin, pluginRole } = await import('../../actors/plugins/actors.ts')
  const { memberName } = await import('../../machines/address.ts')
  const { rig } = await import('../../proof/world.ts')
  const nameOf = (file: string, n: number) =>
    memberName.safeParse(basename(dirname(resolve(file)))).data ?? `plugin-${n + 1}`
  return Promise.all(files.map(async (file, n) => pluginRole(rig, nameOf(file, n), await loadPlugin(resolve(file)))))
}

function inOwnProcess(words: readonly string[]): Promise<Sum> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1] as string, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk
    })
    child.on('error', failed)
    child.on('close', () => {
      try {
        done(JSON.parse(text) as Sum)
      } catch {
        failed(new Error('a simulating process ended without a result'))
      }
    })
  })
}

const words = ({ failed: _, ...counts }: Sum) =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
