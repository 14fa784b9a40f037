// All faults, a few at a time, each in a process of its own; and the table of how they ended.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { seededRandom } from '../../runtime/open.ts'
import { endAllOf } from '../fixture/processes.ts'
import { fileFaults, fileKinds, otherFaults } from './faults.ts'
import type { Fault, Told } from './ordeal.ts'
import { tableOf, toldIn } from './table.ts'

const side = 3
/** One ordeal takes two towns' starts and two times of landing at most; more than this is a town that hangs. */
const budgetMs = 240_000
const reliability = join(import.meta.dirname, '../../RELIABILITY.md')

interface Options {
  seed: number
  /** Only faults whose name has one of these words. */
  words: readonly string[]
  /** So many of them, drawn by the seed. */
  share: number
  /** Put the table into RELIABILITY.md. */
  write: boolean
  say(line: string): void
}

/** Returns how many ended in silence or a loss. */
export async function ordeals({ seed, words, share, write, say }: Options): Promise<number> {
  const all = [...otherFaults, ...fileFaults(await fileKinds())].filter(
    ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
  )
  const waiting = share < all.length ? drawn(all, share, seed) : [...all]
  const table: Told[] = []
  const one = async () => {
    for (let fault = waiting.shift(); fault; fault = waiting.shift()) {
      const told = await apart(fault)
      table.push(told)
      // At once: whoever ends this early keeps what was played.
      if (write) writeTable([told])
      if (told.end !== 'nothing there') say(line(told))
    }
  }
  await Promise.all(Array.from({ length: side }, one))
  const count = (end: string) => table.filter((told) => told.end === end).length
  const ends = ['went on', 'healed', 'refused in words', 'not here', 'SILENCE', 'LOST'] as const
  say(ends.map((end) => `${count(end)} ${end}`).join(', '))
  return count('SILENCE') + count('LOST')
}

function drawn(all: readonly Fault[], share: number, seed: number): Fault[] {
  const random = seededRandom(seed)
  const rest = [...all]
  return Array.from({ length: share }, () => rest.splice(random.uint32() % rest.length, 1)[0] as Fault)
}

/** Each in a process of its own: its towns and their disk go with it. */
async function apart(fault: Fault): Promise<Told> {
  const { name, when } = fault
  const told = (end: Told['end'], words: string): Told => ({ fault: { name, when }, end, words })
  const dir = mkdtempSync(join(tmpdir(), 'ordeal-'))
  underway.add(dir)
  const script = [process.execPath, join(import.meta.dirname, 'one.ts'), name, when]
  const small = `mount -t tmpfs -o size=200m tmpfs "$1" || exit 77; shift; exec "$@"`
  const [program = '', ...args] = fault.smallDisk
    ? ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', small, 'sh', dir, ...script]
    : script
  try {
    const { code, text } = await run(program, args, { ...process.env, TMPDIR: dir })
    if (code === 77) return told('not here', 'no disk of its own can be made here')
    const last = text.trim().split('\n').at(-1) ?? ''
    return last.startsWith('{') ? (JSON.parse(last) as Told) : told('LOST', `it did not end well (${code}): ${text}`)
  } finally {
    clear(dir)
  }
}

/** Folders of ordeals that are under way: whoever ends this process ends them too. */
const underway = new Set<string>()
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    for (const dir of underway) clear(dir)
    process.exit(1)
  })

function clear(dir: string): void {
  endAllOf(dir)
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  underway.delete(dir)
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  return new Promise<{ code: number | null; text: string }>((resolve) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: budgetMs })
    let text = ''
    for (const stream of [child.stderr, child.stdout])
      stream.on('data', (chunk: Buffer) => {
        text += chunk
      })
    child.once('error', (error) => resolve({ code: null, text: error.message }))
    child.once('close', (code) => resolve({ code, text }))
  })
}

const line = ({ fault, end, words }: Told) => `${end.padEnd(16)} ${fault.when.padEnd(4)} ${fault.name}  ${words}`

const mark = '<!-- faults -->'

/** Into RELIABILITY.md, between its marks: what was not played now stays as it was. */
function writeTable(table: readonly Told[]) {
  const [before = '', was = '', after = ''] = readFileSync(reliability, 'utf8').split(mark)
  const all = new Map<string, Told>()
  for (const told of [...toldIn(was), ...table.filter(({ end }) => end !== 'nothing there')])
    all.set(`${told.fault.name} ${told.fault.when}`, { ...told, words: shown(told.words) })
  writeFileSync(reliability, `${before}${mark}\n\n${tableOf([...all.values()])}\n\n${mark}${after}`)
}

const shown = (words: string) =>
  words
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', '/')
    .replaceAll(/\/\S*\/(?=gt\b)/g, '/')
    .slice(0, 220)
    .trim()
