// `gt handoff`: what a polecat says when it has finished, one way or another.
// Never: decides whether it has; the Witness looks.
import { z } from 'zod'
import { whereabouts } from '../../machines/address.ts'
import { issueId } from '../../machines/mail.ts'
import { wordsLengthMax } from '../../machines/texts.ts'
import { Refusal } from '../../runtime/open.ts'
import { type Asking, answering, askRole } from '../asking.ts'
import { Usage } from '../errors.ts'
import { witnessContext } from '../status.ts'
import { declare } from '../word.ts'

/** How long a daemon that restarts is waited for: a finished worker's word must not be lost to it. */
const patienceMs = 120_000

export const word = declare({
  name: 'handoff',
  group: 'work',
  summary: 'a polecat is done: hand the work over, or say why there is none, and ask to be shut down',
  usage:
    '[--cycle <note> | --no-change <why> | --blocked-by <issue> [--reason <why>] | --cannot <why> | --give-back <why>]',
  examples: [
    'gt handoff                                            # the commits are the work',
    'gt handoff --no-change "the button is green already"',
    'gt handoff --blocked-by wyv-7 --reason "needs its table"',
    'gt handoff --cannot "the API has no such call"',
    'gt handoff --give-back "another worker knows this part"',
    'gt handoff --cycle "the parser is done; next: its errors"   # goes on in a new conversation, with this note',
  ],
  options: {
    cycle: { kind: 'text', about: 'not done: a note to yourself, with which a new conversation begins' },
    'no-change': { kind: 'text', about: 'there is nothing to change; why' },
    'blocked-by': { kind: 'text', about: 'another issue has to land first' },
    reason: { kind: 'text', about: 'with --blocked-by: why' },
    cannot: { kind: 'text', about: 'it cannot be done; why. The Overseer is asked' },
    'give-back': { kind: 'text', about: 'back to the Overseer, who says whether another worker takes it; why' },
  },
  async run({ flags, ask, print }) {
    const outcomes = [
      { outcome: 'no_change', said: flags['no-change'] },
      { outcome: 'blocked', said: flags['blocked-by'] },
      { outcome: 'cannot', said: flags.cannot },
      { outcome: 'given_back', said: flags['give-back'] },
    ] as const
    if (flags.cycle !== undefined) {
      const others = [flags['no-change'], flags['blocked-by'], flags.reason, flags.cannot, flags['give-back']]
      if (others.some((said) => said !== undefined)) throw new Usage('--cycle goes alone: the work is not done')
      if (flags.cycle.trim() === '') throw new Usage('note where you are: the new conversation knows nothing else')
      const begun = await ask('handoffCycle', { note: flags.cycle }, { patienceMs })
      print(begun, () => [begun.text])
      return 0
    }
    const [one, ...more] = outcomes.filter(({ said }) => said !== undefined)
    if (more.length > 0) throw new Usage('say one of --no-change, --blocked-by, --cannot and --give-back')
    if (flags.reason !== undefined && one?.outcome !== 'blocked')
      throw new Usage('--reason goes with --blocked-by; the others have their why with them')
    if (one?.said === '') throw new Usage('say why: it is read by whoever takes the issue up again')
    const blocked = one?.outcome === 'blocked'
    const done = await ask(
      'handoff',
      {
        outcome: one?.outcome ?? 'work',
        reason: (blocked ? flags.reason : one?.said) ?? '',
        blockedBy: blocked ? String(one.said) : null,
      },
      { patienceMs },
    )
    print(done, () => [done.text])
    return 0
  },
})

export const answers = {
  /** By a polecat only: it is not done, and goes on in a new conversation. */
  handoffCycle: answering({
    word: 'handoff',
    shape: z.object({ note: z.string().min(1).max(wordsLengthMax) }),
    answer: async (body, asking) => {
      if (whereabouts(asking.from)?.role !== 'polecat')
        throw new Usage(
          '`gt handoff --cycle` is for a polecat, in its own session; for another one: `gt cycle <rig>/<polecat>`',
        )
      const { text } = await askRole(asking, asking.from, 'cycle.requested', body)
      return { text }
    },
  }),
  /** By a polecat only. Answers when the Witness may take over, refused with what is still to do. */
  handoff: answering({
    word: 'handoff',
    shape: z.object({
      outcome: z.enum(['work', 'no_change', 'blocked', 'cannot', 'given_back']),
      reason: z.string().max(2000),
      blockedBy: z.nullable(issueId),
    }),
    answer: async (body, asking) => {
      if (whereabouts(asking.from)?.role !== 'polecat')
        throw new Usage('`gt handoff` is for a polecat, in its own session')
      if (body.blockedBy !== null) await mayWait(asking, body.blockedBy)
      const { text } = await askRole(asking, asking.from, 'handoff.requested', body)
      return { text }
    },
  }),
}

/** Refused with words for an issue that nobody can wait for. */
async function mayWait({ town, from }: Asking, on: string): Promise<void> {
  const at = whereabouts(from)
  if (at?.role !== 'polecat') return
  const issue = witnessContext(town.host, at.rig)?.workers[at.name]?.issue
  const why = issue === undefined ? undefined : await town.issues.whyNotWait(at.rig, issue, on)
  if (why !== undefined) throw new Refusal(`${why}; say what it waits for with \`gt handoff --cannot <why>\`, or go on`)
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
