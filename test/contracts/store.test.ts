// The contract of a store, kept by every implementation: what a host may rely on.
import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Store } from '../../runtime/contract.ts'
import { openSqliteStore, StoreUnusable } from '../../runtime/open.ts'
import { world } from '../runtime/counter.ts'

const stores: [string, (path: string) => Store][] = [['node:sqlite', openSqliteStore]]
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
for (let n = 0; ; n++) { store.run('INSERT INTO hold (scope) VALUES (?)', String(n)); process.send?.(n) }`,
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
