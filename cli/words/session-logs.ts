// `gt session logs`: what an agent printed, from the session's own folder; also while the town is down.
// Never: reads what it has not got to print.
import { createReadStream, existsSync, readFileSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as sleep } from 'node:timers/promises'
import { whereabouts } from '../../machines/address.ts'
import { Usage } from '../errors.ts'
import { plain } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'session logs',
  group: 'sessions',
  summary: 'print a polecat’s output: of its session now, or of its last one',
  usage: '<rig>/<polecat> [--follow]',
  examples: ['gt session logs wyvern/Nux', 'gt session logs wyvern/Nux --follow'],
  options: { follow: { kind: 'flag', short: 'f', about: 'go on until the session ends' } },
  args: { who: { kind: 'address' } },
  async run({ args, flags, town, print }) {
    const { townLayout } = await import('../../actors/layout.ts')
    const { runsOf } = await import('../../actors/sessions/session.ts')
    const at = whereabouts(args.who)
    if (at?.role !== 'polecat') throw new Usage(`${args.who} is no polecat; say <rig>/<polecat>`)
    const [dir] = runsOf(townLayout(town()).sessions, at.rig, at.name)
    if (!dir) throw new Error(`${args.who} never had a session here; \`gt session list\` shows who has one`)
    const log = join(dir, 'output.log')
    if (flags.follow) await follow(log, join(dir, 'exit'))
    else {
      const text = existsSync(log) ? readFileSync(log, 'utf8') : ''
      // Elsewhere than on a terminal it is what was printed, byte for byte.
      print({ dir, text }, (shown) => [(process.stdout.isTTY ? shown.text : text).trimEnd()])
    }
    return 0
  },
})

/** Prints what is there and what comes, until the mark of the end is there and everything before it is printed. */
async function follow(log: string, end: string): Promise<void> {
  const decoder = new StringDecoder('utf8')
  for (let from = 0; ; ) {
    const over = existsSync(end)
    const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0
    // Rotated: the file has begun again.
    if (size < from) from = 0
    if (size > from)
      for await (const part of createReadStream(log, { start: from, end: size - 1 }))
        process.stdout.write(process.stdout.isTTY ? plain(decoder.write(part as Buffer)) : (part as Buffer))
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
