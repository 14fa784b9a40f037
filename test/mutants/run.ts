// `npm run mutants [-- --only <words>] [-- --part 2/12]`: makes each mutant in a copy of the source, lets `catch.ts`
// look for it there, prints the table. A survivor fails. `--part`: every twelfth of them, from the second on.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'

const root = join(import.meta.dirname, '../..')
const copied = [
  'machines',
  'runtime',
  'actors',
  'proof',
  'cli',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]
/** One mutant may take so long; running out counts as caught: the mistake hangs something. */
const budgetMs = 480_000
const { values } = parseArgs({ options: { only: { type: 'string' }, part: { type: 'string', default: '1/1' } } })
const [part = 1, parts = 1] = values.part.split('/').map(Number)

interface Row {
  mutant: Mutant
  by: string | null
  needed: string
  seconds: number
}

async function tryOne(mutant: Mutant): Promise<Row> {
  const from = performance.now()
  const dir = mkdtempSync(join(tmpdir(), 'mutant-'))
  try {
    for (const part of copied) cpSync(join(root, part), join(dir, part), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
    const path = join(dir, mutant.file)
    const text = readFileSync(path, 'utf8')
    const places = text.split(mutant.find).length - 1
    if (places !== 1) throw new Error(`“${mutant.name}” fits ${places} places of ${mutant.file}; it must fit one`)
    writeFileSync(
      path,
      text.replace(mutant.find, () => mutant.replace),
    )
    const found = await look(dir, mutant.file)
    return { mutant, ...found, seconds: (performance.now() - from) / 1000 }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function look(dir: string, file: string): Promise<{ by: string | null; needed: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--max-old-space-size=3000', join(dir, 'test/mutants/catch.ts'), file], {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: budgetMs,
      killSignal: 'SIGKILL',
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk
    })
    child.on('close', (_code, signal) => {
      const line = text.trim().split('\n').at(-1)
      if (line?.startsWith('{')) resolve(JSON.parse(line) as { by: string | null; needed: string })
      else
        resolve(
          signal
            ? { by: 'time', needed: `it hangs: nothing after ${budgetMs / 1000} s` }
            : { by: null, needed: 'the source does not even load: no fair mistake' },
        )
    })
  })
}

/** What is caught without any mistake in it says nothing of mistakes. The first part looks, for all. */
if (part === 1) {
  const { by, needed, seconds } = await tryOne({
    name: 'no mistake at all',
    file: 'package.json',
    find: '"name": "gastown"',
    replace: '"name": "gastown"',
  })
  if (by !== null) {
    console.error(`without any mistake, ${by} finds: ${needed}`)
    process.exit(1)
  }
  console.log(`nothing is found in ${seconds.toFixed(0)} s without a mistake`)
}

const wanted = mutants
  .filter(({ name, file }) => values.only === undefined || `${name} ${file}`.includes(values.only))
  .filter((_, n) => n % parts === part - 1)
const waiting = [...wanted]
const rows: Row[] = []
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const row = await tryOne(next)
      rows.push(row)
      console.log(
        `${row.by === null ? 'SURVIVED' : row.by.padEnd(11)}  ${row.mutant.name}  (${row.mutant.file}, ${row.seconds.toFixed(0)} s)${row.needed ? `\n             ${row.needed}` : ''}`,
      )
    }
  }),
)
const alive = rows.filter(({ by }) => by === null)
console.log(
  `${rows.length - alive.length} of ${rows.length} mutants caught${alive.length > 0 ? `; survived: ${alive.map(({ mutant }) => mutant.name).join(', ')}` : ''}`,
)
process.exit(alive.length === 0 ? 0 : 1)
