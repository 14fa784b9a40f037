// `gt session logs`: what an agent did or printed, from the session's own folder; also while the town is down.
// Never: lets what an agent printed steer the terminal, unless it is asked to.
import { declare } from '../word.ts'

/** Of the end of a log, when it is longer, in bytes: what the town keeps of one. */
const shownBytesMax = 8 * 1024 * 1024

export const word = declare({
  name: 'session logs',
  group: 'sessions',
  summary: 'print what a polecat’s session did: the one that is on, or its last one',
  usage: '<rig>/<polecat> [--follow] [--raw]',
  examples: [
    'gt session logs wyvern/Nux',
    'gt session logs wyvern/Nux --follow',
    'gt session logs wyvern/Nux --raw    # what is kept of it, byte for byte',
  ],
  options: {
    follow: { kind: 'flag', short: 'f', about: 'go on until the session ends' },
    raw: { kind: 'flag', about: 'byte for byte; on a terminal, what the agent prints then steers it' },
  },
  args: { who: { kind: 'address' } },
  async run({ args, flags, town, print, json }) {
    const { placeOf } = await import('../place.ts')
    const { run } = placeOf(town(), args.who)
    const { factLines, followSession, logOf } = await import('../session-log.ts')
    if (flags.follow) await followSession(run, flags.raw ? 'raw' : json ? 'json' : 'words')
    else if (run.isSpoken && !flags.raw) {
      const { evidenceOf } = await import('../../actors/agents/evidence.ts')
      print({ dir: run.dir, facts: [...evidenceOf(run.dir)] }, ({ facts }) => facts.flatMap(factLines))
    } else {
      const { lastBytes } = await import('../../actors/files.ts')
      const { raw, verbatim } = await import('../print.ts')
      const text = lastBytes(logOf(run), shownBytesMax)
      if (flags.raw) raw(text)
      else print({ dir: run.dir, text }, (shown) => [verbatim(shown.text.trimEnd())])
    }
    return 0
  },
})
