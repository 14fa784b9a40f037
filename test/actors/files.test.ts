// Files that an agent can write: whatever it puts in their place, nobody waits for it, follows it, or reads more of it
// than was asked for.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  append,
  beginAgain,
  bytesFrom,
  copyPlain,
  firstBytes,
  lastBytes,
  openForAppending,
  openPlain,
  textAt,
  textOf,
  watchFolder,
  writePassing,
} from '../../actors/files.ts'
import { openLog } from '../../actors/gates/log.ts'
import { recorded } from '../../actors/sessions/runs.ts'

let dir: string
const at = (name: string) => join(dir, name)
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'files-')))
  writeFileSync(at('file'), 'line one\nline two\n')
  writeFileSync(at('secret'), 'somebody else’s')
  symlinkSync(at('secret'), at('link'))
  symlinkSync(at('nowhere'), at('dangling'))
  execFileSync('mkfifo', [at('pipe')])
  mkdirSync(at('folder'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))
const odd = ['link', 'dangling', 'pipe', 'folder', 'nothing', 'file/below']

test('a link, a pipe, a folder in a file’s place is no file', async () => {
  expect(textOf(at('file'))).toBe('line one\nline two\n')
  expect(lastBytes(at('file'), 5)).toBe(' two\n')
  expect(bytesFrom(at('file'), 5, 3)).toEqual({ bytes: Buffer.from('one'), start: 5 })
  for (const name of [...odd, '/dev/zero']) {
    const path = name.startsWith('/') ? name : at(name)
    expect({ name, text: textOf(path) }).toEqual({ name, text: undefined })
    expect(lastBytes(path, 100)).toBe('')
    expect(bytesFrom(path, 7, 100)).toEqual({ bytes: Buffer.alloc(0), start: 7 })
    expect(await openPlain(path)).toBeUndefined()
  }
  // A program may be a link to it, and configuration a link that a person made; a pipe neither.
  expect(firstBytes(at('link'), 8).toString()).toBe('somebody')
  expect(firstBytes(at('pipe'), 8)).toHaveLength(0)
  expect(textAt(at('link'))).toBe('somebody else’s')
  expect(() => textAt(at('pipe'))).toThrow('is no file')
})

test('no more is read than was asked for, however big a file says it is', () => {
  truncateSync(at('file'), 2 ** 40)
  expect(textOf(at('file'))).toBeUndefined()
  expect(() => textAt(at('file'))).toThrow('bigger than 1 MiB')
  expect(lastBytes(at('file'), 10)).toHaveLength(10)
})

test('writing replaces what is there, or says that it is no file; it goes nowhere else', () => {
  for (const name of ['link', 'dangling', 'pipe']) {
    expect(() => append(at(name), 'x')).toThrow('is no file')
    expect(() => openForAppending(at(name))).toThrow('is no file')
    beginAgain(at(name), 1)
    writePassing(at(name), 'mine')
    expect(readFileSync(at(name), 'utf8')).toBe('mine')
    expect(statSync(at(name)).mode & 0o777).toBe(0o600)
  }
  expect(readFileSync(at('secret'), 'utf8')).toBe('somebody else’s')
  expect(existsSync(at('nowhere'))).toBe(false)
})

test('an output that grew too long begins again, its end kept; not in a file that a link leads to', () => {
  symlinkSync(at('secret'), at('file.1'))
  beginAgain(at('file'), 9)
  expect([readFileSync(at('file'), 'utf8'), readFileSync(at('file.1'), 'utf8')]).toEqual(['', 'line two\n'])
  beginAgain(at('link'), 1)
  expect(readFileSync(at('secret'), 'utf8')).toBe('somebody else’s')
})

test('only plain files are copied, from where they are said to be, with their mode', async () => {
  writeFileSync(at('folder/run'), 'x', { mode: 0o750 })
  symlinkSync(at('folder'), at('way'))
  mkdirSync(at('to'))
  expect(await copyPlain(dir, 'folder/run', at('to/run'))).toBe(true)
  expect(statSync(at('to/run')).mode & 0o777).toBe(0o750)
  for (const name of [...odd, 'way/run'])
    expect({ name, is: await copyPlain(dir, name, at('to/odd')) }).toEqual({ name, is: false })
  expect(existsSync(at('to/odd'))).toBe(false)
  await expect(copyPlain(dir, 'folder/run', at('to/run'))).rejects.toThrow('EEXIST')
})

test('marks of a session and logs of gates are such files', async () => {
  execFileSync('mkfifo', [at('folder/identity.json')])
  expect(recorded(at('folder'))).toBeUndefined()
  for (const name of ['pipe', 'link']) {
    const log = openLog(at(name))
    log.say('red')
    await log.close()
    expect(readFileSync(at(name), 'utf8')).toBe('red\n')
  }
  expect(readFileSync(at('secret'), 'utf8')).toBe('somebody else’s')
})

test('where a folder cannot be watched, that is told, and nothing else comes of it', async () => {
  const troubles: unknown[] = []
  const watched = (path: string) =>
    new Promise<string | null>((heard) => {
      const hears = (name: string | null) => {
        watcher?.close()
        heard(name)
      }
      const watcher = watchFolder(path, hears, (error) => troubles.push(error))
      if (watcher) setImmediate(() => writeFileSync(join(path, 'new'), ''))
      else heard('none')
    })
  expect(await watched(at('gone'))).toBe('none')
  expect(troubles).toMatchObject([{ code: 'ENOENT' }])
  expect(await watched(at('folder'))).toBe('new')
})
