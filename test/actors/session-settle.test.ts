// A session that is to end may finish the command it is in; one that waits is not waited for.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { identityOf } from '../../actors/processes.ts'
import { settled } from '../../actors/sessions/settle.ts'

test.runIf(existsSync('/proc/self/stat'))('what it is in the midst of is done before it is ended', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'settle-'))
  // Many programs one after the other, as a commit or `bd close` is.
  const work = 'n=0; while [ $n -lt 300 ]; do /bin/true; n=$((n + 1)); done; : > done; exec sleep 600'
  const child = spawn('/bin/sh', ['-c', work], { cwd: dir, stdio: 'ignore' })
  try {
    const leader = identityOf(child.pid as number)
    await settled(leader, new AbortController().signal)
    expect(existsSync(join(dir, 'done'))).toBe(true)
    const begun = performance.now()
    await settled(leader, new AbortController().signal)
    expect(performance.now() - begun).toBeLessThan(1000)
  } finally {
    child.kill('SIGKILL')
    rmSync(dir, { recursive: true })
  }
})
