// `bd` on stores of several sizes, half of the issues blocked: whole processes against a bare Node, and what is asked of
// an open store.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { openBeads } from '../../actors/beads/embedded.ts'
import { fileName, initBeads } from '../../actors/beads/file.ts'
import { bdScript, cleanEnv } from '../fixture/real-town.ts'
import { type Benchmark, type Figure, interleaved, must, type Sampled, sampled } from './measure.ts'

export const bd: Benchmark = async (size) => {
  const isFull = size === 'full'
  const figures: Figure[] = []
  for (const count of isFull ? [0, 1000, 10_000] : [0, 1000]) {
    using store = storeOf(count)
    figures.push(...store.imported, ...(await processes(store, isFull ? 21 : 3)))
    figures.push(ready(store.dir, count))
  }
  figures.push(await together(isFull ? 100 : 5))
  const real = isFull ? realProgram() : undefined
  if (real !== undefined) for (const count of [0, 1000]) figures.push(...(await beside(real, count)))
  return figures
}

/** A store of so many issues, every other one waiting for the first. */
function storeOf(count: number) {
  const dir = mkdtempSync(join(tmpdir(), 'bench-bd-'))
  initBeads(join(dir, '.beads'), 'ab')
  const env = { ...cleanEnv(), BD_ACTOR: 'bench' }
  const call = (...args: string[]) => must(process.execPath, [bdScript, ...args], { cwd: dir, env, maxBuffer: 1e9 })
  const at = '2026-01-01T00:00:00.000Z'
  const id = (n: number) => `ab-${n.toString(36).padStart(4, '0')}`
  const lines = Array.from({ length: count }, (_, n) => ({
    ...{ id: id(n), title: `Issue ${n}`, description: 'some words '.repeat(20), status: 'open', priority: n % 5 },
    ...{ issue_type: 'task', created_at: at, updated_at: at },
    ...(n % 2 ? { dependencies: [{ depends_on_id: id(0), type: 'blocks', created_at: at, created_by: 'x' }] } : {}),
  }))
  const file = join(dir, 'all.jsonl')
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const from = performance.now()
  if (count > 0) call('import', file)
  const seconds = (performance.now() - from) / 1000
  const imported: Figure[] =
    count < 10_000
      ? []
      : [
          {
            name: `bd import of ${count}`,
            value: seconds,
            unit: ' s',
            target: { most: 0.3 },
            detail: 'a whole process',
          },
        ]
  return { dir, file, count, call, imported, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}

/** Reads every open issue and prints it as JSON, and no more: what any program that does so must cost at least. */
const plainly = `const { DatabaseSync } = require('node:sqlite')
const all = new DatabaseSync(process.argv[1]).prepare("SELECT * FROM issues WHERE status <> 'closed' ORDER BY priority").all()
require('node:fs').writeSync(1, JSON.stringify(all, null, 2))`

async function processes({ dir, count, call }: ReturnType<typeof storeOf>, rounds: number): Promise<Figure[]> {
  const { id } = JSON.parse(call('create', 'Base', '--json')) as { id: string }
  const fresh = Array.from({ length: rounds + 2 }, () => call('q', 'To close').trim())
  const store = join(dir, '.beads', fileName)
  const subjects = {
    [bare]: () => must(process.execPath, ['-e', '0']),
    ready: () => call('ready'),
    'ready --json': () => call('ready', '--json'),
    'list -n 50': () => call('list', '-n', '50'),
    'list --json -n 50': () => call('list', '--json', '-n', '50'),
    show: () => call('show', id),
    create: () => call('create', 'One more'),
    claim: () => call('update', id, '--claim'),
    close: () => call('close', fresh.pop() ?? id),
    'list, all': () => call('list'),
    'list --json, all': () => call('list', '--json'),
    'all by a plain program': () => must(process.execPath, ['-e', plainly, store], { maxBuffer: 1e9 }),
  }
  await interleaved(2, subjects)
  return ratios('bd', count, await sampled(rounds, subjects))
}

const bare = 'node -e 0'
function ratios(who: string, count: number, { [bare]: node, ...samples }: Record<string, Sampled>): Figure[] {
  if (node === undefined) return []
  const times = (of: number, by: number) => `${(of / by).toFixed(2)}×`
  return Object.entries(samples).map(([name, { median, least, cpu }]) => ({
    ...{ name: `${who} ${name}, ${count} issues`, value: median / node.median, unit: '×' },
    // What prints all costs what there is; its yardstick is the last.
    target: who !== 'bd' || name.startsWith('all ') || (count > 1000 && name.endsWith('all')) ? null : { most: 1.7 },
    detail: `least ${times(least, node.least)}, processor ${times(cpu, node.cpu)}; ${median.toFixed(1)} ms, node ${node.median.toFixed(1)} ms`,
  }))
}

/** Another bd: GT_BD_REAL, or the first on the PATH that is not this one. */
function realProgram(): string | undefined {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'bd'))
  return [process.env.GT_BD_REAL ?? [], paths]
    .flat()
    .filter((path) => existsSync(path))
    .find((path) => {
      const { status, stdout } = spawnSync(path, ['version'], { encoding: 'utf8', cwd: tmpdir(), timeout: 10_000 })
      return status === 0 && !stdout.includes('gastown')
    })
}

/** The same of another bd, fewer times: each of its calls takes many times as long. */
async function beside(program: string, count: number): Promise<Figure[]> {
  using store = storeOf(count)
  const home = mkdtempSync(join(tmpdir(), 'bench-real-bd-'))
  const env = { ...cleanEnv(), ...{ HOME: home, BD_ACTOR: 'bench', BEADS_ACTOR: 'bench', BD_NO_DAEMON: 'true' } }
  const quiet = { DO_NOT_TRACK: '1', BD_NON_INTERACTIVE: '1', GIT_CONFIG_GLOBAL: '/dev/null' }
  const call = (...args: string[]) =>
    must(program, args, { cwd: home, env: { ...env, ...quiet }, maxBuffer: 1e9, timeout: 120_000 })
  try {
    must('git', ['init', '-q', home])
    for (const [key, value] of Object.entries({ name: 'bench', email: 'bench@localhost' }))
      must('git', ['-C', home, 'config', `user.${key}`, value])
    const [version = ''] = call('version').split('\n')
    const isNew = !/version 0\./.test(version)
    call(
      'init',
      '--prefix',
      'ab',
      ...(isNew ? ['--skip-agents', '--skip-hooks', '--non-interactive'] : ['--skip-hooks']),
    )
    if (count > 0) call('import', ...(isNew ? [store.file] : ['-i', store.file]))
    const made = () => call('create', 'One more', '--silent').trim().split('\n').at(-1) ?? ''
    const rounds = 5
    const [shown, ...fresh] = Array.from({ length: 2 * rounds + 1 }, made)
    const subjects = {
      [bare]: () => must(process.execPath, ['-e', '0']),
      ready: () => call('ready'),
      list: () => call('list'),
      show: () => call('show', shown ?? ''),
      create: () => call('create', 'One more'),
      claim: () => call('update', fresh.pop() ?? '', ...(isNew ? ['--claim'] : ['--status', 'in_progress'])),
      close: () => call('close', fresh.shift() ?? ''),
    }
    return ratios(version.split(' ').slice(0, 3).join(' '), count, await sampled(rounds, subjects))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** Of an open store, as the daemon asks. */
function ready(dir: string, count: number): Figure {
  const beads = openBeads(join(dir, '.beads'), { readonly: true })
  const times = Array.from({ length: 50 }, () => {
    const from = performance.now()
    beads.ready({ limit: 10 })
    return performance.now() - from
  })
  beads.close()
  const value = times.sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN
  return { name: `ready in an open store of ${count}`, value, unit: ' ms', target: { most: 1 }, detail: 'the first 10' }
}

/** Eight at once, each creates and closes so many: every one is told of, and all are closed in the end. */
async function together(each: number): Promise<Figure> {
  using store = storeOf(0)
  const { dir } = store
  const run = (args: string[]) =>
    new Promise<string>((resolve, reject) => {
      const child = spawn(process.execPath, [bdScript, ...args], {
        ...{ cwd: dir, env: { ...cleanEnv(), BD_ACTOR: 'bench' }, stdio: ['ignore', 'pipe', 'inherit'] },
      })
      let said = ''
      child.stdout?.on('data', (text: Buffer) => (said += text))
      child.once('close', (code) =>
        code === 0 ? resolve(said.trim()) : reject(new Error(`bd ${args} ended with ${code}`)),
      )
    })
  const from = performance.now()
  const made = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const ids: string[] = []
      for (let n = 0; n < each; n++) {
        const id = await run(['q', 'The same'])
        await run(['close', id])
        ids.push(id)
      }
      return ids
    }),
  )
  const seconds = (performance.now() - from) / 1000
  const all = new Set(made.flat())
  const beads = openBeads(join(dir, '.beads'))
  const lost = 8 * each - beads.list({ status: ['closed'] }).filter(({ id }) => all.has(id)).length
  beads.close()
  return {
    ...{ name: `8 × ${each} creates and closes at once: lost`, value: lost, unit: '', target: { most: 0 } },
    ...{ detail: `${((16 * each) / seconds).toFixed(0)}/s, whole processes`, counted: true },
  }
}
