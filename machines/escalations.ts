// Escalations: what the Overseer must decide, one a cause, with what is needed to decide it. (spec: Overseer,
// escalation chain)
// Never: decides when; the Witness does.
import { mayor, overseer, polecatOf } from './address.ts'
import type { EffectOutput } from './effects.ts'
import type { BudgetKind, MailBody, MailEvent, Obstacle, Outgoing } from './mail.ts'
import { asOneLine } from './texts.ts'

/** The causes. Same cause, same escalation; whoever is in doubt about one of a kind asks here. */
export const causes = {
  /** An issue that nobody could do. */
  issue: (rig: string, issue: string) => `${rig}/${issue}`,
  /** What is left of a worker that could not be taken down. */
  remains: (rig: string, polecat: string) => `${rig}/remains/${polecat}`,
  /** Good work that cannot land. */
  queue: (rig: string, what: string) => `${rig}/queue/${what}`,
  /** Key, credit or configuration of a rig's agents. */
  account: (rig: string) => `${rig}/account`,
  /** One account, which all rigs share. */
  aside: (account: string) => `account/${account}`,
  /** A budget that is used up; `of`: the issue, the epic or the day, where it is theirs. */
  budget: (rig: string, which: BudgetKind, of: string) => `${rig}/budget/${which}${which === 'rig' ? '' : `/${of}`}`,
  /** Issues that cannot be read. */
  issues: (rig: string) => `${rig}/issues`,
  /** An actor that crashed too often. */
  halted: (address: string) => `halted/${address}`,
  // What nobody has to decide, and is told all the same.
  /** An epic all of which is on main. */
  complete: (epic: string) => `complete/${epic}`,
  /** What a worker asks; asked again before it is answered, it is the same. */
  question: (address: string, question: string) => `${address} asks ${asOneLine(question).slice(0, 150)}`,
  /** A gate that is not to be trusted. */
  flaky: (rig: string, gate: string) => `${rig}/flaky/${gate}`,
  /** Issues that were found wrong, and mended. */
  mended: (rig: string) => `${rig}/mended`,
  /** An allowance, of a rig's agents or of one account, that is used up for a while. */
  usedUp: (whose: string) => `${whose}/used-up`,
  /** An effect that nobody waits for and that fails again and again. */
  failing: (address: string, effect: string) => `failing/${address}/${effect}`,
}

export const cleared = (cause: string): Outgoing => ({ to: mayor, type: 'escalation.cleared', body: { cause } })

function raised(cause: string, rig: string, issue: string | null, subject: string, lines: readonly string[]): Outgoing {
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

export const gaveUp = (rig: string, title: string, end: MailBody<'worker.retired'>) => {
  const { polecat, issue, outcome, reason, tail, kept } = end
  const said = { blocked: 'is blocked', cannot: 'cannot do it', given_back: 'gave it back' }[outcome as string]
  return raised(
    causes.issue(rig, issue),
    rig,
    issue,
    `${issue} needs you: ${said ? `its worker ${said}: ` : ''}${reason}`,
    [
      `${polecatOf(rig, polecat)} could not finish ${issue} “${title}”.`,
      `Why: ${reason}.`,
      tail ? `\nIts last output:\n${tail}` : '',
      kept.length > 0 ? `\nIts work is kept at ${kept.map(({ ref }) => ref).join(' and ')}.` : '',
      ...decide(issue),
    ],
  )
}

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

export const takenOut = (rig: string, { issue, title, ref, sha, why }: MailEvent<'merge.removed'>) =>
  raised(causes.issue(rig, issue), rig, issue, `${issue} was taken out of the merge queue of ${rig}`, [
    `${issue} “${title}”${why ? `: ${why}` : ''}`,
    `\nThe work is kept at ${ref} (${sha.slice(0, 10)}).`,
    ...decide(issue),
  ])

export const stranded = (rig: string, polecat: string, issue: string, reason: string) =>
  raised(causes.remains(rig, polecat), rig, issue, `${polecat} of ${rig} could not be taken down`, [
    `Why: ${reason}.`,
    `What was pinned of its work is listed by \`gt recover ${rig}/${polecat}\`; the rest is where it was.`,
    `Until then it keeps its place among the workers. When the cause is gone: \`gt session stop ${rig}/${polecat}\`.`,
  ])

/** `issue`: on which it was met, where it was. */
export const refusedAccount = (rig: string, why: string, issue: string | null = null) =>
  raised(causes.account(rig), rig, issue, `the agents of ${rig} cannot work: ${why.split('\n')[0]}`, [
    `Why: ${why}`,
    `The rig is stopped; its workers keep their places and their work, and no try is counted.${issue === null ? '' : ` It was met first on ${issue}.`}`,
    '',
    'Mend the key, the credit or the configuration:',
    '  gt agents                        what is installed, and which key is set',
    '  gt agents try <preset>           one real turn',
    `  gt rig set ${rig} agent=…        another agent, or its program (worker), or model`,
    'It goes on by itself after `gt rig set`, and after `gt down` and `gt up` with another key; or: gt up',
  ])

/** One account of several. */
export const aside = (rig: string, account: string, issue: string, why: string): Outgoing => ({
  to: mayor,
  type: 'escalation.raised',
  body: {
    cause: causes.aside(account),
    rig,
    subject: `the account ${account} is refused: ${why.split('\n')[0]}`,
    body: [
      `Why: ${why}`,
      `Nobody is started on it; its workers go on under another account of their rig, where there is one. No try is counted. It was met first by ${rig}, on ${issue}.`,
      '',
      'To decide:',
      `  gt account release ${account}    it is mended: try it again`,
      `  gt account add ${account} --env …    with another key`,
      `  gt account remove ${account}     do without it`,
    ].join('\n'),
  },
})

export const unreadable = (rig: string, why: string): Outgoing => ({
  to: mayor,
  type: 'escalation.raised',
  body: {
    cause: causes.issues(rig),
    rig,
    subject: `the issues of ${rig} cannot be read`,
    body: `Why: ${why}\nNobody is given work meanwhile. It is tried again every few minutes.`,
  },
})

/** What each obstacle is called, and what the Overseer can do about it. */
const obstacles: Record<
  Obstacle,
  { subject: (rig: string, issue: string) => string; advice: (rig: string) => string }
> = {
  refused: {
    subject: (rig, issue) => `${rig} cannot land ${issue}: origin refuses the push`,
    advice: (rig) =>
      `It is set aside, the others go on. When the cause is gone: gt refinery process ${rig}; to drop it: gt merge-queue remove ${rig} <issue>`,
  },
  denied: {
    subject: (rig, issue) => `${rig} cannot land ${issue}: origin denies access`,
    advice: (rig) =>
      `It is tried again every few minutes; gates do not run again for it. With the right put in order: gt refinery process ${rig}`,
  },
  unreachable: {
    subject: (rig, issue) => `${rig} cannot land ${issue}: origin cannot be reached`,
    advice: (rig) => `It is tried again every few minutes, or at once: gt refinery process ${rig}`,
  },
  broken: {
    subject: (rig, issue) => `${rig} cannot land ${issue}: the gates cannot run`,
    advice: (rig) => `It is tried again every few minutes, or at once: gt refinery process ${rig}`,
  },
  main_red: {
    subject: (rig) => `main of ${rig} is red: it fails a gate as it is`,
    advice: (rig) =>
      `No worker is blamed: what fails only as main does waits, and is tested again when main has changed. What mends main lands. To let work land all the same: gt rig set ${rig} red_main=land`,
  },
  moving: {
    subject: (rig, issue) => `${rig} cannot land ${issue}: main is another one at every push`,
    advice: (rig) =>
      `It is built and tested anew each time, and lands when main rests for as long. Faster gates help, or fewer others who push; to drop it: gt merge-queue remove ${rig} <issue>`,
  },
  no_main: {
    subject: (rig) => `${rig} has no main to land on`,
    advice: (rig) => `Set the branch: gt rig set ${rig} default_branch=<name>; then: gt refinery process ${rig}`,
  },
  foreign: {
    subject: (rig) => `main of ${rig} has commits that this town did not test`,
    advice: (rig) =>
      `Nothing waits for you: the next landing is tested together with them. More of them are noted in the log. You have seen it: gt refinery process ${rig}. If others may push to main: gt rig set ${rig} foreign_commits=allow`,
  },
}

export const cannotLand = (rig: string, { issue, what, reason }: MailEvent<'merge.stuck'>) =>
  raised(causes.queue(rig, what), rig, issue, obstacles[what].subject(rig, issue), [
    `${reason}\n\nNothing is lost. ${obstacles[what].advice(rig)}`,
  ])

type OverBudget = Extract<EffectOutput<'claimIssue'>, { kind: 'over_budget' }>
type BudgetWarning = EffectOutput<'surveyIssues'>['warnings'][number]

/** Whose budget it is, and what it keeps from starting. */
const budgets: Record<BudgetKind, { name: (rig: string, of: string) => string; keeps: (of: string) => string }> = {
  issue: { name: (_, of) => `the budget of ${of}`, keeps: () => 'It is not given to anybody' },
  epic: { name: (_, of) => `the budget of ${of}`, keeps: (of) => `Nothing more of ${of} is begun` },
  rig: { name: (rig) => `the budget of ${rig}`, keeps: () => 'Nothing more is begun' },
  day: {
    name: (rig, of) => `the budget of ${rig} for ${of}`,
    keeps: () => 'Nothing more is begun before the next day',
  },
}

export function overBudget(rig: string, { which, of, spent, budget }: OverBudget): Outgoing {
  const { name, keeps } = budgets[which]
  const issue = which === 'issue' || which === 'epic' ? of : null
  return {
    to: mayor,
    type: 'escalation.raised',
    body: {
      cause: causes.budget(rig, which, of),
      rig,
      issue,
      subject: `${name(rig, of)} is used up: ${spent} of ${budget}`,
      body: [
        `${keeps(of)}; what runs goes on to its end, and lands.`,
        '',
        'To decide:',
        `  gt costs --rig ${rig}                  what it went to`,
        `  gt rig set ${rig} budget.${which}=…        a larger budget; with nothing after the = none`,
      ].join('\n'),
    },
  }
}

export function budgetWarning(rig: string, { what, which, of, spent, budget }: BudgetWarning): Outgoing {
  const name = budgets[which].name(rig, of)
  const said =
    what === 'nearly'
      ? {
          subject: `${name} is nearly used up: ${spent} of ${budget}`,
          body: `${budgets[which].keeps(of)} once it is; what runs then goes on to its end.\ngt costs --rig ${rig} says what it went to, gt rig set ${rig} budget.${which}=… changes it.`,
        }
      : {
          subject: `${name} does not count everything: some of it has a price that nobody knows`,
          body: `Used: ${spent}, of ${budget}.\nPrices are written in mayor/town.json, in dollars for a million tokens, and count as soon as they are written:\n  "prices": { "<model>": { "input": 3, "output": 15, "cached": 0.3 } }\nA budget in tokens counts them all: gt rig set ${rig} budget.${which}='5M tokens'`,
        }
  const cause = `${causes.budget(rig, which, of)}/${what}`
  return { to: overseer, type: 'message.sent', body: { ...said, priority: 1, cause } }
}

/** Obstacles that keep nobody waiting. */
export const isHarmless = (cause: string) => cause.endsWith('/queue/foreign')
