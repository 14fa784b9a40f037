import { createReadStream, existsSync, readFileSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { townLayout } from '../../actors/layout.ts'
import { runsOf } from '../../actors/sessions/session.ts'
import { command } from '../command.ts'

export default command({
  summary: 'print a polecat’s output: of its session now, or of its last one',
  usage: '<rig>/<polecat> [--follow]',
  examples: ['gt session logs wyvern/Nux', 'gt session logs wyvern/Nux --follow'],
  options: { follow: { type: 'boolean', short: 'f', about: 'go on until the session ends' } },
  args: [1, 1],
  async run({ args, flags, town, print }) {
    const [rig = '', name = ''] = String(args[0]).replace('/polecats/', '/').split('/')
    const [dir] = runsOf(townLayout(town()).sessions, rig, name)
    if (!dir) throw new Error(`${args[0]} never had a session here; \`gt session list\` shows who has one`)
    const log = join(dir, 'output.log')
    if (flags.follow) await follow(log, join(dir, 'exit'))
    else {
      const text = existsSync(log) ? readFileSync(log, 'utf8') : ''
      print({ dir, text }, () => [text.trimEnd()])
    }
    return 0
  },
})

/** Prints what is there and what comes, until the mark of the end is there and everything before it is printed. */
async function follow(log: string, end: string): Promise<void> {
  for (let from = 0; ; ) {
    const over = existsSync(end)
    const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0
    // Rotated: the file has begun again.
    if (size < from) from = 0
    if (size > from)
      for await (const part of createReadStream(log, { start: from, end: size - 1 }))
        process.stdout.write(part as Buffer)
    from = size
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
