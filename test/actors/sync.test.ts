// Clones that are changed at random, offline for a while, with clocks that differ: after all have synced twice, all
// stores are the same to the byte, and nothing is lost that one side alone changed.
// `SYNC_RUNS=200 npx vitest run sync`: more of them; `SYNC_SEED`: others.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { namesOf } from '../../actors/beads/sync/names.ts'
import { sync, syncThrough } from '../../actors/beads/sync/sync.ts'
import { wayFrom } from '../../actors/beads/sync/way.ts'
import { act, anyDeeds, clonesIn, type Deed, diary, listedBranch, missing, whole } from '../fixture/shared-stores.ts'

let dir: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'sync-')))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const runs = Number(process.env.SYNC_RUNS ?? 0)
const seed = Number(process.env.SYNC_SEED ?? 7)
const skews = fc.array(fc.constantFrom(0, -3_600_000, 5, 86_400_000), { minLength: 2, maxLength: 4 })
const steps = ['fetch', 'commit', 'before the push', 'after the push', 'the end']
/** A bound on what hangs. */
const boundMs = Math.max(120_000, runs * 10_000)
let number = 0

test(
  'stores that were synced twice are the same to the byte, whatever was done and wherever a sync was killed',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        skews,
        anyDeeds(4, 120),
        fc.array(fc.option(fc.constantFrom(...steps)), { maxLength: 20, size: 'max' }),
        async (skews, deeds, kills) => {
          const branch = listedBranch()
          const clones = clonesIn(join(dir, `${++number}`), skews)
          const told = diary()
          const synced = async (n: number) => {
            const { beads, name, now } = clones[n] as (typeof clones)[number]
            const names = namesOf(beads, {})
            return syncThrough(branch.mirror, beads, { names, actor: name, pull: true, push: true, now })
          }
          let syncs = 0
          for (const [count, deed] of deeds.entries()) {
            const n = deed[0] % clones.length
            if (deed[1] !== 'sync') act(clones[n] as (typeof clones)[number], deed, told, count)
            else {
              branch.state.fail = kills[syncs++] ?? undefined
              await synced(n).catch((error) => {
                if (!String(error).includes('killed at')) throw error
              })
            }
          }
          branch.state.fail = undefined
          for (const _ of [1, 2]) for (const n of clones.keys()) await synced(n)
          const [first, ...others] = clones.map(({ beads }) => whole(beads))
          for (const other of others) expect(other).toBe(first)
          expect(branch.lines()).toBe(first)
          expect(missing((clones[0] as (typeof clones)[number]).beads, told)).toEqual([])
          for (const n of clones.keys())
            expect(await synced(n)).toMatchObject({ pushed: false, updated: [], renamed: [] })
          for (const { beads } of clones) beads.close()
        },
      ),
      { seed, numRuns: runs || 25, endOnFailure: true },
    )
  },
  boundMs,
)

const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

test(
  'the same through real repositories, from a subfolder, with all syncs at once in between',
  async () => {
    const oneRun = async (skews: readonly number[], deeds: readonly Deed[]) => {
      const place = join(dir, `${++number}`)
      execFileSync('git', ['init', '--quiet', '--bare', place])
      const clones = clonesIn(`${place}-clones`, skews, 'deep')
      for (const n of clones.keys()) {
        git(join(`${place}-clones`, `c${n}`), 'init', '--quiet')
        git(join(`${place}-clones`, `c${n}`), 'remote', 'add', 'origin', place)
      }
      const told = diary()
      const synced = async ({ beads, name, now }: (typeof clones)[number]) =>
        sync(beads, await wayFrom(beads, {}), { actor: name, pull: true, push: true, now })
      for (const [count, deed] of deeds.entries()) {
        const clone = clones[deed[0] % clones.length] as (typeof clones)[number]
        if (deed[1] !== 'sync') act(clone, deed, told, count)
        else if (deed[2] % 2 === 0) await synced(clone)
        else for (const { status } of await Promise.all(clones.map(synced))) expect(status).toBe('synced')
      }
      for (const _ of [1, 2]) for (const clone of clones) await synced(clone)
      const [first, ...others] = clones.map(({ beads }) => whole(beads))
      for (const other of others) expect(other).toBe(first)
      expect(`${git(place, 'show', 'beads-sync:.beads/issues.jsonl')}\n`).toBe(first)
      expect(missing((clones[0] as (typeof clones)[number]).beads, told)).toEqual([])
      expect(git(join(`${place}-clones`, 'c0'), 'for-each-ref')).toBe('')
      for (const { beads } of clones) beads.close()
    }
    const deeds = anyDeeds(4, 50).map((all) =>
      all.map(
        (deed, n) =>
          (n % 9 === 8
            ? [deed[0], 'sync', n, 0]
            : deed[1] === 'sync'
              ? [deed[0], 'title', ...deed.slice(2)]
              : deed) as Deed,
      ),
    )
    await fc.assert(fc.asyncProperty(skews, deeds, oneRun), { seed, numRuns: runs ? runs / 10 : 1, endOnFailure: true })
  },
  boundMs,
)
