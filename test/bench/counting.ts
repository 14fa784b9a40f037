// A `git` found first on the PATH that notes who calls it and for what, then becomes the real one. And what processes
// have used of the machine, as the kernel counts it.
// Never: changes what git does or says; where its own cost matters, the figure is taken without it.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { interleaved, must } from './measure.ts'

export interface Counted {
  town: number
  workers: number
  /** What the town called, most first: `rev-parse 25`. */
  words: string
}

/** The shim in a folder of its own; what a shell, an option or a session around git does is not counted, git is. */
export function countingGit() {
  const dir = mkdtempSync(join(tmpdir(), 'counting-'))
  const bin = join(dir, 'bin')
  const log = join(dir, 'log')
  mkdirSync(bin)
  writeFileSync(log, '')
  const real = spawnSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).stdout.trim()
  const shim = join(bin, 'git')
  writeFileSync(
    shim,
    `#!/bin/sh
who=town; [ -z "$GT_ADDRESS" ] || who=worker
skip=; word=
for a; do
  if [ -n "$skip" ]; then skip=; continue; fi
  case $a in -c|-C|--git-dir|--work-tree) skip=1 ;; -*) ;; *) word=$a; break ;; esac
done
echo "$who $word" >> '${log}'
exec '${real}' "$@"
`,
  )
  chmodSync(shim, 0o755)
  const lines = () => readFileSync(log, 'utf8').split('\n').filter(Boolean)
  return {
    path: `${bin}:${process.env['PATH']}`,
    log,
    reset: () => writeFileSync(log, ''),
    counted(): Counted {
      const words = new Map<string, number>()
      for (const line of lines())
        if (line.startsWith('town ')) words.set(line.slice(5), (words.get(line.slice(5)) ?? 0) + 1)
      const all = lines()
      return {
        town: all.filter((line) => line.startsWith('town ')).length,
        workers: all.filter((line) => line.startsWith('worker ')).length,
        words: [...words]
          .sort((a, b) => b[1] - a[1])
          .slice(0, 6)
          .map(([word, count]) => `${word} ${count}`)
          .join(', '),
      }
    },
    /** Milliseconds that the shim adds to one git. */
    async costMs(rounds: number): Promise<number> {
      const times = await interleaved(rounds, {
        with: () => must(shim, ['--version']),
        without: () => must(real, ['--version']),
      })
      return (times['with'] ?? 0) - (times['without'] ?? 0)
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** Milliseconds of CPU of a process and of its ended children, from proc(5): ticks of 10 ms. */
export function cpuMs(stat: string): number {
  const fields = stat
    .replace(/^.*\) /, '')
    .split(' ')
    .map(Number)
  return [11, 12, 13, 14].reduce((all, n) => all + (fields[n] ?? 0), 0) * 10
}

/** Of a daemon: also what starts its gits, beside it, and lives as long. */
export function cpuOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  const beside = children.filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('gits.cjs'))
  return [pid, ...beside].reduce((all, one) => all + cpuMs(readFileSync(`/proc/${one}/stat`, 'utf8')), 0)
}

/** `0m1.234s` of a shell's `times`, in milliseconds. */
export const timesMs = (text: string) =>
  [...text.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (all, [, minutes, seconds]) => all + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  )
