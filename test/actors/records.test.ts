// Whether a town's records are what the town had: each way in which they can be gone or wrong, on real files.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { copiesIn, copyOfToday } from '../../actors/copies.ts'
import { townLayout } from '../../actors/layout.ts'
import {
  hostRecords,
  keepRecords,
  makeRecords,
  openRecords,
  recordsTrouble,
  replaceRecords,
} from '../../actors/records.ts'
import type { Store } from '../../runtime/contract.ts'
import { holdUnhosted, openHost, seededRandom, systemClock } from '../../runtime/open.ts'
import { counterRole, effects } from '../runtime/counter.ts'

let dir: string
let town: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'records-'))
  town = townIn('town')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const townIn = (name: string) => {
  const root = join(dir, name)
  for (const each of ['config', 'daemon']) mkdirSync(join(root, each), { recursive: true })
  makeRecords(root)
  return root
}
const layout = () => townLayout(town)
/** One tenure of a daemon, that does something in it. */
const host = async (work: (store: Store) => void = () => {}, signal = new AbortController().signal) => {
  let opened: Store | undefined
  const hosted = await hostRecords(town, {
    signal,
    healed: () => {},
    hosted(store) {
      opened = store
      return openHost({
        store,
        clock: systemClock,
        random: seededRandom(1),
        roles: [counterRole()],
        effects,
        parseMail: (_, body) => body as never,
        newMailId: () => String(Math.random()),
        slotCapacity: () => 0,
        holder: String(Math.random()),
        holderGone: () => true,
      })
    },
  })
  work(opened as Store)
  return hosted
}
const once = async (scope?: string) => {
  const hosted = await host()
  if (scope !== undefined) hosted.hold(scope)
  hosted.close()
}
const holds = () => {
  const store = openRecords(town, { readOnly: true })
  const found = store.all<{ scope: string }>('SELECT scope FROM hold ORDER BY scope').map(({ scope }) => scope)
  store.close()
  return found
}
const wayOut = 'there is no copy in'

test.each([
  ['missing', () => rmSync(layout().db), 'is missing, and this town has had one'],
  ['empty', () => truncateSync(layout().db), 'is empty, and this town has had one'],
  ['cut short', () => truncateSync(layout().db, 20_000), 'is damaged'],
  [
    'no database',
    () => writeFileSync(layout().db, 'some text\n'.repeat(1000)),
    'cannot be used: file is not a database',
  ],
  [
    'overwritten in the middle',
    () => {
      const bytes = readFileSync(layout().db)
      bytes.fill(7, 4096)
      writeFileSync(layout().db, bytes)
    },
    'is damaged',
  ],
  ['another town’s', () => cpSync(townLayout(townIn('other')).db, layout().db), 'is another one than was here before'],
  [
    'a database of something else',
    () => {
      rmSync(layout().db)
      const db = new DatabaseSync(layout().db)
      db.exec('CREATE TABLE issues (id); PRAGMA user_version = 1')
      db.close()
    },
    'is a database of something else',
  ],
  [
    'of a newer version',
    () => {
      const db = new DatabaseSync(layout().db)
      db.exec('PRAGMA user_version = 99')
      db.close()
    },
    'was written by a newer version',
  ],
])(
  'records that are %s are refused with the way out, by who writes and who reads, and left as they are',
  async (_, harm, words) => {
    await once('before')
    harm()
    const bytes = existsSync(layout().db) && readFileSync(layout().db)
    await expect(once()).rejects.toThrow(words)
    await expect(once()).rejects.toThrow(wayOut)
    await expect(once()).rejects.toThrow('`gt restore daemon`')
    expect(makeRecords(town)).toBe(false)
    expect(existsSync(layout().db) && readFileSync(layout().db)).toEqual(bytes)
    if (words !== 'is damaged') expect(recordsTrouble(town)).toContain(words)
  },
)

test('older records than the town went by last are refused, until the Overseer says so', async () => {
  await once('old')
  cpSync(layout().db, join(dir, 'old.db'))
  await once('new')
  await once()
  cpSync(join(dir, 'old.db'), layout().db)
  await expect(once()).rejects.toThrow(
    /older than what the town went by last \(it was opened 1 times, the town’s 3 times\)/,
  )
  await keepRecords(town)
  await once()
  expect(holds()).toEqual(['old'])
})

test('turns that the town had written and that are gone with the journal are told of', async () => {
  const hosted = await host()
  const turn = () => {
    hosted.post({ from: 'outside', to: 'c/1', type: 'add', body: { n: 1 } })
    hosted.run(1)
  }
  turn()
  // As a checkpoint leaves the file, and as a killed daemon leaves all of it.
  const other = new DatabaseSync(layout().db)
  other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  other.close()
  turn()
  turn()
  for (const end of ['', '-wal']) cpSync(`${layout().db}${end}`, join(dir, `killed.db${end}`))
  const [open, mark] = [layout().dbOpen, layout().dbMark].map((path) => readFileSync(path)) as [Buffer, Buffer]
  hosted.close()
  const killed = (ends: readonly string[]) => {
    for (const end of ['', '-wal', '-shm']) rmSync(`${layout().db}${end}`, { force: true })
    for (const end of ends) cpSync(join(dir, `killed.db${end}`), `${layout().db}${end}`)
    writeFileSync(layout().dbOpen, open)
    writeFileSync(layout().dbMark, mark)
  }
  killed([''])
  await expect(once()).rejects.toThrow(/lacks the last 2 turns .*town\.db-wal is gone/)
  await keepRecords(town)
  await once()
  // Whoever else had a look at it has only put in what the journal held.
  killed(['', '-wal'])
  const looked = new DatabaseSync(layout().db)
  looked.exec('SELECT * FROM hold')
  looked.close()
  expect(existsSync(`${layout().db}-wal`)).toBe(false)
  await once()
  expect(existsSync(layout().dbOpen)).toBe(false)
})

test('a copy is put back, and what was there is kept; a copy that cannot be used changes nothing', async () => {
  await once('copied')
  await copyOfToday(layout().db, layout().dbCopies, Date.now())
  await once('after')
  const [copy] = copiesIn(layout().dbCopies)
  if (!copy) throw new Error('no copy')
  writeFileSync(join(layout().dbCopies, '2020-01-01.db'), 'no database\n'.repeat(1000))
  const bad = copiesIn(layout().dbCopies).find(({ name }) => name === '2020-01-01')
  await expect(replaceRecords(town, bad)).rejects.toThrow('cannot be used')
  expect(holds()).toEqual(['after', 'copied'])
  truncateSync(layout().db)
  await expect(once()).rejects.toThrow(`the last copy is ${layout().dbCopies}`)
  const { aside } = await replaceRecords(town, copy)
  expect(existsSync(aside as string)).toBe(true)
  expect(holds()).toEqual(['copied'])
  await once()
  // Begun anew only on the Overseer's word. Sessions to come may bear the names of those that were.
  const run = join(layout().sessions, 'gt-w-Nux-1-1')
  mkdirSync(run, { recursive: true })
  const replaced = await replaceRecords(town)
  expect(holds()).toEqual([])
  expect([existsSync(run), readdirSync(join(replaced.aside ?? '', 'sessions'))]).toEqual([false, ['gt-w-Nux-1-1']])
})

test('a mark that is gone or unreadable is made again; a town of an older version is taken as it is', async () => {
  await once('kept')
  for (const harm of [() => rmSync(layout().dbMark), () => writeFileSync(layout().dbMark, '{')]) {
    harm()
    await once()
    expect(JSON.parse(readFileSync(layout().dbMark, 'utf8'))).toMatchObject({ epoch: expect.any(Number) })
  }
  expect(holds()).toEqual(['kept'])
  // Its daemon has written a log, so there were records.
  rmSync(layout().dbMark)
  rmSync(layout().db)
  writeFileSync(layout().daemonLog, '{"level":30,"msg":"is up"}\n')
  expect(makeRecords(town)).toBe(false)
  await expect(once()).rejects.toThrow('is missing')
})

test('records that another process has locked are waited for, and the wait can be ended', async () => {
  await once()
  const other = new DatabaseSync(layout().db)
  other.exec('BEGIN EXCLUSIVE')
  const ending = new AbortController()
  const stopped = host(() => {}, ending.signal)
  setTimeout(() => ending.abort(), 300)
  await expect(stopped).rejects.toThrow('aborted')
  const waiting = host()
  setTimeout(() => other.exec('ROLLBACK'), 400)
  const hosted = await waiting
  other.close()
  hosted.close()
  expect(existsSync(layout().dbOpen)).toBe(false)
})

test('a hold for a town that has no daemon is kept in the records that are there', async () => {
  await once()
  const store = openRecords(town)
  holdUnhosted(store, '*')
  store.close()
  expect(holds()).toEqual(['*'])
})
