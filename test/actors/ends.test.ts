// What ends with a town, and with a daemon: what bears this town's marks, and nothing else. Real processes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { endEverySession, endOver, endPrograms } from '../../actors/ends.ts'
import { townLayout } from '../../actors/layout.ts'
import { hasProc } from '../../actors/proc.ts'

let town: string
let children: ChildProcess[]

beforeEach(() => {
  town = realpathSync(mkdtempSync(join(tmpdir(), 'ends-')))
  children = []
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(town, { recursive: true, force: true })
})

/** A program that bears this mark. */
async function bears(variable: string, value: string): Promise<() => boolean> {
  const child = spawn('sleep', ['1000'], { env: { PATH: process.env.PATH, [variable]: value }, detached: true })
  children.push(child)
  await once(child, 'spawn')
  return () => child.exitCode === null && child.signalCode === null
}
const heard = () => new Promise((resolve) => setImmediate(resolve))

test.runIf(hasProc)('gates, setups and plugins of a town end with it; sessions and other towns go on', async () => {
  const [gate, run, session, other] = await Promise.all([
    bears('GT_GATE', join(town, 'w/refinery')),
    bears('GT_RUN', `${join(town, 'w/plugins/greeter')}#1`),
    bears('GT_SESSION', join(townLayout(town).sessions, 'gt-w-Nux-1-1')),
    bears('GT_GATE', `${town}-other/w/refinery`),
  ])
  await endPrograms(town)
  await heard()
  expect([gate(), run(), session(), other()]).toEqual([false, false, true, true])
})

test.runIf(hasProc)('of a session that is over nothing goes on; of one that lives, all', async () => {
  const { sessions } = townLayout(town)
  const [over, lives] = await Promise.all([
    bears('GT_SESSION', join(sessions, 'gt-w-Nux-1-1')),
    bears('GT_SESSION', join(sessions, 'gt-w-Nux-1-2')),
  ])
  await endOver(town, (id) => id === 'gt-w-Nux-1-2')
  await heard()
  expect([over(), lives()]).toEqual([false, true])
  const ended: string[] = []
  await endEverySession(town, { end: async () => void ended.push('what held them') })
  await heard()
  expect([lives(), ended]).toEqual([false, ['what held them']])
})
