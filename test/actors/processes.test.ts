// Processes by their marks: none that bears one is overlooked.
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { marked, markOf } from '../../actors/processes.ts'

test.runIf(existsSync('/proc/self/stat'))('one that is just becoming another program is seen', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'marked-'))
  const program = join(dir, 'again')
  // It ends with this test, also where that is killed.
  writeFileSync(program, '#!/bin/sh\nkill -0 "$TEST" || exit\n/bin/true\nexec "$0"\n')
  chmodSync(program, 0o755)
  const child = spawn(program, { env: { GT_RUN: dir, TEST: String(process.pid) }, stdio: 'ignore' })
  try {
    for (let looks = 0; looks < 100; looks++)
      expect((await marked(markOf('GT_RUN', dir))).map(({ pid }) => pid)).toContain(child.pid)
  } finally {
    child.kill('SIGKILL')
    rmSync(dir, { recursive: true })
  }
})
