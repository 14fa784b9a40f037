// The help of every `gt` word against a bare Node; and a worker's `git fetch` in a rig that keeps many pins.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { committer, eventually, gtScript, isWritten, realTown } from '../fixture/real-town.ts'
import { type Benchmark, interleaved, must } from './measure.ts'

/** The words as their reference lists them: `gt rig add`. */
const words = [
  ...readFileSync(join(import.meta.dirname, '../../cli/words/README.md'), 'utf8').matchAll(/^## gt (.+)$/gm),
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
  using town = realTown()
  const marks = join(town.dir, 'marks')
  mkdirSync(marks)
  // The second stays in its worktree.
  town.writeScript(
    'worker.sh',
    committer.replace('set -e\n', `set -e\n[ "$GT_ISSUE" = wy-1 ] || { pwd > '${marks}/where'; exec sleep 1000; }\n`),
  )
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
  await eventually(() => isWritten(join(marks, 'where')))
  const cwd = readFileSync(join(marks, 'where'), 'utf8').trim()
  // Thousands at once are packed when the town comes up; those of a town at work, by the hundred.
  await eventually(() => !existsSync(join(clone, '.git/refs/gt/merge/old-0')))
  const { pinned = 1, plain = 1 } = await interleaved(size === 'full' ? 15 : 2, {
    pinned: () => must('git', ['fetch', '--quiet', 'origin'], { cwd }),
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
