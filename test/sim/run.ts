// `npm run sim -- [--seeds N] [--from S] [--minutes M] [--seed N --trace]`: prints what it ran, and for a violation its seed, the end of its story and the command that replays it.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { simulate } from '../../proof/simulation.ts'

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, from: { type: 'string' }, seed: { type: 'string' }, minutes: { type: 'string' }, trace: { type: 'boolean' } },
})

if (values.seed !== undefined) {
  const { story, ...result } = simulate({ seed: Number(values.seed), trace: true })
  console.log((values.trace ? story : story.slice(-40)).join('\n'))
  console.log(result)
  process.exitCode = result.violation ? 1 : 0
} else {
  const first = Number(values.from ?? Date.now() % 1_000_000_000)
  const until = values.minutes ? performance.now() + Number(values.minutes) * 60_000 : Number.POSITIVE_INFINITY
  const most = values.minutes ? Number.POSITIVE_INFINITY : Number(values.seeds ?? 1000)
  const sum = { seeds: 0, steps: 0, turns: 0, crashes: 0, landed: 0, escalated: 0 }
  const from = performance.now()
  for (let seed = first; sum.seeds < most && performance.now() < until; seed++) {
    const result = simulate({ seed })
    sum.seeds++
    for (const key of ['steps', 'turns', 'crashes', 'landed', 'escalated'] as const) sum[key] += result[key]
    if (result.violation) {
      console.log(`${result.story.slice(-40).join('\n')}\n\nseed ${seed}: ${result.violation}\nnpm run sim -- --seed ${seed} --trace`)
      process.exitCode = 1
      break
    }
  }
  const seconds = (performance.now() - from) / 1000
  console.log(
    `seeds ${first}…: ${Object.entries(sum)
      .map(([name, n]) => `${n} ${name}`)
      .join(', ')} in ${seconds.toFixed(1)} s (${(sum.seeds / seconds).toFixed(0)} seeds/s)`,
  )
}
