// A store that is deleted, replaced or spoilt while the town has it open.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { beadsHands } from '../../actors/beads/hands.ts'
import { type Kept, keepOpen } from '../../actors/beads/kept.ts'
import { seenPath, storeOf } from '../../actors/beads/tiers.ts'
import { townLayout } from '../../actors/layout.ts'
import { inStore, type StoresTown, storesTown, titles } from '../fixture/stores.ts'

let t: StoresTown
let kept: Kept
let told: string[]
/** Another daemon: what was written is in the file itself, and neither in its log nor in memory. */
function anew(): void {
  kept?.close()
  kept = keepOpen(t.of('w'), {
    healed: (words) => told.push(`healed: ${words}`),
    unusable: (words) => told.push(`unusable: ${words}`),
    usable: () => told.push('usable'),
  })
  kept.begin()
}
beforeEach(() => {
  t = storesTown()
  told = []
  anew()
  create('One')
})
afterEach(() => {
  kept.close()
  t.dispose()
})

const create = (title: string) => kept.use().create({ title }, 'tester')
const files = () => ['', '-wal', '-shm'].map((ending) => `${t.file('w')}${ending}`)
const aside = () => {
  const { aside } = townLayout(t.town)
  return existsSync(aside) ? readdirSync(aside).map((each) => readdirSync(join(aside, each)).sort()) : []
}
/** What another process finds there. */
const seenByOthers = () => {
  const script = `const { DatabaseSync } = require('node:sqlite')
    console.log(JSON.stringify(new DatabaseSync(${JSON.stringify(t.file('w'))}).prepare('SELECT title FROM issues').all()))`
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })
  return (JSON.parse(stdout) as { title: string }[]).map(({ title }) => title).sort()
}

test.each<[string, () => void, RegExp]>([
  ['the file', () => rmSync(t.file('w')), /was deleted/],
  ['the file and what is beside it', () => files().map((path) => rmSync(path)), /was deleted/],
  ['its whole folder', () => rmSync(storeOf(t.of('w')), { recursive: true }), /was deleted/],
  ['its log of writes', () => rmSync(`${t.file('w')}-wal`), /lost its log of writes/],
])('%s is deleted: all is saved from what is open, and told', async (_, remove, words) => {
  remove()
  create('Two')
  expect(titles(kept.use())).toEqual(['One', 'Two'])
  expect(seenByOthers()).toEqual(['One', 'Two'])
  await vi.waitFor(() => expect(told).toEqual([expect.stringMatching(words)]))
  expect(told[0]).toMatch(/^healed: .*issues\.sqlite .* was saved from what was still open/)
  expect(readdirSync(dirname(t.file('w')))).toContain('config.yaml')
})

test('it is moved away: it is saved at once, and what is put back later is looked at', async () => {
  const away = join(t.dir, 'away')
  renameSync(t.file('w'), away)
  expect(titles(kept.use())).toEqual(['One'])
  create('Two')
  renameSync(away, t.file('w'))
  expect(titles(kept.use())).toEqual(['One', 'Two'])
  expect(seenByOthers()).toEqual(['One', 'Two'])
  expect(aside().flat()).toContain('issues.sqlite')
})

test('it is replaced by an older or another one: that is set aside, and all is saved', async () => {
  const older = join(t.dir, 'older')
  kept.use().saveTo(older)
  create('Two')
  for (const other of [older, t.file(undefined)]) {
    const next = join(t.dir, 'next')
    copyFileSync(other, next)
    renameSync(next, t.file('w'))
    expect(titles(kept.use())).toEqual(['One', 'Two'])
  }
  expect(seenByOthers()).toEqual(['One', 'Two'])
  await vi.waitFor(() => expect(told).toHaveLength(2))
  expect(told.every((words) => /was replaced .* what was in its place is in /.test(words))).toBe(true)
  expect(aside().filter((names) => names.includes('issues.sqlite'))).toHaveLength(2)
})

test('it is replaced by a copy that has all: that is used', async () => {
  const copy = join(t.dir, 'copy')
  kept.use().saveTo(copy)
  renameSync(copy, t.file('w'))
  create('Two')
  expect(seenByOthers()).toEqual(['One', 'Two'])
  await vi.waitFor(() => expect(told).toEqual([expect.stringContaining('what is there now is used')]))
})

test('it is cut short: nobody reads or writes it any more, once is told, and all goes on when it is back', async () => {
  const whole = join(t.dir, 'whole')
  kept.use().saveTo(whole)
  anew()
  truncateSync(t.file('w'), 4096)
  for (let n = 0; n < 3; n++) expect(() => kept.use()).toThrow(/the issues of w cannot be used/)
  expect(aside().flat()).toContain('issues.sqlite')
  const hands = beadsHands({
    of: kept.use,
    wait: (_, signal) => kept.wait(signal),
    preservedOf: async () => null,
    landedOf: async () => null,
    secret: 'secret',
  })
  const call = { at: 0, signal: new AbortController().signal }
  const filed = hands.fileMessage(message, call)
  const read = hands.readIssue({ rig: 'w', issue: 'w-1', holder: 'x' }, call)
  await expect(read).rejects.toThrow('the issues of w cannot be used')
  await vi.waitFor(() =>
    expect(told).toEqual([expect.stringMatching(/^unusable: .* was cut short .* what was left of it is in /)]),
  )
  renameSync(whole, t.file('w'))
  expect(await filed).toEqual({ filed: true })
  expect(kept.trouble()).toBeUndefined()
  await vi.waitFor(() => expect(told.slice(1)).toEqual(['usable']))
  create('Two')
  expect(seenByOthers()).toEqual(['Hello', 'One', 'Two'])
})

const message = {
  id: 'w-mail',
  from: 'mayor/',
  to: 'w/witness',
  subject: 'Hello',
  body: '',
  priority: 2,
  replyTo: null,
  threadId: null,
  ...{ groupId: null, expiresAt: null, until: null, cause: null },
  sentAt: 0,
}

test('a page of it is spoilt while the town is down: it does not come up with it, and says so', () => {
  for (let n = 0; n < 300; n++) create(`No ${n}`)
  kept.close()
  const bytes = readFileSync(t.file('w'))
  writeFileSync(t.file('w'), bytes.fill(7, 16_384, 32_768))
  expect(() => kept.begin()).toThrow(/^the issues of w cannot be used: .*(is damaged|malformed).*gt restore w/)
  expect(readFileSync(t.file('w'))).toEqual(bytes)
})

test('who waits for one that does not come back is let go with its words', async () => {
  anew()
  truncateSync(t.file('w'), 4096)
  const abort = new AbortController()
  const waited = kept.wait(abort.signal)
  abort.abort()
  await expect(waited).rejects.toThrow('the issues of w cannot be used')
})

test('how far it has come is known after a crash: a log of writes that is gone is told', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    // As after a kill -9: the log is not written into the file yet.
    create('Two')
    vi.setSystemTime(Date.now() + 60_000)
    kept.note()
    expect(JSON.parse(readFileSync(seenPath(t.of('w')), 'utf8'))).toEqual({ issues: 2, events: 2 })
    const crashed = join(t.dir, 'crashed')
    mkdirSync(crashed)
    copyFileSync(t.file('w'), join(crashed, 'file'))
    kept.close()
    rmSync(storeOf(t.of('w')), { recursive: true })
    mkdirSync(storeOf(t.of('w')))
    cpSync(join(crashed, 'file'), t.file('w'))
    expect(() => inStore(t.of('w'), titles)).toThrow(/older than it has been: it has \d issues/)
  } finally {
    vi.useRealTimers()
  }
})

test('what could not be saved while the town was up is saved when it ends', () => {
  const { aside } = townLayout(t.town)
  // Something is in the way of what is set aside.
  writeFileSync(aside, '')
  renameSync(t.file('w'), join(t.dir, 'away'))
  expect(() => kept.use()).toThrow('and could not be saved')
  rmSync(aside)
  kept.close()
  expect(inStore(t.of('w'), titles)).toEqual(['One'])
})

test('who deletes it is still at it when it is saved: all stays open, and is saved soon after', () => {
  vi.useFakeTimers()
  try {
    create('Two')
    const seen = readFileSync(seenPath(t.of('w')))
    // It can be saved, but what was saved cannot be opened, and then that is gone too.
    writeFileSync(seenPath(t.of('w')), JSON.stringify({ issues: 9, events: 9 }))
    rmSync(storeOf(t.of('w')), { recursive: true })
    expect(() => kept.use()).toThrow(/was deleted .* could not be saved yet .* tries again by itself/)
    rmSync(storeOf(t.of('w')), { recursive: true })
    writeFileSync(seenPath(t.of('w')), seen)
    vi.advanceTimersByTime(3000)
    expect(told.map((words) => words.split(':')[0])).toEqual(['unusable', 'healed', 'usable'])
    expect(titles(kept.use())).toEqual(['One', 'Two'])
    expect(seenByOthers()).toEqual(['One', 'Two'])
  } finally {
    vi.useRealTimers()
  }
})
