// Whose a process is: told by the kernel and the town's marks, with real processes that hide and pretend.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { belongsTo } from '../../actors/ancestry.ts'
import { hasProc } from '../../actors/proc.ts'
import { identityOf } from '../../actors/processes.ts'
import type { Address } from '../../machines/address.ts'
import { eventually, isWritten } from '../fixture/real-town.ts'

let town: string
let started: ChildProcess[]
const pids: number[] = []
beforeEach(() => {
  town = realpathSync(mkdtempSync(join(tmpdir(), 'whose-')))
  for (const rig of ['w', 'w-x']) {
    mkdirSync(join(town, rig))
    writeFileSync(join(town, rig, 'config.json'), '{}')
  }
  started = []
})
afterEach(() => {
  for (const pid of pids.splice(0)) process.kill(pid, 'SIGKILL')
  for (const child of started) child.kill('SIGKILL')
  rmSync(town, { recursive: true })
})

/** Runs this, which leaves the number of its innermost process in the file `pid`; `own` is a kernel session of its own. */
async function inside(
  text: string,
  env: Record<string, string>,
  own = false,
): Promise<{ pid: number; leader: number }> {
  const child = spawn('/bin/sh', ['-c', text], {
    cwd: town,
    env: { PATH: process.env.PATH ?? '', ...env },
    detached: own,
  })
  started.push(child)
  await eventually(() => isWritten(join(town, 'pid')))
  const pid = Number(readFileSync(join(town, 'pid'), 'utf8'))
  pids.push(pid)
  return { pid, leader: child.pid ?? 0 }
}
const sleeper = 'sh -c "echo \\$\\$ > pid; exec sleep 1000"'
const session = (id: string) => ({ GT_SESSION: join(town, 'daemon/sessions', id) })
const nux = { kind: 'session', address: 'w/polecats/Nux', epoch: 3 }

describe.runIf(hasProc)('a process belongs', () => {
  test.each([
    ['that unsets everything', `env -i ${sleeper}; :`],
    ['in a kernel session of its own', `setsid env -i ${sleeper}; :`],
    ['that pretends to be another session', `GT_SESSION=$T/daemon/sessions/gt-w-Slit-1-1 ${sleeper}; :`],
    ['that pretends to be of another town', `GT_SESSION=/other/daemon/sessions/gt-w-Slit-1-1 ${sleeper}; :`],
    ['that pretends to be a plugin', `GT_RUN=$T/w/plugins/p#1 ${sleeper}; :`],
    [
      'whose name reads like the kernel’s own words',
      `ln -s /bin/sh "$T/x) S 1 1 1"; env -i "$T/x) S 1 1 1" -c 'echo $$ > pid; while :; do sleep 0.1; done'; :`,
    ],
    ['that pretends to be a gate', `env -i GT_GATE=$T/w/refinery/pool/1 ${sleeper}; :`],
  ])('to the session it came from: one %s', async (_, text) => {
    const { pid } = await inside(text, { T: town, ...session('gt-w-Nux-2-3') })
    expect(belongsTo(town, pid)).toEqual(nux)
    expect(belongsTo(`${town}-other`, pid)).toBeUndefined()
  })

  test('to the session whose group it is in, when its parents are gone and its environment is empty', async () => {
    const { pid, leader } = await inside(`(env -i ${sleeper} &); exec sleep 1000`, {}, true)
    const leads = { kind: 'plugin', address: 'w/plugins/p' as Address } as const
    const at = { daemon: 1, leaders: [{ ...identityOf(leader), leads }] }
    expect(belongsTo(town, pid)).toBeUndefined()
    expect(belongsTo(town, pid, at)).toEqual(leads)
    // A number that was given away again is somebody else's.
    expect(belongsTo(town, pid, { daemon: 1, leaders: [{ pid: leader, pidStart: 'earlier', leads }] })).toBeUndefined()
  })

  test('to the daemon’s programs when it is below the daemon and nothing else is known', async () => {
    const { pid } = await inside(`env -i ${sleeper}; :`, {})
    expect(belongsTo(town, pid, { daemon: process.pid, leaders: [] })).toMatchObject({ kind: 'program' })
    expect(belongsTo(town, pid, { daemon: 1, leaders: [] })).toBeUndefined()
  })

  test.each([
    ['gt-w-x-Nux-1-4', { kind: 'session', address: 'w-x/polecats/Nux', epoch: 4 }],
    ['gt-gone-Nux-1-4', { kind: 'program' }],
    ['nonsense', { kind: 'program' }],
  ])('to what its mark names: %s', async (id, whose) => {
    const { pid } = await inside(sleeper, session(id))
    expect(belongsTo(town, pid)).toMatchObject(whose)
  })

  test.each([
    [{ GT_RUN: 'w/plugins/p#w-1' }, { kind: 'plugin', address: 'w/plugins/p' }],
    [{ GT_RUN: 'w/else/p#w-1' }, { kind: 'program' }],
    [{ GT_GATE: 'w/refinery/pool/1' }, { kind: 'program' }],
  ])('to a plugin, or to a gate: %o', async (marks, whose) => {
    const env = Object.fromEntries(Object.entries(marks).map(([name, path]) => [name, join(town, String(path))]))
    expect(belongsTo(town, (await inside(sleeper, env)).pid)).toMatchObject(whose)
  })
})
