// What whoever begins, or has lost the thread, is told of where they stand: the words of `gt prime`, and the first ones
// of a session.
// Never: looks anything up; longer than `primeBytesMax`, whatever others wrote into an issue or a log.
import type { ReturnReason } from '../../machines/mail.ts'
import { asOneLine } from '../../machines/texts.ts'
import { plain } from '../plain.ts'
import type { RoleName } from './roles.ts'

/** Of UTF-8: about 1,500 tokens of prose or code, in any script. */
export const primeBytesMax = 5000

export interface UnreadMail {
  id: string
  from: string
  subject: string
  /** 0 (most urgent) to 4. */
  priority: number
}

interface Around {
  /** Where they are. */
  folder: string
  /** Unread mail, the most urgent first, at most a few of them; `urgent` has priority 0 or 1. null: it cannot be told. */
  mail: { unread: number; urgent: number; first: readonly UnreadMail[] } | null
  /** What stands in the way, or could not be found out: a sentence each. */
  notes: readonly string[]
}

/** What a polecat is told: what its `assignment.json` says, and what has become of it since. */
export interface PolecatFacts extends Around {
  role: 'polecat'
  name: string
  rig: string
  address: string
  branch: string
  /** What the branch was begun from, and lands on. */
  main: string
  issue: {
    id: string
    title: string
    description: string
    /** When it is done, where somebody has said so. */
    acceptance: string
    epic: string | null
  }
  /** Where the issue is not in this worker's hands any more; null: it is. */
  gone: { kind: 'closed'; reason: string } | { kind: 'given'; to: string | null } | null
  /** 1 for the first try at this issue. */
  attempt: number
  returned: ReturnReason | null
}

/** What the others are told: mostly the text of their role. */
export interface OtherFacts extends Around {
  role: Exclude<RoleName, 'polecat'> | 'overseer'
  address: string
  town: string
  /** Empty for the Overseer. */
  text: string
}
export type PrimeFacts = PolecatFacts | OtherFacts

/** `short`: for a conversation that has had the issue's own texts. */
export function primeText(facts: PrimeFacts, { short = false }: { short?: boolean } = {}): string {
  return facts.role === 'polecat' ? polecatText(facts, short) : otherText(facts)
}

function polecatText(facts: PolecatFacts, short: boolean): string {
  const { name, rig, folder, branch, main, issue, attempt, returned } = facts
  const { id } = issue
  const [description, acceptance] = short ? ['', ''] : [issue.description, issue.acceptance]
  const all = `bd show ${id}`
  return fitted(
    [
      { text: description, rest: all },
      { text: acceptance, rest: all },
      { text: returned?.tail ?? '', rest: 'returned.tail in the file $GT_ASSIGNMENT', isEnd: true },
    ],
    ([description = '', acceptance = '', tail = '']) => [
      `# You are ${name}, a polecat of the rig ${rig}: one worker, on one issue, until it is handed over`,
      '',
      `Your place is ${folder}, on the branch ${branch}, which lands on ${main}. Nobody reads this terminal.`,
      ...facts.notes.map((note) => brief(note, 300)),
      '',
      `## Your issue: ${id} ${brief(issue.title, 500)}`,
      `${issue.epic ? `Part of ${issue.epic}. ` : ''}Try ${attempt}.`,
      ...(description ? ['', description] : short ? [`\`${all}\` shows all of it.`] : []),
      ...(acceptance ? ['', 'It is done when:', acceptance] : []),
      ...(returned ? ['', ...cameBack(returned), ...(tail ? ['The last lines:', tail] : [])] : []),
      ...unread(facts),
      '',
      '## Next',
      nextOf(facts),
      '',
      '## The commands that count',
      '- `gt handoff`: all is committed, and the commits are the work. Nothing else ends your issue but one of these:',
      '  `gt handoff --no-change "why"`, `gt handoff --blocked-by <issue> --reason "why"`, `gt handoff --cannot "why"`,',
      '  `gt handoff --give-back "why"`',
      `- \`bd create "…" --deps discovered-from:${id}\`: other work that you found. \`${all}\`: your issue`,
      '- `gt mail read <id>`, `gt mail reply <id> "…"`, `gt mail send <address> -s "…" -m "…"`',
      '- `gt prime`: all this again; `gt prime --short`: without the issue’s own words',
    ],
  )
}

const kinds = {
  conflict: 'it conflicts with what has landed meanwhile',
  red: 'a gate failed',
  unmergeable: 'git cannot put it on main',
} as const

const cameBack = ({ kind, summary, files }: ReturnReason): string[] => [
  `## It came back: ${kinds[kind]}`,
  `Why: ${brief(summary, 400)}`,
  ...(files.length > 0 ? [`Files (${files.length}): ${brief(files.join(', '), 300)}`] : []),
]

function nextOf({ gone, returned, attempt, main, mail, issue }: PolecatFacts): string {
  const first = mail && mail.unread > 0 ? 'Read your mail first. ' : ''
  const last = 'run the project’s tests, commit, and say `gt handoff`.'
  if (gone?.kind === 'closed')
    return `${first}${issue.id} is closed${gone.reason ? ` (${brief(gone.reason, 200)})` : ''}. Begin nothing new: what you have committed is handed over with \`gt handoff\`; with nothing committed, say \`gt handoff --no-change "why"\`.`
  if (gone)
    return `${first}${issue.id} is not yours any more${gone.to ? `: ${brief(gone.to, 100)} has it` : ''}. Change nothing, and end here.`
  if (returned?.kind === 'conflict')
    return `${first}Your branch holds the work as it was handed over. \`git merge ${main}\`, settle the conflicts so that both sides keep what they were for, ${last}`
  if (returned?.kind === 'red')
    return `${first}Your branch holds the work as it was handed over. \`git merge ${main}\`, find out why the gate fails, mend that, ${last}`
  if (returned) return `${first}Your branch holds the work as it was handed over. Mend what git says above, ${last}`
  const look = `\`git status\` and \`git log ${main}..HEAD\` show what is there already`
  return attempt > 1
    ? `${first}There was a try before yours: ${look}. Go on from that in small steps, each committed; then ${last}`
    : `${first}${look}. Do what the issue asks in small steps, each committed; then ${last}`
}

function otherText(facts: OtherFacts): string {
  const { role, town, folder, address } = facts
  const isPerson = role === 'overseer'
  return fitted([{ text: facts.text, rest: 'gt prime --json', isOurs: true }], ([text = '']) => [
    ...(isPerson
      ? ['# You speak as the Overseer: what `gt` is told from here is the word of the town’s own person']
      : []),
    ...(text ? [text] : []),
    '',
    `The town is ${town}, your address is ${address}, and you are in ${folder}.`,
    ...facts.notes.map((note) => brief(note, 300)),
    ...unread(facts),
    '',
    '## Next',
    facts.mail && facts.mail.unread > 0 ? `Read your mail: \`gt mail read <id>\`. ${nextStep[role]}` : nextStep[role],
    ...(isPerson
      ? [
          '',
          '## The commands that count',
          '- `gt status`, `gt log`, `gt why <issue>`: what goes on. `gt mail inbox`: what you are told',
          '- `bd create "…"` in a rig’s folder, then `gt spawn --issue <id>`: give work; `gt wait <id>`',
          '- `gt help`: all the others',
        ]
      : []),
  ])
}

const nextStep = {
  mayor: '`gt status` shows what is at work and what waits. Then do what the Overseer has asked you for.',
  witness: 'Answer what you were asked.',
  refinery: 'Answer what you were asked.',
  crew: '`git status` shows where this workspace stands. Then do what the Overseer has asked you for.',
  overseer:
    'An agent here does only what the person asks. The Mayor is told of its part in the town’s own folder or `mayor/`, a member of a crew in `<rig>/crew/<name>`.',
} as const

function unread({ mail, address }: PrimeFacts): string[] {
  if (!mail || mail.unread === 0) return []
  const more = mail.unread - mail.first.length
  return [
    '',
    `## Unread mail: ${mail.unread}${mail.urgent > 0 ? `, ${mail.urgent} urgent` : ''}`,
    ...mail.first.map(
      ({ id, from, subject, priority }) => `- ${id} P${priority} from ${brief(from, 100)}: ${brief(subject, 100)}`,
    ),
    ...(more > 0 ? [`- … and ${more} more: \`gt mail inbox ${address}\``] : []),
  ]
}

// What others wrote is cut, and what is ours is not.

interface Part {
  text: string
  /** Where all of it is to be had. */
  rest: string
  /** Its end is what counts. */
  isEnd?: true
  /** Words of the town or of a person to the role: shown as they are; all else is indented, and nobody's heading. */
  isOurs?: true
}

const sizeOf = (text: string) => Buffer.byteLength(text)

/** The lines with all the parts in them; those that are too long for what room there is share it. */
function fitted(parts: readonly Part[], lines: (parts: readonly string[]) => readonly string[]): string {
  const written = parts.map(({ text, isOurs }) => {
    const trimmed = plain(text).trim()
    return isOurs || trimmed === '' ? trimmed : trimmed.replaceAll(/^(?=.)/gm, '    ')
  })
  // With one letter for each part, so that its heading is counted.
  const rest = sizeOf(lines(written.map((text) => text.slice(0, 1))).join('\n'))
  let room = primeBytesMax - rest
  const cut: string[] = []
  const order = written.map((_, n) => n).sort((a, b) => sizeOf(written[a] ?? '') - sizeOf(written[b] ?? ''))
  for (const [before, n] of order.entries()) {
    const text = cutTo(written[n] ?? '', Math.floor(room / (order.length - before)), parts[n] as Part)
    room -= sizeOf(text)
    cut[n] = text
  }
  return lines(cut).join('\n')
}

/** Whole lines, as many as there is room for, and where the others are. */
function cutTo(text: string, bytesMax: number, { rest, isEnd }: Part): string {
  if (sizeOf(text) <= bytesMax) return text
  const cut = `    … the ${isEnd ? 'beginning' : 'rest'} is cut off here, see: ${rest}`
  const room = bytesMax - sizeOf(cut) - 1
  const lines = text.split('\n')
  if (isEnd) lines.reverse()
  const kept: string[] = []
  let size = 0
  for (const line of lines) {
    size += sizeOf(line) + 1
    if (size > room) {
      // A line of great length gives what there is room for.
      const left = room - (size - sizeOf(line) - 1)
      if (kept.length === 0) kept.push(isEnd ? endOf(line, left) : beginningOf(line, left))
      break
    }
    kept.push(line)
  }
  return (isEnd ? [cut, ...kept.reverse()] : [...kept, cut]).join('\n')
}

/** At most so many bytes of a text, no letter in half. */
const beginningOf = (text: string, bytesMax: number) =>
  Buffer.from(text)
    .subarray(0, Math.max(0, bytesMax))
    .toString()
    .replace(/\uFFFD+$/, '')
const endOf = (text: string, bytesMax: number) =>
  Buffer.from(text)
    .subarray(-Math.max(1, bytesMax))
    .toString()
    .replace(/^\uFFFD+/, '')

/** One line, of at most so many bytes. */
function brief(text: string, bytesMax: number): string {
  const line = plain(asOneLine(text))
  return sizeOf(line) <= bytesMax ? line : `${beginningOf(line, bytesMax - 3)}…`
}
