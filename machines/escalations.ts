// Escalations: what the Overseer must decide, one a cause, with what is needed to decide it. (spec: Overseer,
// escalation chain)
// Never: decides when; the Witness does.
import { mayor } from './address.ts'
import type { MailEvent, Outgoing } from './mail.ts'

/** The causes. Same cause, same escalation; whoever is in doubt about one of a kind asks here. */
export const causes = {
  /** An issue that nobody could do. */
  issue: (rig: string, issue: string) => `${rig}/${issue}`,
  /** What is left of a worker that could not be taken down. */
  remains: (rig: string, polecat: string) => `${rig}/remains/${polecat}`,
  /** Good work that cannot land. */
  queue: (rig: string, what: string) => `${rig}/queue/${what}`,
  /** An actor that crashed too often. */
  halted: (address: string) => `halted/${address}`,
  /** An effect that nobody waits for and that fails again and again. */
  failing: (address: string, effect: string) => `failing/${address}/${effect}`,
}

export const cleared = (cause: string): Outgoing => ({ to: mayor, type: 'escalation.cleared', body: { cause } })

function raised(cause: string, rig: string, issue: string, subject: string, lines: readonly string[]): Outgoing {
  return {
    to: mayor,
    type: 'escalation.raised',
    body: { cause, rig, issue, subject, body: lines.filter((line) => line !== '').join('\n') },
  }
}

const decide = (issue: string) => [
  '',
  'To decide:',
  `  bd show ${issue}                 what was asked, and the notes`,
  `  gt recover ${issue}              what was kept of the work`,
  `  gt spawn --issue ${issue}        try again from the kept work (add --fresh to begin anew)`,
  `  bd close ${issue} --reason "…"   let it go`,
]

export const gaveUp = (rig: string, title: string, { from, issue, reason, tail }: MailEvent<'polecat.failed'>) =>
  raised(causes.issue(rig, issue), rig, issue, `${issue} needs you: ${reason}`, [
    `${from} could not finish ${issue} “${title}”.`,
    `Why: ${reason}.`,
    tail ? `\nIts last output:\n${tail}` : '',
    ...decide(issue),
  ])

export const cameBack = (
  rig: string,
  tries: number,
  { issue, title, ref, sha, returned }: MailEvent<'merge.returned'>,
) =>
  raised(causes.issue(rig, issue), rig, issue, `${issue} needs you: ${tries} tries did not land it`, [
    `${issue} “${title}”: ${returned.summary}`,
    returned.files.length > 0 ? `Conflicting files: ${returned.files.join(', ')}` : '',
    returned.tail ? `\nLast lines of the log:\n${returned.tail}` : '',
    `\nThe work is kept at ${ref} (${sha.slice(0, 10)}).`,
    ...decide(issue),
  ])

export const stranded = (rig: string, { polecat, issue, reason }: MailEvent<'retirement.failed'>) =>
  raised(causes.remains(rig, polecat), rig, issue, `${polecat} of ${rig} could not be taken down`, [
    `Why: ${reason}.`,
    `What was pinned of its work is listed by \`gt recover ${rig}/${polecat}\`; the rest is where it was.`,
    `Until then it keeps its place among the workers. When the cause is gone: \`gt session stop ${rig}/${polecat}\`.`,
  ])

export const cannotLand = (rig: string, { issue, what, reason }: MailEvent<'merge.stuck'>) =>
  raised(
    causes.queue(rig, what),
    rig,
    issue,
    `${rig} cannot land ${issue}: ${what === 'refused' ? 'origin refuses the push' : what === 'unreachable' ? 'origin cannot be reached' : 'the gates cannot run'}`,
    [`${reason}\n\nThe work stays in the queue, nothing is lost. When the cause is gone: gt refinery process ${rig}`],
  )
