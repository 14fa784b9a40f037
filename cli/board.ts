// The board: a town's state as lines for people. `gt status` shows it as it is, `gt replay --until` as it was.
// Never: asks anybody; it shows what it is given.
import { spentWords } from '../actors/ledger/words.ts'
import type { Status } from './api.ts'
import { colour, cut, shownLine, table } from './print.ts'

const stateColour: Record<string, number> = {
  working: 36,
  pending_shutdown: 32,
  testing: 33,
  building: 33,
  landing: 32,
  confirming: 32,
  closing: 32,
  backing_off: 31,
  failed: 31,
  stopped: 31,
  set_aside: 31,
  'waits for your answer': 31,
  'waits for its service': 33,
  'waits for an account': 33,
}
const lackWords = {
  key: '  halted: its agents cannot work (gt mail inbox)',
  allowance: '  waits: an allowance of its agents is used up',
}
const coloured = (state: string) => colour(stateColour[state] ?? 0, state)

/** The town as a person looks at it. */
export function boardOf({ town, rigs, escalations, problems, depth }: Status): string[] {
  return [
    `${colour(1, town.name)}  ${town.root}  pid ${town.pid}${town.stopped ? colour(31, '  STOPPED (gt up lets it go on)') : ''}`,
    ...rigLines(rigs, escalations),
    ...problems.map((problem) => colour(31, `! ${problem}`)),
    ...(depth.dead > 0 ? [`  ${depth.dead} undeliverable: gt mail dead`] : []),
  ]
}

/**
 * A screen written over in place: home, each line cleared to its end, then what was below. Where there is too little
 * room, the words beneath go first, then the end of the board; nothing ever scrolls.
 */
export function onScreen(board: readonly string[], words: readonly string[], rows: number, columns: number): string {
  // The last row stays free: a line that ends there would push the first one out.
  const room = Math.max(1, rows - 1)
  const whole = [...board]
  const wordsRoom = room - board.length - 1
  if (wordsRoom > 0 && words.length > 0) whole.push('', ...words.slice(-wordsRoom))
  const shown = whole.length <= room ? whole : [...whole.slice(0, room - 1), `… ${whole.length - room + 1} more lines`]
  return `\u001b[H${shown.map((line) => `${cut(shownLine(line), columns - 1)}\u001b[K\n`).join('')}\u001b[J`
}

/** Each rig's polecats, queue and landings, and what was escalated. */
export function rigLines(rigs: Status['rigs'], escalations: Status['escalations']): string[] {
  const lines: string[] = []
  if (rigs.length === 0) lines.push('', 'No rigs yet: gt rig add <name> <git-url> --gate …')
  for (const rig of rigs) {
    const gates = rig.gated ? `gates ${rig.gates.join(', ')}` : colour(31, 'NO GATE')
    lines.push(
      '',
      `${colour(1, rig.name)} (${rig.prefix})  workers ${rig.workers.busy}/${rig.workers.max}  ${gates}${rig.spent ? `  today ${spentWords(rig.spent)}` : ''}${rig.stopped ? colour(31, '  stopped') : ''}${rig.lacks ? colour(31, lackWords[rig.lacks]) : ''}`,
    )
    lines.push(
      ...table(
        rig.polecats.map((cat) => [
          `  ${cat.name}`,
          cat.issue,
          coloured(cat.state),
          cat.attempt > 1 ? `try ${cat.attempt}` : '',
          [cat.account, cat.spent && spentWords(cat.spent)].filter(Boolean).join(' '),
          cat.title,
        ]),
      ),
    )
    lines.push(
      ...table(
        rig.queue.map((entry) => [`  queue ${entry.position}`, entry.issue, coloured(entry.state), entry.title]),
      ),
    )
    lines.push(
      ...rig.landed
        .slice(0, 5)
        .map(
          (landing) => `  ${colour(32, 'landed')} ${landing.issue}  ${landing.commit.slice(0, 10)}  ${landing.title}`,
        ),
    )
  }
  for (const escalation of escalations)
    lines.push('', colour(31, `! ${escalation.subject}`), '  gt mail inbox has the whole of it')
  return lines
}
