// `bd` on stores of several sizes, half of the issues blocked: whole processes against a bare Node, and what is asked of
// an open store.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { bdScript, cleanEnv } from '../fixture/real-town.ts'
import { type Benchmark, type Figure, interleaved, must } from './measure.ts'

export const bd: Benchmark = async (size) => {
  const figures: Figure[] = []
  for (const count of size === 'full' ? [0, 1000, 10_000] : [0, 1000]) {
    using store = storeOf(count)
    figures.push(...store.imported, ...(await processes(store, size === 'full' ? 21 : 3)))
    figures.push(ready(store.dir, count))
  }
  figures.push(await together(size === 'full' ? 100 : 5))
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
  writeFileSync(join(dir, 'all.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const from = performance.now()
  if (count > 0) call('import', 'all.jsonl')
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
  return { dir, count, call, imported, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}

async function processes({ count, call }: ReturnType<typeof storeOf>, rounds: number): Promise<Figure[]> {
  const { id } = JSON.parse(call('create', 'Base', '--json')) as { id: string }
  const fresh = Array.from({ length: rounds + 2 }, () => call('q', 'To close').trim())
  const subjects = {
    'node -e 0': () => must(process.execPath, ['-e', '0']),
    ready: () => call('ready'),
    list: () => call('list'),
    show: () => call('show', id),
    create: () => call('create', 'One more'),
    claim: () => call('update', id, '--claim'),
    close: () => call('close', fresh.pop() ?? id),
  }
  await interleaved(2, subjects)
  const { 'node -e 0': bare = 1, ...times } = await interleaved(rounds, subjects)
  return Object.entries(times).map(([name, ms]) => ({
    ...{ name: `bd ${name}, ${count} issues`, value: ms / bare, unit: '×', target: { most: 1.7 } },
    detail: `${ms.toFixed(1)} ms; node -e 0 takes ${bare.toFixed(1)} ms`,
  }))
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
