// The hand of plugins: runs a plugin's `run` program with one message on its standard input. A plugin without one
// only keeps its mail.
// Never: runs what the Overseer has not enabled as it is; interprets an answer; keeps more of it than a mail may hold;
// leaves anything of it behind.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Hands } from '../binding.ts'
import { lastLines } from '../files.ts'
import { rigLayout } from '../layout.ts'
import { markOf } from '../processes.ts'
import { runProgram } from '../programs.ts'
import type { Plugins } from './enabled.ts'

const runWithinMs = 600_000
const replyBytesMax = 60_000
const errorBytesMax = 4096

export const pluginHands = (deps: {
  town: string
  env: Record<string, string>
  plugins: Pick<Plugins, 'trouble'>
  runWithinMs?: number
  now(): number
}): Pick<Hands, 'runPlugin'> => ({
  async runPlugin({ rig, plugin, message }, call) {
    const trouble = await deps.plugins.trouble(rig, plugin)
    let startedAt: number | null = null
    if (trouble !== undefined) return { kind: 'failed', why: trouble, tail: '', startedAt }
    const dir = rigLayout(deps.town, rig).plugin(plugin)
    const program = join(dir, 'run')
    if (!existsSync(program)) return { kind: 'silent', startedAt }
    const reply = keptOf(replyBytesMax, 'first')
    const errors = keptOf(errorBytesMax, 'last')
    const limitMs = deps.runWithinMs ?? runWithinMs
    const run = `${dir}#${message.id}`
    const done = await runProgram({
      argv: [program],
      cwd: dir,
      // Python would write beside what it reads, and the folder were another one.
      env: {
        ...deps.env,
        PYTHONDONTWRITEBYTECODE: '1',
        GT_TOWN: deps.town,
        GT_RIG: rig,
        GT_PLUGIN: plugin,
        GT_RUN: run,
      },
      mark: markOf('GT_RUN', run),
      limitMs,
      signal: call.signal,
      input: JSON.stringify(message),
      onOutput: reply.add,
      onErrors: errors.add,
      onStarted: () => {
        startedAt = deps.now()
      },
    })
    call.signal.throwIfAborted()
    if ('why' in done) return { kind: 'failed', why: `${plugin} cannot run: ${done.why}`, tail: '', startedAt }
    if (done.timedOut || done.exitCode !== 0) {
      const how = done.timedOut ? `took longer than ${limitMs / 1000} s` : `failed (${done.exitCode ?? done.endedBy})`
      return { kind: 'failed', why: `${plugin} ${how}`, tail: lastLines(errors.text()), startedAt }
    }
    const text = reply.text().replace(/\n$/, '')
    return text === '' ? { kind: 'silent', startedAt } : { kind: 'answered', reply: text, startedAt }
  },
})

/** The first or the last bytes of what is printed, and no more in memory. */
function keptOf(bytesMax: number, which: 'first' | 'last') {
  let kept = Buffer.alloc(0)
  return {
    add(chunk: Buffer) {
      if (which === 'first') kept = Buffer.concat([kept, chunk.subarray(0, bytesMax - kept.length)])
      else kept = Buffer.concat([kept, chunk]).subarray(-bytesMax)
    },
    /** The cut may go through the middle of a letter. */
    text: () => kept.toString('utf8').replace(/^\uFFFD+|\uFFFD$/g, ''),
  }
}
