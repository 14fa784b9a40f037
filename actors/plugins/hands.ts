// The hand of plugins: runs a plugin's `run` program with one message on its standard input. A plugin without one
// only keeps its mail.
// Never: interprets an answer.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Hands } from '../binding.ts'
import { rigLayout } from '../layout.ts'

const runWithinMs = 600_000

export const pluginHands = (deps: { town: string; env: Record<string, string> }): Pick<Hands, 'runPlugin'> => ({
  async runPlugin({ rig, plugin, message }, call) {
    const dir = rigLayout(deps.town, rig).plugin(plugin)
    const program = join(dir, 'run')
    if (!existsSync(program)) return { kind: 'silent' }
    const { execa } = await import('execa')
    const done = await execa(program, [], {
      cwd: dir,
      env: { ...deps.env, GT_TOWN: deps.town, GT_RIG: rig, GT_PLUGIN: plugin },
      extendEnv: false,
      input: JSON.stringify(message),
      timeout: runWithinMs,
      cancelSignal: call.signal,
      reject: false,
      maxBuffer: 65_536,
    })
    if (done.exitCode !== 0)
      return {
        kind: 'failed',
        why: `${plugin} failed (${done.exitCode ?? done.shortMessage})`,
        tail: done.stderr.slice(-4096),
      }
    return done.stdout === '' ? { kind: 'silent' } : { kind: 'answered', reply: done.stdout.slice(0, 60_000) }
  },
})
