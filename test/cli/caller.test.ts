// Who asks, and whether they may: the kernel's word before the caller's own. Real processes; the town is a stub.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { hasProc } from '../../actors/proc.ts'
import type { TownBehind } from '../../cli/behind.ts'
import { type Said, whoAsks } from '../../cli/caller.ts'
import type { Proof } from '../../cli/peer.ts'
import { rightOf } from '../../cli/rights.ts'

const [nux, toast] = ['w/polecats/Nux', 'w/polecats/Toast']
let root: string
let children: ChildProcess[]
/** The sessions that are at work, and at which epoch. */
let atWork: Record<string, number>

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'caller-')))
  mkdirSync(rigLayout(root, 'w').root, { recursive: true })
  writeFileSync(rigLayout(root, 'w').config, '{}')
  children = []
  atWork = { [nux]: 2, [toast]: 1 }
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(root, { recursive: true })
})

const town = () =>
  ({
    root,
    rigs: () => ['w'],
    tokenValid: (address: string, epoch: number, token: string) => token === `${address} ${epoch}`,
    host: {
      actors: () => [],
      actor: (address: string) => {
        const epoch = atWork[address.replace(/\/session$/, '')]
        return epoch === undefined ? undefined : { status: 'active', value: { running: 'heard' }, context: { epoch } }
      },
    },
  }) as unknown as TownBehind
const token = (address: string, epoch = atWork[address] ?? 0) => ({ address, epoch, token: `${address} ${epoch}` })
const asks = (word: string, said: Partial<Said>, proof: Proof = 'proved') =>
  whoAsks(town(), word, { caller: null, pid: process.pid, cwd: '/', ...said }, async () => proof)
/** A program of Nux's session, or of nobody's. */
async function program(session?: string): Promise<number> {
  const mark = session === undefined ? {} : { GT_SESSION: join(townLayout(root).sessions, session) }
  const child = spawn('sleep', ['1000'], { env: { PATH: process.env.PATH, ...mark }, cwd: '/' })
  children.push(child)
  await once(child, 'spawn')
  return Number(child.pid)
}

describe.runIf(hasProc)('where the kernel can be asked', () => {
  test('what nobody started is the Overseer', async () => {
    expect(await asks('spawn', { pid: process.ppid })).toBe('overseer')
    // The daemon, which this process plays here, started it.
    await expect(asks('spawn', { pid: await program() })).rejects.toThrow('a program of the town')
  })
  test('what belongs to a session speaks for that session, whatever it leaves away', async () => {
    const pid = await program('gt-w-Nux-1-2')
    expect(await asks('handoff', { pid })).toBe(nux)
    await expect(asks('spawn', { pid })).rejects.toThrow(nux)
  })
  test('a session with the token of another is refused', async () => {
    await expect(asks('handoff', { pid: await program('gt-w-Nux-1-2'), caller: token(toast) })).rejects.toThrow(
      `${nux} calls here, with a token of ${toast}`,
    )
  })
  test('what is left of a session that is over is refused', async () => {
    await expect(asks('handoff', { pid: await program('gt-w-Nux-1-1') })).rejects.toThrow('is over')
  })
})

test('a client that did not show who it is, and has no token, is nobody', async () => {
  await expect(asks('spawn', {}, 'failed')).rejects.toThrow('cannot be seen')
})

test('where nothing can be seen, the token tells; one of an epoch that is over does not, nor a false one', async () => {
  expect(await asks('handoff', { caller: token(nux) }, 'blind')).toBe(nux)
  await expect(asks('spawn', { caller: token(nux) }, 'blind')).rejects.toThrow(nux)
  await expect(asks('handoff', { caller: token(nux, 1) }, 'blind')).rejects.toThrow('is over')
  await expect(asks('handoff', { caller: { ...token(nux), token: 'made up' } }, 'blind')).rejects.toThrow(
    'is not who calls here',
  )
})

test('where nothing can be seen, nobody speaks for the Overseer from a worker’s place', async () => {
  await expect(asks('spawn', { cwd: join(root, 'w/polecats/Nux/src') }, 'blind')).rejects.toThrow(`${nux}'s worktree`)
})

test('a word that is on no list is the Overseer’s alone', () => {
  const words = ['status', 'handoff', 'spawn', 'a word of tomorrow']
  expect(words.map(rightOf)).toEqual(['anyone', 'agents', 'overseer', 'overseer'])
})
