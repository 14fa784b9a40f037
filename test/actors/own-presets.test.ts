// What a town's own preset gives its program.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { presetIn } from '../../actors/agents/own.ts'

let town: string
beforeEach(() => {
  town = mkdtempSync(join(tmpdir(), 'own-'))
  mkdirSync(join(town, 'config/agents'), { recursive: true })
})
afterEach(() => rmSync(town, { recursive: true, force: true }))

test('one that names keys of its own gets those, and not the keys its driver was made for', async () => {
  const says = (name: string, more: object) =>
    writeFileSync(
      join(town, 'config/agents', `${name}.json`),
      JSON.stringify({ driver: 'claude', program: '/opt/x/bin/x', ...more }),
    )
  says('other', { keys: ['X_KEY'] })
  says('same', {})
  const passes = async (name: string) => (await presetIn(town, name)).passes ?? []
  expect(await passes('same')).toContain('ANTHROPIC_API_KEY')
  expect((await passes('other')).filter((name) => /ANTHROPIC_API_KEY|OAUTH/.test(name))).toEqual([])
  expect(await passes('other')).toContain('X_KEY')
})
