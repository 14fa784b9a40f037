// The help of every `gt` word against a bare Node; and a worker's `git fetch` in a rig that keeps many pins.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { committer, gtScript, realTown } from '../fixture/real-town.ts'
import { type Benchmark, interleaved, must } from './measure.ts'

/** The words as their reference lists them: `gt rig add`. */
const words = [
  ...readFileSync(join(import.meta.dirname, '../../cli/commands/README.md'), 'utf8').matchAll(/^## gt (.+)$/gm),
].map(([, word = '']) => word)

export const help: Benchmark = async (size) => {
  const asked = size === 'full' ? words : words.slice(0, 2)
  const call =
    (...args: string[]) =>
    () =>
      must(process.execPath, [gtScript, ...args, '--help'])
  const subjects = {
    'node -e 0': () => must(process.execPath, ['-e', '0']),
    'gt --help': call(),
    ...Object.fromEntries(asked.map((word) => [`gt ${word} --help`, call(...word.split(' '))])),
  }
  await interleaved(1, subjects)
  const { 'node -e 0': bare = 1, ...times } = await interleaved(size === 'full' ? 15 : 2, subjects)
  const slowest = Object.entries(times).sort((a, b) => b[1] - a[1])
  const [worst = ['', 0]] = slowest
  return [
    {
      name: 'gt --help',
      value: (times['gt --help'] ?? 0) / bare,
      unit: '×',
      target: { most: 1.5 },
      detail: `${times['gt --help']?.toFixed(1)} ms; node -e 0 takes ${bare.toFixed(1)} ms`,
    },
    {
      name: `help of the slowest of ${asked.length} words`,
      value: worst[1] / bare,
      unit: '×',
      target: { most: 1.5 },
      detail: `${slowest
        .slice(0, 3)
        .map(([word, ms]) => `${word.replace(/ --help$/, '')} ${ms.toFixed(1)} ms`)
        .join(', ')}`,
    },
  ]
}

/** As many pins as thousands of issues leave, each of a commit of its own, made before the town comes up. */
export const pins: Benchmark = async (size) => {
  const many = size === 'full' ? 10_000 : 100
  using town = realTown({ worker: committer.replace('gt handoff\n', '[ "$GT_ISSUE" = wy-2 ] || gt handoff\n') })
  const clone = join(town.rig, 'mayor/rig')
  const tip = town.git(clone, 'rev-parse', 'origin/main')
  const commit = (n: number) =>
    `commit refs/gt/merge/old-${n}/Nux-1\ncommitter T <t@example.invalid> ${1_700_000_000 + n} +0000\ndata 1\nx\nfrom ${tip}\n\n`
  const input = Array.from({ length: many }, (_, n) => commit(n)).join('')
  must('git', ['fast-import', '--quiet'], { cwd: clone, input })
  town.issues(2)
  town.ok('up')
  town.ok('spawn', '--issue', 'wy-1')
  town.ok('wait', 'wy-1', '--timeout', '100')
  town.ok('spawn', '--issue', 'wy-2')
  const place = join(town.rig, 'polecats')
  let worktree = ''
  for (let waited = 0; !worktree; waited++) {
    if (waited > 1000) throw new Error('no worktree for wy-2')
    worktree = must('sh', ['-c', 'ls "$1" | head -1', 'sh', place]).trim()
    if (!worktree) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const { pinned = 1, plain = 1 } = await interleaved(size === 'full' ? 15 : 2, {
    pinned: () => must('git', ['fetch', '--quiet', 'origin'], { cwd: join(place, worktree) }),
    plain: () => must('git', ['fetch', '--quiet', town.origin], { cwd: town.work }),
  })
  return [
    {
      name: `git fetch of a worker, ${many} pins`,
      value: pinned / plain,
      unit: '×',
      target: { most: 2 },
      detail: `${pinned.toFixed(0)} ms; in a clone without pins ${plain.toFixed(0)} ms`,
    },
  ]
}
