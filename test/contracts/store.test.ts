// The contract of a store, kept by every implementation: what a host may rely on.
import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Store } from '../../runtime/contract.ts'
import { openSqliteStore, readIdentity, type SqliteOptions, StoreBusy, StoreUnusable } from '../../runtime/open.ts'
import { world } from '../runtime/counter.ts'

const stores: [string, (path: string, options?: SqliteOptions) => Store][] = [['node:sqlite', openSqliteStore]]
let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'store-'))
  path = join(dir, 'town.db')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe.each(stores)('%s', (_, open) => {
  const scopes = (store: Store) =>
    store.all<{ scope: string }>('SELECT scope FROM hold ORDER BY scope').map((row) => row.scope)
  const add = (store: Store, scope: string) => store.run('INSERT INTO hold (scope) VALUES (?)', scope)

  test('a transaction is kept whole, or not at all; a nested one falls alone', () => {
    const store = open(path)
    store.transaction(() => {
      add(store, 'a')
      expect(() =>
        store.transaction(() => {
          add(store, 'b')
          throw new Error('inner')
        }),
      ).toThrow('inner')
      add(store, 'c')
    })
    expect(() =>
      store.transaction(() => {
        add(store, 'd')
        store.transaction(() => add(store, 'e'))
        throw new Error('outer')
      }),
    ).toThrow('outer')
    expect(scopes(store)).toEqual(['a', 'c'])
    expect(store.transaction(() => 7)).toBe(7)
    store.close()
    const again = open(path)
    expect(scopes(again)).toEqual(['a', 'c'])
    again.close()
  })

  test('says what a write did; reads nothing as undefined', () => {
    const store = open(path)
    expect(add(store, 'a').changes).toBe(1)
    expect(store.run("DELETE FROM hold WHERE scope = 'z'").changes).toBe(0)
    expect(store.get('SELECT * FROM hold WHERE scope = ?', 'z')).toBeUndefined()
    expect(() => add(store, 'a')).toThrow()
    store.close()
  })

  test('what was committed is there after the process that wrote it was killed', async () => {
    const script = join(dir, 'writer.ts')
    writeFileSync(
      script,
      `import { openSqliteStore } from ${JSON.stringify(join(import.meta.dirname, '../../runtime/open.ts'))}
const store = openSqliteStore(${JSON.stringify(path)})
for (let n = 0; process.ppid === ${process.pid}; n++) { store.run('INSERT INTO hold (scope) VALUES (?)', String(n)); process.send?.(n) }`,
    )
    const child = fork(script, { stdio: 'ignore' })
    let last = -1
    await new Promise<void>((resolve) => {
      child.on('message', (n: number) => {
        last = n
        if (n === 50) child.kill('SIGKILL')
      })
      child.on('exit', () => resolve())
    })
    const store = open(path)
    expect(scopes(store).length).toBeGreaterThan(last)
    expect(store.get<{ integrity_check: string }>('PRAGMA integrity_check')?.integrity_check).toBe('ok')
    store.close()
  })

  test('a full disk rolls the transaction back, in words; with room it goes on', () => {
    const store = open(path)
    add(store, 'before')
    const { page_count: pages } = store.get<{ page_count: number }>('PRAGMA page_count') as { page_count: number }
    store.get(`PRAGMA max_page_count = ${pages}`)
    expect(() =>
      store.transaction(() => {
        add(store, 'half')
        for (let n = 0; n < 100; n++) add(store, `${n}-${'x'.repeat(5000)}`)
      }),
    ).toThrow(StoreUnusable)
    expect(() => store.transaction(() => add(store, 'y'.repeat(50_000)))).toThrow(
      /cannot be written: .*full.*make room/,
    )
    expect(scopes(store)).toEqual(['before'])
    store.get('PRAGMA max_page_count = 1000000')
    store.transaction(() => add(store, 'z'.repeat(50_000)))
    expect(scopes(store)).toHaveLength(2)
    store.close()
  })

  test('what is no store, or damaged, or newer, is refused in words and left as it is', () => {
    for (const bytes of [
      Buffer.from('no database at all, just some text that somebody put here\n'.repeat(20)),
      Buffer.alloc(5000, 7),
    ]) {
      writeFileSync(path, bytes)
      expect(() => open(path)).toThrow(/cannot be used: .*left as it is/)
      expect(readFileSync(path).equals(bytes)).toBe(true)
    }
    expect(() => open(join(dir, 'no/such/folder/town.db'))).toThrow(StoreUnusable)
  })

  test('a lock of somebody else is told of as one, and nothing is kept', () => {
    const store = open(path, { busyMs: 20 })
    const other = new DatabaseSync(path)
    other.exec('BEGIN EXCLUSIVE')
    expect(() => store.transaction(() => add(store, 'a'))).toThrow(StoreBusy)
    other.exec('ROLLBACK')
    other.close()
    store.transaction(() => add(store, 'b'))
    expect(scopes(store)).toEqual(['b'])
    store.close()
  })

  test('another store than the one that was asked for is refused, and so is a database of something else', () => {
    const [ours, theirs] = [open(path), open(join(dir, 'other.db'))]
    const { id } = readIdentity(ours)
    expect(readIdentity(theirs).id).not.toBe(id)
    ours.close()
    theirs.close()
    open(path, { id }).close()
    for (const readOnly of [true, false])
      expect(() => open(join(dir, 'other.db'), { id, readOnly })).toThrow(/another one than was here before/)
    const strange = new DatabaseSync(join(dir, 'strange.db'))
    strange.exec('CREATE TABLE t (a); PRAGMA user_version = 1')
    strange.close()
    const bytes = readFileSync(join(dir, 'strange.db'))
    expect(() => open(join(dir, 'strange.db'))).toThrow(/a database of something else/)
    expect(readFileSync(join(dir, 'strange.db')).equals(bytes)).toBe(true)
  })

  test.each([
    ['the file is removed', () => rmSync(path)],
    ['the file is emptied by a new one', () => renameSync(join(dir, 'new'), path)],
    ['its journal is removed', () => rmSync(`${path}-wal`)],
    ['its index is removed', () => rmSync(`${path}-shm`)],
    ['its folder is removed', () => rmSync(dir, { recursive: true })],
    ['all of it is removed', () => ['', '-wal', '-shm'].map((end) => rmSync(`${path}${end}`))],
  ])('%s while it is open: it is back with all it held before the next thing is written', (_, harm) => {
    const healed: string[] = []
    const store = open(path, { healed: (words) => healed.push(words) })
    const { id } = readIdentity(store)
    store.transaction(() => add(store, 'a'))
    writeFileSync(join(dir, 'new'), '')
    harm()
    store.transaction(() => add(store, 'b'))
    store.transaction(() => add(store, 'c'))
    expect(healed).toEqual([expect.stringContaining('it is back with all it held')])
    // As a reader beside it sees it, and as one that comes later.
    const reader = open(path, { readOnly: true, id })
    expect(scopes(reader)).toEqual(['a', 'b', 'c'])
    reader.close()
    store.close()
    const later = open(path, { id })
    expect(scopes(later)).toEqual(['a', 'b', 'c'])
    later.close()
    expect(readdirSync(dir).filter((file) => file.endsWith('.part'))).toEqual([])
  })

  test('it cannot be put back at once: nothing of it is let go, and it is back with the next thing written', () => {
    const store = open(path)
    store.transaction(() => add(store, 'a'))
    rmSync(path)
    rmSync(`${path}-wal`)
    mkdirSync(`${path}-wal`)
    expect(() => store.transaction(() => add(store, 'b'))).toThrow(StoreBusy)
    rmSync(`${path}-wal`, { recursive: true })
    store.transaction(() => add(store, 'c'))
    expect(scopes(store)).toEqual(['a', 'c'])
    store.close()
  })
})

test('a host whose disk is full loses no mail: what was handled is handled once, the rest when there is room', () => {
  const w = world()
  const store = openSqliteStore(w.path)
  const host = w.open({ store })
  for (let n = 0; n < 300; n++)
    host.post({ id: `m-${n}`, from: 'outside', to: `c/${n % 7}`, type: 'add', body: { n: 1 } })
  const { page_count: pages } = store.get<{ page_count: number }>('PRAGMA page_count') as { page_count: number }
  store.get(`PRAGMA max_page_count = ${pages}`)
  expect(() => host.post({ from: 'outside', to: 'c/1', type: 'add', body: { n: 1, why: 'x'.repeat(30_000) } })).toThrow(
    StoreUnusable,
  )
  for (const group of [1, 64]) {
    expect(() => {
      while (host.run(group) > 0);
    }).toThrow(StoreUnusable)
  }
  // It was not the mail's fault.
  expect(store.get("SELECT count(*) AS n FROM mail WHERE attempt > 0 OR state = 'dead'")).toEqual({ n: 0 })
  store.get('PRAGMA max_page_count = 1000000')
  while (host.run(64) > 0);
  expect(host.actors('c/').reduce((sum, actor) => sum + Number(actor.context.count), 0)).toBe(300)
  host.close()
  w.dispose()
})

test('two hosts do not both hold the lease', () => {
  const w = world()
  const first = w.open({ holderGone: () => false })
  expect(() => w.open({ holderGone: () => false })).toThrow(/another host .* holds this store/)
  first.close()
  w.dispose()
})
