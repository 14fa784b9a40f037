// One machine alone, told what happens to it; what it says is a transcript a person can read. Plays the production
// turn, no world at all.
import type { AnyStateMachine } from 'xstate'
import { type EffectName, effects } from '../../machines/effects.ts'
import type { MailType } from '../../machines/mail.ts'
import { mailSchemas } from '../../machines/mail.ts'
import type { Json } from '../../runtime/contract.ts'
import { begin, type Promised, persist, play, restore, statePath, type Turn } from '../../runtime/turn.ts'
import { type Word, wordsIn } from '../../runtime/words.ts'

export function storyOf(machine: AnyStateMachine, input: Record<string, Json> = {}) {
  const lines: string[] = []
  const timers = new Map<string, object>()
  /** What each effect that was promised is. */
  const promised = new Map<string, EffectName>()
  let at = 1_000_000
  let mails = 0
  let turn = begin(machine, input as never)

  const hear = (next: Turn, what: string) => {
    turn = next
    lines.push(`${what} → ${statePath(turn.snapshot.value)}${next.handled ? '' : ' (not for it)'}`)
    for (const promise of next.promises) {
      if (promise.kind === 'timer') timers.set(promise.id, promise.event)
      if (promise.kind === 'invoke') promised.set(promise.id, promise.name as EffectName)
      if (promise.kind === 'cancelTimer') timers.delete(promise.id)
      lines.push(...wordsOf(promise).map((line) => `    ${line}`))
    }
    return story
  }
  // Every turn starts from what the store would give back.
  const tell = (event: { type: string }, what: string) =>
    hear(play(machine, restore(machine, JSON.parse(persist(machine, turn.snapshot))), event), what)

  const story = {
    mail: (type: MailType, from: string, body: Record<string, unknown> = {}) =>
      tell(
        { ...mailSchemas[type].parse(body), type, from, at: ++at, mailId: `m-${++mails}` } as never,
        `${type} from ${from}`,
      ),
    /** Parsed as the host does. */
    done: (id: string, output: Json) => {
      const kind = effects[promised.get(id) as EffectName]
      return tell({ type: `xstate.done.actor.${id}`, output: kind.output.parse(output) } as never, `${id} is done`)
    },
    failed: (id: string, message: string) =>
      tell({ type: `xstate.error.actor.${id}`, error: { message } } as never, `${id} failed`),
    /** The timer whose id has this in it. */
    timeOf(part: string) {
      const entry = [...timers].find(([id]) => id.includes(part))
      if (!entry) throw new Error(`no timer of ${part}; there are ${[...timers.keys()].join(', ') || 'none'}`)
      timers.delete(entry[0])
      return tell(entry[1] as never, `${part} is over`)
    },
    context: () => turn.snapshot.context as Record<string, Json>,
    state: () => statePath(turn.snapshot.value),
    /** What was said since the last time; one line a state, indented lines for what it promised. */
    told: () => lines.splice(0),
  }
  return story
}

function wordsOf(promise: Promised): string[] {
  switch (promise.kind) {
    case 'timer':
      return [`waits ${promise.delayMs} ms`]
    case 'invoke':
      return [`has ${promise.name} done`]
    case 'word':
      return wordsIn(promise.name, promise.params).map(lineOf)
    default:
      return []
  }
}

function lineOf(word: Word): string {
  switch (word.kind) {
    case 'mail':
      return `mails ${word.to} ${word.type}`
    case 'note':
      return `notes “${word.text}”`
    case 'reply':
      return `answers ${word.ok ? 'yes' : 'no'}: ${word.text}`
    case 'claimSlot':
    case 'freeSlot':
      return `${word.kind} ${word.holder}`
    case 'acceptCapacity':
      return `has ${word.kind} done`
    case 'effect':
      return `has ${word.name} done`
  }
}

export const brief = {
  id: 'w-1',
  title: 'Do it',
  description: '',
  priority: 2,
  type: 'task',
  createdAt: '2026',
  epic: null,
}
export const sha = (letter: string) => letter.repeat(40)
