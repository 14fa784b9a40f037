// What is kept for thirty days is not thrown away because a clock was set.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { townLayout } from '../../actors/layout.ts'
import { startHousekeeping } from '../../cli/housekeeping.ts'
import { world } from '../runtime/counter.ts'

const dayMs = 86_400_000
let w: ReturnType<typeof world>
let root: string
let said: string[]

beforeEach(() => {
  w = world()
  root = mkdtempSync(join(tmpdir(), 'house-'))
  said = []
})
afterEach(() => {
  w.dispose()
  rmSync(root, { recursive: true, force: true })
})

/** A host at work, and a gate's log that was written now by its clock. */
function atWork() {
  const host = w.open()
  const works = () => {
    host.post({ from: 'test', to: 'c/1', type: 'add', body: {} })
    w.drain(host)
  }
  works()
  const { gateLogs } = townLayout(root)
  mkdirSync(gateLogs, { recursive: true })
  const log = join(gateLogs, 'a.log')
  writeFileSync(log, '')
  utimesSync(log, w.clock.now() / 1000, w.clock.now() / 1000)
  const house = () => {
    startHousekeeping({
      ...{
        root,
        host,
        clock: w.clock,
        rigs: () => [],
        git: {} as never,
        ledger: { gather: () => false },
        copyIssues: async () => {},
        putMailAway: () => {},
      },
      report: (error) => said.push(String(error)),
    })()
    return { turns: host.journal({}).length, logs: readdirSync(gateLogs).length }
  }
  return { works, house }
}

test('a clock that jumps by a year prunes nothing, says so, and is believed once it has gone on for a while', () => {
  const { works, house } = atWork()
  works()
  w.clock.advance(dayMs)
  works()
  expect([house(), said]).toEqual([{ turns: 3, logs: 1 }, []])
  w.clock.jump(365 * dayMs)
  expect(house()).toEqual({ turns: 3, logs: 1 })
  expect(said).toEqual([expect.stringContaining('gone forward by 365 days')])
  works()
  w.clock.advance(5 * 3_600_000)
  expect(house()).toEqual({ turns: 4, logs: 1 })
  w.clock.advance(3_600_001)
  expect(house()).toEqual({ turns: 1, logs: 0 })
})

test('it was set right before that: nothing is lost', () => {
  const { works, house } = atWork()
  w.clock.advance(dayMs)
  works()
  w.clock.jump(365 * dayMs)
  house()
  w.clock.jump(-365 * dayMs)
  works()
  w.clock.advance(dayMs)
  expect(house()).toEqual({ turns: 3, logs: 1 })
})

test('nights of sleep are no jump, and what is old by then goes', () => {
  const { works, house } = atWork()
  for (let day = 0; day < 40; day++) {
    w.clock.advance(8 * 3_600_000)
    w.clock.jump(16 * 3_600_000)
    works()
  }
  const { turns, logs } = house()
  expect([logs, said]).toEqual([0, []])
  expect(turns).toBeLessThan(41)
})
