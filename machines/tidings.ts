// Tidings: what the Refinery says, to the Witness, to workers, to whoever asked, and in the log.
// Never: decides whether it is said.
import { overseer, polecatOf, witnessOf } from './address.ts'
import type { EffectInput, EffectOutput } from './effects.ts'
import { causes } from './escalations.ts'
import type { MailEvent, Obstacle, Outgoing } from './mail.ts'
import { landingOrder, type Queued } from './queue.ts'

/** Why an issue is closed whose work is on main. */
export const landedAs = (commit: string) => `Landed as ${commit.slice(0, 12)}`

/** What is needed of the Refinery's context to speak of it. */
interface Known {
  rig: string
  queue: Queued[]
  members: Queued[]
  landing: { issue: string; commit: string }[]
  base: string | null
  commit: string
  stuck: { what: Obstacle; until: string }[]
  flaky: string[]
}
type Built = Extract<EffectOutput<'buildCandidate'>, { kind: 'built' }>
type Verdict = EffectOutput<'runGates'>
type Green = Extract<Verdict, { kind: 'green' }>

const first = ({ members, queue }: Known) => members[0] ?? queue[0]
const note = (text: string, issue: string) => ({ text, issue })
export const issuesOf = ({ members }: Pick<Known, 'members'>) => members.map(({ issue }) => issue).join(', ')
const oneOf = (context: Known) => first(context)?.issue ?? ''

/** What is to be mended, in a sentence, when the work is at fault. */
function fault(verdict: Verdict): { summary: string; tail: string } {
  switch (verdict.kind) {
    case 'red': {
      const how = verdict.timedOut ? 'ran into its time limit' : `failed (exit ${verdict.exitCode ?? 'unknown'})`
      return { summary: `the gate “${verdict.gate}” ${how}`, tail: verdict.tail }
    }
    case 'broken':
      return { summary: `a gate cannot run with this work, and can without it: ${verdict.why}`, tail: '' }
    case 'green':
      return { summary: 'the gates are green', tail: '' }
  }
}

/** To the Witness, and to those who wait. */
export const told = {
  queued(context: Known, event: MailEvent<'merge.requested'>): Outgoing[] {
    const { issue, sha, polecat } = event
    const position = landingOrder(context.queue).findIndex((request) => request.issue === issue) + 1
    const body = { issue, sha, polecat, position }
    return [witnessOf(context.rig), polecatOf(context.rig, polecat)].map((to) => ({ to, type: 'merge.queued', body }))
  },
  stuck: (context: Known, what: Obstacle, reason: string): Outgoing => ({
    to: witnessOf(context.rig),
    type: 'merge.stuck',
    body: { issue: oneOf(context), title: first(context)?.title ?? '', what, reason },
  }),
  /** What kept the queue does so no longer; said once for each, when nothing else of its kind remains. */
  unstuck<S extends { what: Obstacle }>(
    context: { rig: string; stuck: readonly S[] },
    isOver: (each: S) => boolean,
  ): Outgoing[] {
    const remains = context.stuck.filter((each) => !isOver(each)).map(({ what }) => what)
    const over = new Set(context.stuck.filter(isOver).map(({ what }) => what))
    return [...over]
      .filter((what) => !remains.includes(what))
      .map((what) => ({ to: witnessOf(context.rig), type: 'merge.unstuck', body: { what } }))
  },
  unfit: (context: Known, unfit: Built['unfit']): Outgoing[] =>
    unfit.flatMap(({ issue, kind, why, files, base }) =>
      sentBack(context, issue, { kind, summary: why, files, tail: '', base }),
    ),
  failed: (context: Known, verdict: Verdict): Outgoing[] =>
    context.members.flatMap(({ issue }) =>
      sentBack(context, issue, { kind: 'red', ...fault(verdict), files: [], base: context.base }),
    ),
  removed: (context: Known, out: readonly Queued[], by: string, why: string): Outgoing[] =>
    out.map(({ issue, title, polecat, ref, sha }) => ({
      to: witnessOf(context.rig),
      type: 'merge.removed',
      body: { issue, title, polecat, ref, sha, by, why },
    })),
  landed: (context: Known): Outgoing[] =>
    context.members.flatMap(({ issue, title, polecat, sha }) => {
      const commit = context.landing.find((each) => each.issue === issue)?.commit
      if (commit === undefined) return []
      return [{ to: witnessOf(context.rig), type: 'merge.landed', body: { issue, title, polecat, sha, commit } }]
    }),
  /** Once a gate: it is not to be trusted. */
  flaky: (context: Known, { flaky }: Green): Outgoing[] =>
    flaky
      .filter(({ gate }) => !context.flaky.includes(gate))
      .map(({ gate, tail }) => ({
        to: overseer,
        type: 'message.sent',
        body: {
          subject: `The gate “${gate}” of ${context.rig} is flaky`,
          body: `It failed, and passed when it ran again on the same tree (${issuesOf(context)}). The work lands.\n\n${tail}`,
          priority: 3,
          cause: causes.flaky(context.rig, gate),
        },
      })),
}

function sentBack(context: Known, issue: string, returned: MailEvent<'merge.returned'>['returned']): Outgoing[] {
  const member = context.members.find((candidate) => candidate.issue === issue)
  if (!member) return []
  const { title, polecat, ref, sha } = member
  return [{ to: witnessOf(context.rig), type: 'merge.returned', body: { issue, title, polecat, ref, sha, returned } }]
}

/** In the log, and to whoever asked. */
export const says = {
  queued: (context: Known, event: MailEvent<'merge.requested'>) => ({
    to: event.askId,
    ok: true,
    text: `${event.issue} is in the merge queue of ${context.rig}, ${context.queue.length} waiting`,
  }),
  poked: (context: Known, to: string) => ({
    to,
    ok: true,
    text:
      context.queue.length === 0
        ? `the merge queue of ${context.rig} is empty`
        : `${context.rig} processes its merge queue: ${landingOrder(context.queue)
            .map(({ issue }) => issue)
            .join(', ')}`,
  }),
  asksAgain: (context: Known, to: string) => ({ to, ok: true, text: `${context.rig} asks origin again` }),
  takenOut: ({ issue, why, from }: MailEvent<'queue.removal'>) =>
    note(`${issue} is taken out of the merge queue by ${from}${why ? `: ${why}` : ''}`, issue),
  outOfIt(context: Known, { issue, mailId }: MailEvent<'queue.removal'>, was: boolean) {
    const yes = `${issue} is out of the merge queue of ${context.rig}; its work is kept (gt recover ${issue}), and \`gt spawn --issue ${issue}\` gives it to a worker again`
    return { to: mailId, ok: was, text: was ? yes : `${issue} is not in the merge queue of ${context.rig}` }
  },
  beingPushed: ({ context, event }: { context: Known; event: MailEvent<'queue.removal'> }) => ({
    to: event.mailId,
    ok: false,
    text: `${event.issue} is being pushed by ${context.rig}/refinery, or was and origin has not said so yet; look again in a while`,
  }),
  built: ({ unfit, foreign }: Built) => [
    ...foreign.map(({ sha, author, subject }) =>
      note(`main has ${sha.slice(0, 10)} “${subject}” by ${author}, which came not through this queue`, ''),
    ),
    ...unfit.map(({ issue, why }) => note(`${issue} ${why}; back to a worker`, issue)),
  ],
  tests: (context: Known) =>
    note(`merges ${context.landing.map(({ issue }) => issue).join(', ')} and tests it`, oneOf(context)),
  foreign: (foreign: Built['foreign']) =>
    foreign.map(({ sha, author, subject }) => `${sha.slice(0, 10)} ${author}: ${subject}`).join('\n'),
  sentBack: (context: Known, verdict: Verdict) =>
    note(`${issuesOf(context)}: ${fault(verdict).summary}; back to a worker`, oneOf(context)),
  flaky: (context: Known, { flaky }: Green) =>
    flaky.map(({ gate }) =>
      note(`the gate “${gate}” failed, then passed on the same tree: it is flaky`, oneOf(context)),
    ),
  mainRed: (verdict: Verdict) =>
    verdict.kind === 'red' ? `main itself is red: ${fault(verdict).summary}\n${verdict.tail}`.trim() : '',
  landsOnRed: (context: Known) =>
    note(`main fails the same gate; ${issuesOf(context)} lands all the same, as configured`, oneOf(context)),
  moved: (context: Known) => note(`main moved while ${issuesOf(context)} was tested; merging anew`, oneOf(context)),
  landed: (context: Known) =>
    note(
      `${context.landing.map(({ issue }) => issue).join(', ')} is on main as ${context.commit.slice(0, 10)}`,
      context.landing[0]?.issue ?? '',
    ),
  closing: (context: Known): EffectInput<'closeIssues'> => ({
    rig: context.rig,
    issues: context.landing.map(({ issue, commit }) => ({ issue, reason: landedAs(commit) })),
  }),
}
