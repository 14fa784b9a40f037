// Whether an agent's program can be started, and in which words it is told that it cannot.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lacking } from '../../actors/agents/installed.ts'
import { presetOf } from '../../actors/agents/presets.ts'

test('a program that is not there, or is none, is told with what to do', async () => {
  const claude = await presetOf('claude')
  const dir = mkdtempSync(join(tmpdir(), 'programs-'))
  try {
    writeFileSync(join(dir, 'program'), '#!/bin/sh\n', { mode: 0o755 })
    writeFileSync(join(dir, 'text'), 'words')
    mkdirSync(join(dir, 'folder'))
    const of = (first: string, path = dir) => lacking(claude, [first], path)
    expect([of('program'), of(join(dir, 'program'))]).toEqual([undefined, undefined])
    for (const none of ['text', 'folder', 'nothing', 'program/below'])
      expect(of(join(dir, none))).toBe(
        `${join(dir, none)}, which drives an agent of the preset "claude", is no program that can be run`,
      )
    // Only its own program is one that can be installed.
    expect(of('text')).toBe('text, which drives an agent of the preset "claude", is not on the PATH')
    expect(of('claude', '')).toBe(
      'claude, which drives an agent of the preset "claude", is not on the PATH; install it: npm install --global @anthropic-ai/claude-code',
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
})
