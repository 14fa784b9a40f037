// `gt sim`: simulated towns with crashes, seed after seed, on every core.
// Never: touches a town that is there.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { basename, dirname, resolve } from 'node:path'
import process from 'node:process'
import { isMemberName } from '../../machines/address.ts'
import type { SimResult } from '../../proof/story.ts'
import { isTerminal, progressed } from '../print.ts'
import { declare } from '../word.ts'

const seedsMax = 2 ** 40

export const word = declare({
  name: 'sim',
  group: 'machines',
  summary: 'play simulated towns with crashes, your plugin among them',
  usage:
    '[<actor file> …] [--seeds <n> | --minutes <n>] [--from <seed>] [--jobs <n>] [--safety] | --seed <n> [--trace]',
  examples: [
    'gt sim --seeds 1000',
    'gt sim wyvern/plugins/greeter/actor.mjs --minutes 10',
    'gt sim --seed 42 --trace    # one story, in words',
  ],
  options: {
    seeds: { kind: 'number', about: 'how many towns (1000)' },
    minutes: { kind: 'number', range: [0, 100_000], about: 'as many as there is time for' },
    from: { kind: 'number', range: [0, seedsMax], about: 'the first seed; absent: a fresh one' },
    seed: { kind: 'number', range: [0, seedsMax], about: 'only this one' },
    safety: {
      kind: 'flag',
      about: 'faults never stop; else they do in the end, and then all must land and come to rest',
    },
    trace: { kind: 'flag', about: 'with --seed: the whole story, not its end' },
    jobs: { kind: 'number', range: [1, 1024], about: 'processes side by side (one a core)' },
  },
  args: { actors: { kind: 'text', optional: true, many: true } },
  async run({ args: { actors }, flags, json, print }) {
    if (flags.seed !== undefined) {
      const { story, ...result } = await playOne(flags.seed, actors, flags.safety)
      print({ ...result, story }, () => [...(flags.trace ? story : story.slice(-40)), '', endOf(result)])
      return result.violation ? 1 : 0
    }
    // Said once, not by every process.
    await pluginsIn(actors)
    const seeds = flags.minutes === undefined ? (flags.seeds ?? 1000) : Number.MAX_SAFE_INTEGER
    const play: Play = {
      actors,
      safety: flags.safety,
      first: flags.from ?? Date.now() % 1_000_000_000,
      seeds,
      minutes: flags.minutes,
      jobs: Math.max(1, Math.min(flags.jobs ?? availableParallelism(), seeds)),
      tell: !json && isTerminal('stderr'),
    }
    const from = performance.now()
    const sum = play.jobs === 1 ? await playAll(play) : await sideBySide(play)
    const seconds = (performance.now() - from) / 1000
    print({ ...sum, first: play.first, seconds }, () => linesOf(sum, play, seconds))
    return sum.failed ? 1 : 0
  },
})

interface Play {
  actors: readonly string[]
  safety: boolean
  first: number
  seeds: number
  minutes: number | undefined
  jobs: number
  /** Whether a person watches. */
  tell: boolean
}

interface Sum {
  seeds: number
  steps: number
  turns: number
  crashes: number
  landed: number
  escalated: number
  failed: (Pick<SimResult, 'seed' | 'violation'> & { story: string[] }) | null
}
const counts = ['steps', 'turns', 'crashes', 'landed', 'escalated'] as const

async function playOne(seed: number, actors: readonly string[], safety: boolean): Promise<SimResult> {
  const { simulate } = await import('../../proof/simulation.ts')
  return simulate({ seed, trace: true, safety, plugins: await pluginsIn(actors) })
}

const endOf = ({ violation, landed, escalated, crashes }: Omit<SimResult, 'story'>) =>
  violation ?? `${landed} landed, ${escalated} asked of the Overseer, ${crashes} crashes`

/** One seed after another in this process. */
async function playAll({ actors, safety, first, seeds, minutes, tell }: Play): Promise<Sum> {
  const { simulate } = await import('../../proof/simulation.ts')
  const plugins = await pluginsIn(actors)
  const sum: Sum = { seeds: 0, steps: 0, turns: 0, crashes: 0, landed: 0, escalated: 0, failed: null }
  const until = minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000
  for (let seed = first; sum.seeds < seeds && performance.now() < until && !sum.failed; seed++) {
    const { violation, story, ...result } = simulate({ seed, plugins, safety })
    sum.seeds++
    for (const key of counts) sum[key] += result[key]
    if (violation) sum.failed = { seed, violation, story: story.slice(-40) }
    if (tell && sum.seeds % 20 === 0) progressed(`${sum.seeds} seeds`, false)
  }
  return sum
}

/** Each process has its own stretch of seeds; the same seeds as one process would play. */
async function sideBySide({ actors, safety, first, seeds, minutes, jobs }: Play): Promise<Sum> {
  const share = minutes === undefined ? Math.ceil(seeds / jobs) : 10_000_000
  const parts = await Promise.all(
    Array.from({ length: jobs }, (_, n) => {
      const mine = Math.max(0, Math.min(share, seeds - n * share))
      const asked = minutes === undefined ? ['--seeds', String(mine)] : ['--minutes', String(minutes)]
      const from = ['--jobs', '1', '--from', String(first + n * share)]
      return inOwnProcess(['sim', ...actors, ...from, ...asked, ...(safety ? ['--safety'] : []), '--json'])
    }),
  )
  const add = (key: 'seeds' | (typeof counts)[number]) => parts.reduce((all, part) => all + part[key], 0)
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

function linesOf({ failed, ...numbers }: Sum, { first, actors, safety, jobs }: Play, seconds: number): string[] {
  const words = Object.entries(numbers).map(([name, count]) => `${count} ${name}`)
  const rate = (numbers.seeds / seconds).toFixed(0)
  const end = `seeds from ${first}: ${words.join(', ')} in ${seconds.toFixed(1)} s (${rate} seeds/s on ${jobs} cores)`
  if (!failed) return [end]
  const again = ['gt sim', ...actors, '--seed', String(failed.seed), ...(safety ? ['--safety'] : []), '--trace']
  return [...failed.story, '', `seed ${failed.seed}: ${failed.violation}`, again.join(' '), end]
}

async function pluginsIn(files: readonly string[]) {
  const { loadPlugin, pluginRole } = await import('../../actors/plugins/actors.ts')
  const { rig } = await import('../../proof/world.ts')
  const nameOf = (file: string, n: number) => {
    const folder = basename(dirname(resolve(file)))
    return isMemberName(folder) ? folder : `plugin-${n + 1}`
  }
  return Promise.all(files.map(async (file, n) => pluginRole(rig, nameOf(file, n), await loadPlugin(resolve(file)))))
}
