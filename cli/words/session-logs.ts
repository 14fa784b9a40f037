// `gt session logs`: what an agent printed, from the session's own folder; also while the town is down.
// Never: reads what it has not got to print; lets what an agent printed steer the terminal, unless it is asked to.
import { existsSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { whereabouts } from '../../machines/address.ts'
import { Usage } from '../errors.ts'
import { declare } from '../word.ts'

/** Of the end of a log, when it is longer, in bytes: what the town keeps of one. */
const shownBytesMax = 8 * 1024 * 1024

export const word = declare({
  name: 'session logs',
  group: 'sessions',
  summary: 'print a polecat’s output: of its session now, or of its last one',
  usage: '<rig>/<polecat> [--follow] [--raw]',
  examples: ['gt session logs wyvern/Nux', 'gt session logs wyvern/Nux --follow'],
  options: {
    follow: { kind: 'flag', short: 'f', about: 'go on until the session ends' },
    raw: { kind: 'flag', about: 'byte for byte; on a terminal, what the agent prints then steers it' },
  },
  args: { who: { kind: 'address' } },
  async run({ args, flags, town, print }) {
    const { townLayout } = await import('../../actors/layout.ts')
    const { runsOf } = await import('../../actors/sessions/session.ts')
    const at = whereabouts(args.who)
    if (at?.role !== 'polecat') throw new Usage(`${args.who} is no polecat; say <rig>/<polecat>`)
    const [dir] = runsOf(townLayout(town()).sessions, at.rig, at.name)
    if (!dir) throw new Error(`${args.who} never had a session here; \`gt session list\` shows who has one`)
    if (flags.follow) await followOutput(dir, flags.raw)
    else {
      const { lastBytes } = await import('../../actors/files.ts')
      const { raw, verbatim } = await import('../print.ts')
      const text = lastBytes(join(dir, 'output.log'), shownBytesMax)
      if (flags.raw) raw(text)
      else print({ dir, text }, (shown) => [verbatim(shown.text.trimEnd())])
    }
    return 0
  },
})

const pieceBytes = 64 * 1024

/** Prints what is there and what comes, until the mark of the end is there and everything before it is printed. */
export async function followOutput(dir: string, isRaw: boolean): Promise<void> {
  const { bytesFrom } = await import('../../actors/files.ts')
  const { isAlive } = await import('../../actors/processes.ts')
  const { recorded } = await import('../../actors/sessions/session.ts')
  const { plain, raw } = await import('../print.ts')
  const log = join(dir, 'output.log')
  const decoder = new TextDecoder()
  let rest = ''
  const shown = (bytes: Uint8Array) => {
    const text = rest + decoder.decode(bytes, { stream: true })
    // Half of a line's end.
    rest = text.endsWith('\r') ? '\r' : ''
    return plain(rest === '' ? text : text.slice(0, -1))
  }
  for (let from = 0; ; ) {
    const record = recorded(dir)
    // One that was killed has left no mark.
    const over = existsSync(join(dir, 'exit')) || (record !== undefined && !isAlive(record))
    for (;;) {
      const { bytes, start } = bytesFrom(log, from, pieceBytes)
      if (bytes.length === 0) break
      raw(isRaw ? bytes : shown(bytes))
      from = start + bytes.length
    }
    if (over) return
    await changed(log)
  }
}

/** A change of the file, or half a second: the end shows in another one. */
async function changed(log: string): Promise<void> {
  const stop = new AbortController()
  const event = new Promise<void>(
    (resolve) => existsSync(log) && watch(log, { signal: stop.signal }, () => resolve()).on('error', () => resolve()),
  )
  await Promise.race([event, sleep(500, undefined, { signal: stop.signal }).catch(() => undefined)])
  stop.abort()
}
