// Which plugins may run: as they were when the Overseer enabled them, in every file that could make another of them.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { lookAt, openPlugins } from '../../actors/plugins/enabled.ts'

let town: string
let dir: string
beforeEach(() => {
  town = realpathSync(mkdtempSync(join(tmpdir(), 'enabled-')))
  dir = rigLayout(town, 'w').plugin('p')
  mkdirSync(join(dir, 'lib'), { recursive: true })
  mkdirSync(townLayout(town).daemon)
  writeFileSync(join(dir, 'run'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(dir, 'lib/a'), 'a')
  symlinkSync('a', join(dir, 'lib/link'))
})
afterEach(() => rmSync(town, { recursive: true }))

test('it is remembered, and taken back', async () => {
  const plugins = openPlugins(town)
  expect(await plugins.trouble('w', 'p')).toContain('gt plugin enable w/p')
  plugins.enable('w', 'p', await lookAt(dir), new Date(0))
  expect(await openPlugins(town).state('w', 'p')).toBe('enabled')
  expect(openPlugins(town).enabledAt('w', 'p')).toBe('1970-01-01T00:00:00.000Z')
  expect([plugins.disable('w', 'p'), plugins.disable('w', 'p')]).toEqual([true, false])
  expect(await openPlugins(town).state('w', 'p')).toBe('not enabled')
})

test.each<[string, () => void]>([
  ['another text', () => writeFileSync(join(dir, 'lib/a'), 'b')],
  ['one file more', () => writeFileSync(join(dir, 'lib/b'), '')],
  ['one file less', () => rmSync(join(dir, 'lib/a'))],
  ['another name', () => renameSync(join(dir, 'lib/a'), join(dir, 'lib/b'))],
  ['a file that is a program now', () => chmodSync(join(dir, 'lib/a'), 0o755)],
  [
    'a link that leads elsewhere',
    () => {
      rmSync(join(dir, 'lib/link'))
      symlinkSync('../run', join(dir, 'lib/link'))
    },
  ],
  ['a link out of the folder', () => symlinkSync('/bin/sh', join(dir, 'sh'))],
  ['a link to nowhere', () => symlinkSync('nowhere', join(dir, 'sh'))],
  ['a pipe', () => execFileSync('mkfifo', [join(dir, 'pipe')])],
  [
    'a pipe for a program',
    () => {
      rmSync(join(dir, 'run'))
      execFileSync('mkfifo', [join(dir, 'run')])
    },
  ],
  [
    'a link for the folder',
    () => {
      renameSync(dir, `${dir}2`)
      symlinkSync(`${dir}2`, dir)
    },
  ],
  [
    'texts that only together are the same',
    () => {
      writeFileSync(join(dir, 'lib/a'), '')
      writeFileSync(join(dir, 'lib/b'), 'a')
    },
  ],
])('with %s it is another', async (_, change) => {
  const plugins = openPlugins(town)
  plugins.enable('w', 'p', await lookAt(dir), new Date(0))
  change()
  expect(await plugins.state('w', 'p')).not.toBe('enabled')
  expect(await plugins.trouble('w', 'p')).toBeDefined()
})

test('what it keeps in its folder is its own business', async () => {
  const plugins = openPlugins(town)
  plugins.enable('w', 'p', await lookAt(dir), new Date(0))
  for (const kept of ['rig', 'mail']) mkdirSync(join(dir, kept))
  for (const kept of ['rig/a', 'mail/b', 'state.json']) writeFileSync(join(dir, kept), 'x')
  expect(await plugins.state('w', 'p')).toBe('enabled')
  // At its top only.
  writeFileSync(join(dir, 'lib/state.json'), 'x')
  expect(await plugins.state('w', 'p')).toBe('changed')
})

test('one that is too large to be looked at is refused in words', async () => {
  writeFileSync(join(dir, 'large'), Buffer.alloc(100 * 1024 * 1024))
  await expect(lookAt(dir)).rejects.toThrow(/too large/)
})

test('what was recorded and cannot be read is told, not begun anew', () => {
  writeFileSync(townLayout(town).enabledPlugins, '{ "version": 1, ')
  expect(() => openPlugins(town)).toThrow(/plugins\.json cannot be read/)
})
