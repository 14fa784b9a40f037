// `npm run bench [-- name …] [--share]`: prints each figure beside its target. Exit code 0 even when one is missed: a
// figure informs, it does not judge.
import process from 'node:process'
import { commands } from './commands.bench.ts'
import { ageing, flood, machinery, retiring } from './machinery.bench.ts'
import { inbox } from './mail.bench.ts'
import { type Benchmark, lineOf } from './measure.ts'
import { spawning } from './spawn.bench.ts'
import { idle, landing, restart } from './town.bench.ts'
import { actors, turns } from './turns.bench.ts'
import { help, pins } from './words.bench.ts'

export const benchmarks: Readonly<Record<string, Benchmark>> = {
  commands,
  turns,
  actors,
  spawning,
  landing,
  restart,
  idle,
  machinery,
  retiring,
  flood,
  help,
  pins,
  ageing,
  inbox,
}

if (import.meta.main) {
  const args = process.argv.slice(2)
  const size = args.includes('--share') ? 'share' : 'full'
  const names = args.filter((arg) => !arg.startsWith('-'))
  const unknown = names.find((name) => !(name in benchmarks))
  if (unknown) {
    console.error(`no benchmark "${unknown}"; there are: ${Object.keys(benchmarks).join(', ')}`)
    process.exit(2)
  }
  for (const [name, benchmark] of Object.entries(benchmarks)) {
    if (names.length > 0 && !names.includes(name)) continue
    process.stderr.write(`${name} …\n`)
    for (const figure of await benchmark(size)) console.log(lineOf(figure))
  }
}
