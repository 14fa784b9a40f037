// Copies of databases, on real files: made while somebody writes, kept so many, put back.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { copiesIn, copiesMax, copyOfToday, filesOf, lastCopyIn, moveAside, putBack } from '../../actors/copies.ts'

let dir: string
let file: string
let copies: string
let db: DatabaseSync
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'copies-'))
  file = join(dir, 'a.db')
  copies = join(dir, 'copies')
  db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a)')
})
afterEach(() => {
  if (db.isOpen) db.close()
  rmSync(dir, { recursive: true, force: true })
})
const day = (n: number) => Date.UTC(2026, 0, 1 + n)
const rows = (path: string) => {
  const opened = new DatabaseSync(path, { readOnly: true })
  const all = opened.prepare('SELECT count(*) AS n FROM t').get() as { n: number }
  const { integrity_check: verdict } = opened.prepare('PRAGMA integrity_check').get() as { integrity_check: string }
  opened.close()
  return [all.n, verdict]
}

test('a copy is of one moment, whoever writes meanwhile, and the writer is not held up', async () => {
  db.exec(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO t SELECT printf('%0200d', i) FROM n",
  )
  const insert = db.prepare("INSERT INTO t VALUES ('more')")
  let written = 0
  const writing = setInterval(() => {
    insert.run()
    written++
  }, 1)
  await copyOfToday(file, copies, day(0))
  clearInterval(writing)
  expect(written).toBeGreaterThan(0)
  expect(readdirSync(copies)).toEqual(['2026-01-01.db'])
  const [n, verdict] = rows(join(copies, '2026-01-01.db'))
  expect(verdict).toBe('ok')
  expect(n).toBeGreaterThanOrEqual(50_000)
  expect(n).toBeLessThanOrEqual(50_000 + written)
})

test('there is one a day, and of many days the newest are kept', async () => {
  for (let n = 0; n < copiesMax + 3; n++) {
    db.exec('INSERT INTO t VALUES (1)')
    await copyOfToday(file, copies, day(n))
    // Files of one test are all made at once.
    utimesSync(join(copies, `${new Date(day(n)).toISOString().slice(0, 10)}.db`), day(n) / 1000, day(n) / 1000)
    await copyOfToday(file, copies, day(n) + 1000)
  }
  const kept = copiesIn(copies)
  expect(kept).toHaveLength(copiesMax)
  expect(kept.map(({ name }) => name)[0]).toBe('2026-01-17')
  expect(rows(kept[0]?.path as string)).toEqual([copiesMax + 3, 'ok'])
  expect(lastCopyIn(copies)).toContain('2026-01-17.db')
})

test('a copy of today that somebody emptied is made again', async () => {
  await copyOfToday(file, copies, day(0))
  writeFileSync(join(copies, '2026-01-01.db'), '')
  await copyOfToday(file, copies, day(0))
  expect(rows(join(copies, '2026-01-01.db'))).toEqual([0, 'ok'])
})

test('a copy that cannot be made leaves the others, and nothing half', async () => {
  await copyOfToday(file, copies, day(0))
  db.close()
  writeFileSync(file, 'no database at all, just some text that somebody put here\n'.repeat(100))
  await expect(copyOfToday(file, copies, day(1))).rejects.toThrow()
  expect(readdirSync(copies)).toEqual(['2026-01-01.db'])
})

test('what is in the way is moved aside with its journal, and the copy is put back', async () => {
  db.exec('INSERT INTO t VALUES (1)')
  await copyOfToday(file, copies, day(0))
  db.exec('INSERT INTO t VALUES (2)')
  // As a killed process leaves it: a part of it is in the journal only.
  const killed = ['', '-wal'].map((end) => readFileSync(`${file}${end}`))
  db.close()
  for (const [n, end] of ['', '-wal'].entries()) writeFileSync(`${file}${end}`, killed[n] as Buffer)
  mkdirSync(join(dir, 'aside'))
  const aside = moveAside(join(dir, 'aside'), 'daemon', filesOf(file)) as string
  expect(existsSync(file)).toBe(false)
  const [copy] = copiesIn(copies)
  if (copy) putBack(copy, file)
  expect(rows(file)).toEqual([1, 'ok'])
  db = new DatabaseSync(join(aside, basename(file)))
  expect(db.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 2 })
})
