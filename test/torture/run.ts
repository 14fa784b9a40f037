// `npm run torture [-- --kills N --issues N --seed N]`: prints kills, landings, lost (0), twice (0).
// `npm run torture -- --faults [words] [--share N] [--write]`: what each fault of the machine comes to, one town each.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { ordeals } from './ordeals.ts'
import { torture } from './torture.ts'

const option = { type: 'string' } as const
const { values, positionals } = parseArgs({
  options: {
    kills: option,
    issues: option,
    seed: option,
    share: option,
    faults: { type: 'boolean' },
    write: { type: 'boolean' },
  },
  allowPositionals: true,
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)
console.log(`seed ${seed}`)
if (values.faults) {
  const wrong = await ordeals({
    seed,
    words: positionals,
    share: Number(values.share ?? Number.POSITIVE_INFINITY),
    write: values.write ?? false,
    say: (line) => console.log(line),
  })
  process.exitCode = wrong === 0 ? 0 : 1
} else await tortured()

async function tortured() {
  const result = await torture({
    seed,
    kills: Number(values.kills ?? 200),
    issues: Number(values.issues ?? 60),
    say: (line) => console.log(line),
  })
  const { kills, lost, twice, red, left, landings, foreignPushes, refusals, escalated, seconds } = result
  console.log(
    `${Object.values(kills).reduce((a, b) => a + b)} kills (${Object.entries(kills)
      .map(([what, n]) => `${n} ${what}`)
      .join(
        ', ',
      )}), ${landings} landings, ${foreignPushes} foreign pushes, ${refusals} refusals, ${escalated} escalations, ${seconds.toFixed(0)} s`,
  )
  console.log(
    `lost ${lost.length}, landed twice ${twice.length}, red commits on main ${red.length}, left over ${left.length}`,
  )
  for (const [what, list] of Object.entries({ lost, twice, red, left }))
    for (const line of list) console.log(`  ${what}: ${line}`)
  process.exitCode = lost.length + twice.length + red.length + left.length === 0 ? 0 : 1
}
