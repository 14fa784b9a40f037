// A town of its own for a benchmark, removed afterwards, with the bundled commands a user has.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { must } from './measure.ts'

const dist = join(import.meta.dirname, '../../dist')
export const gt = join(dist, 'gt.cjs')
export const bd = join(dist, 'bd.cjs')

const clean = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GT_|BEADS_|BD_)/.test(name)))

export function benchTown(options: { issues?: number; worker?: string; session?: 'tmux' | 'process'; maxWorkers?: number } = {}) {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'bench-')))
  const root = join(dir, 'gt')
  const origin = join(dir, 'origin.git')
  const env = clean()
  const git = (cwd: string, ...args: string[]) => execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.invalid', ...args], { cwd, encoding: 'utf8' }).trim()
  const call = (script: string, args: string[], cwd: string) => must(process.execPath, [script, ...args], { cwd, env })
  git(dir, 'init', '--quiet', '--initial-branch=main', 'work')
  for (let n = 0; n < 50; n++) writeFileSync(join(dir, 'work', `file-${n}.txt`), `line\n`.repeat(100))
  git(join(dir, 'work'), 'add', '--all')
  git(join(dir, 'work'), 'commit', '--quiet', '-m', 'first')
  git(dir, 'clone', '--quiet', '--bare', 'work', origin)
  const worker = join(dir, 'worker.sh')
  writeFileSync(worker, options.worker ?? '#!/bin/sh\nexec sleep 1000\n')
  chmodSync(worker, 0o755)
  call(gt, ['install', root], dir)
  call(gt, ['rig', 'add', 'bench', origin, '--no-gate', '--prefix', 'be', '--worker', worker, '--session', options.session ?? 'process', '--max-workers', String(options.maxWorkers ?? 8)], root)
  const rig = join(root, 'bench')
  const lines = Array.from({ length: options.issues ?? 1 }, (_, n) =>
    JSON.stringify({ id: `be-${n + 1}`, title: `Issue ${n + 1}`, status: 'open', priority: 2, issue_type: 'task', created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' }),
  )
  writeFileSync(join(dir, 'issues.jsonl'), `${lines.join('\n')}\n`)
  call(bd, ['import', join(dir, 'issues.jsonl')], rig)
  return {
    dir,
    root,
    rig,
    origin,
    env,
    git,
    gt: (...args: string[]) => call(gt, args, root),
    bd: (...args: string[]) => call(bd, args, rig),
    up: () => call(gt, ['up'], root),
    [Symbol.dispose]() {
      try {
        call(gt, ['down'], root)
      } catch {
        // It was down already; what follows removes the rest.
      }
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
