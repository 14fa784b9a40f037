// Sessions as plain processes: detached, each leading a group of its own, output in a file. For machines without tmux.
// Never: keeps a handle that the session needs to live; it survives the daemon.
import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { openForAppending } from '../files.ts'
import { launchArgs } from './launcher.ts'
import type { SessionBackend } from './session.ts'

export const processBackend: SessionBackend = {
  name: 'process',
  launch(spec) {
    const output = openForAppending(join(spec.dir, 'output.log'))
    const [program = '', ...args] = launchArgs(spec)
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        cwd: spec.cwd,
        // The rest comes from its file; the mark is there from the first moment.
        env: { PATH: spec.env.PATH ?? '/usr/bin:/bin', GT_SESSION: spec.dir },
        detached: true,
        stdio: ['ignore', output, output],
      })
      closeSync(output)
      child.once('error', reject)
      child.once('spawn', () => {
        child.unref()
        resolve()
      })
    })
  },
  lastWords: () => Promise.resolve(undefined),
  holds: () => Promise.resolve(true),
  forget: () => Promise.resolve(),
  end: () => Promise.resolve(),
  attach: () => undefined,
}
