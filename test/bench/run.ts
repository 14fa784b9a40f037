// `npm run bench [-- name …] [--share]`: prints each figure beside its target. A count, which is the same on any machine,
// judges: exit code 1 when one misses its target, or when a figure is no number. A time only informs.
import process from 'node:process'
import { agents } from './agents.bench.ts'
import { bd } from './bd.bench.ts'
import { commands } from './commands.bench.ts'
import { crowd } from './crowd.bench.ts'
import { backlog, load } from './load.bench.ts'
import { ageing, flood, machinery, retiring } from './machinery.bench.ts'
import { inbox, mailboxes } from './mail.bench.ts'
import { type Benchmark, lineOf, met } from './measure.ts'
import { spawning } from './spawn.bench.ts'
import { idle, landing, restart } from './town.bench.ts'
import { actors, turns } from './turns.bench.ts'
import { help, pins } from './words.bench.ts'

const benchmarks: Readonly<Record<string, Benchmark>> = {
  commands,
  bd,
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
  backlog,
  load,
  ageing,
  inbox,
  mailboxes,
  ...agents,
  'agents-crowd': crowd,
}

const args = process.argv.slice(2)
const size = args.includes('--share') ? 'share' : 'full'
const names = args.filter((arg) => !arg.startsWith('-'))
/** `agents` is all that begin so. */
const isMeant = (asked: string, name: string) => name === asked || name.startsWith(`${asked}-`)
const unknown = names.find((asked) => !Object.keys(benchmarks).some((name) => isMeant(asked, name)))
if (unknown) {
  console.error(`no benchmark "${unknown}"; there are: ${Object.keys(benchmarks).join(', ')}`)
  process.exit(2)
}
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (names.length > 0 && !names.some((asked) => isMeant(asked, name))) continue
  process.stderr.write(`${name} …\n`)
  const figures = await benchmark(size)
  if (typeof figures === 'string') {
    console.log(`SKIPPED ${name}: ${figures}`)
    continue
  }
  if (figures.length === 0) throw new Error(`${name} measured nothing`)
  for (const figure of figures) {
    console.log(lineOf(figure))
    if (!Number.isFinite(figure.value) || (figure.counted && !met(figure))) process.exitCode = 1
  }
}
