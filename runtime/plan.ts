// The plan of a turn: everything that one mail leads to, as data, in the order it is to be written. The host writes it
// into its store; a model folds the same plan into its values.
// Never: writes or performs anything. Same rules, role, life, mail and moment: same plan.
import type { AnyMachineSnapshot } from 'xstate'
import type { ActorState, HostOptions, JournalEntry, JsonObject, Reply, Role } from './contract.ts'
import { begin, type Promised, persist, play, statePath } from './turn.ts'
import { type Word, wordsIn } from './words.ts'

/** How effects and mail are shaped in the world the turn is played in. */
export type Rules = Pick<HostOptions, 'effects' | 'parseMail'>

/** The mail whose turn it is. */
export interface Heard {
  id: string
  from: string
  to: string
  type: string
  body: JsonObject
  /** The timer whose firing it is; null for any other mail. */
  timerId: string | null
  causeId: string | null
}

/** An actor as its last committed turn left it. `snapshot` is called at most once, and only when it is needed. */
export interface Life {
  incarnation: number
  revision: number
  status: ActorState['status']
  snapshot(): AnyMachineSnapshot
}

export type Write =
  /** The mail is over: `stale` when it is a result or a firing that nobody waits for any more. */
  | { kind: 'handled'; as: 'done' | 'stale' }
  /** Nobody understands the mail: it becomes a dead letter. */
  | { kind: 'undelivered'; reason: string }
  /** A new incarnation begins: timers of the one before are gone. */
  | { kind: 'begin' }
  | {
      kind: 'actor'
      incarnation: number
      revision: number
      status: 'active' | 'done'
      snapshot: AnyMachineSnapshot
      /** The same snapshot as text, to be stored. */
      text: string
    }
  | { kind: 'mail'; to: string; type: string; body: JsonObject }
  | { kind: 'reply'; to: string; reply: Omit<Reply, 'at'> }
  | { kind: 'claimSlot' | 'freeSlot'; pool: string; holder: string }
  | { kind: 'acceptCapacity'; pool: string; places: number }
  | EffectWrite
  /** Nobody waits for this invocation any more: neither its effect nor its result counts. */
  | { kind: 'cancelEffect'; invokeId: string }
  /** Takes the place of an armed timer of the same id. */
  | { kind: 'timer'; id: string; dueAt: number; event: JsonObject }
  /** The timer is gone, and so is a firing of it that still waits in the mailbox. */
  | { kind: 'cancelTimer'; id: string }
  | { kind: 'journal'; entry: Omit<JournalEntry, 'seq' | 'at'>; input: JsonObject | null; version: number }

export interface EffectWrite {
  kind: 'effect'
  key: string
  /** The invocation that waits for the result; null when nobody does. */
  invokeId: string | null
  name: string
  input: JsonObject
  lane: string | null
}

/**
 * `at`: the moment in watched time, which the machine is told. Throws when the machine fails, says a word wrongly or
 * promises what its role may not: nothing of the turn counts.
 */
export function plan(rules: Rules, role: Role, life: Life | undefined, mail: Heard, at: number): Write[] {
  const own = mail.type.startsWith('xstate.') || mail.timerId !== null
  const alive = life?.status === 'done' ? undefined : life
  if (!alive) {
    const end = withoutBeginning(role, mail, own)
    if (end) return [end]
  }
  const incarnation = alive ? alive.incarnation : (life?.incarnation ?? 0) + 1
  const revision = alive ? alive.revision + 1 : 1
  const input = alive ? null : role.input(mail.to, incarnation)
  const opening = input ? begin(role.machine, input) : undefined
  const before = opening?.snapshot ?? (alive as Life).snapshot()
  const event = { ...mail.body, type: mail.type, from: mail.from, at, mailId: mail.id }
  const turn =
    before.status === 'active' ? play(role.machine, before, event) : { snapshot: before, promises: [], handled: false }

  const end = endOf(role, mail, own, turn.handled, before)
  if (!turn.handled && !opening) return [end]

  const promises = [...(opening?.promises ?? []), ...turn.promises]
  const kept = keep(rules, role, promises, `${mail.to}:${incarnation}.${revision}`, at)
  return [
    end,
    ...(opening ? [{ kind: 'begin' } as const] : []),
    {
      kind: 'actor',
      incarnation,
      revision,
      status: turn.snapshot.status === 'active' ? 'active' : 'done',
      snapshot: turn.snapshot,
      text: persist(role.machine, turn.snapshot),
    },
    ...kept.writes,
    {
      kind: 'journal',
      entry: {
        watchedAt: at,
        address: mail.to,
        incarnation,
        revision,
        mailId: mail.id,
        mailType: mail.type,
        from: mail.from,
        causeId: mail.causeId,
        before: opening ? '' : statePath(before.value),
        after: statePath(turn.snapshot.value),
        notes: kept.notes,
        promised: kept.promised,
      },
      input,
      version: role.version,
    },
  ]
}

/** Whether mail of this type may ever reach an actor of this role. */
export const understands = (role: Role, type: string): boolean =>
  role.accepts.includes(type) || role.ignores.includes(type)

/** What becomes of mail to an actor that is absent or done when it may not begin one; undefined when it may. */
function withoutBeginning(role: Role, { to, type }: Heard, own: boolean): Write | undefined {
  if (own) return { kind: 'handled', as: 'stale' }
  if (role.ignores.includes(type) && !(role.begins ?? role.accepts).includes(type))
    return { kind: 'handled', as: 'done' }
  if (!(role.begins?.includes(type) ?? understands(role, type)))
    return { kind: 'undelivered', reason: `${to} is not there; ${type} does not begin it` }
  return undefined
}

/** What becomes of mail that an actor heard. */
function endOf(role: Role, { to, type }: Heard, own: boolean, understood: boolean, before: AnyMachineSnapshot): Write {
  if (understood) return { kind: 'handled', as: 'done' }
  if (own) return { kind: 'handled', as: 'stale' }
  if (role.ignores.includes(type)) return { kind: 'handled', as: 'done' }
  return { kind: 'undelivered', reason: `nothing in state ${statePath(before.value)} of ${to} understands ${type}` }
}

/** What a turn promised, with its words for people and for the journal. */
interface Kept {
  writes: Write[]
  notes: JournalEntry['notes']
  promised: string[]
}

/** `key`: the turn's own; its effects are numbered under it in the order they were promised. */
function keep(rules: Rules, role: Role, promises: readonly Promised[], key: string, at: number): Kept {
  const kept: Kept = { writes: [], notes: [], promised: [] }
  let effects = 0
  const effect = (invokeId: string | null, name: string, input: unknown, words: string) => {
    kept.writes.push(effectOf(rules.effects, `${key}:${effects++}`, invokeId, name, input))
    kept.promised.push(words)
  }
  const allowed = (name: string) => {
    if (role.promises && !role.promises.includes(name)) throw new Error(`${role.name} may not promise ${name}`)
  }
  for (const promise of promises) {
    switch (promise.kind) {
      case 'timer':
        kept.writes.push({ kind: 'timer', id: promise.id, dueAt: at + promise.delayMs, event: promise.event })
        kept.promised.push(`timer ${promise.id} ${promise.delayMs}`)
        break
      case 'cancelTimer':
        kept.writes.push({ kind: 'cancelTimer', id: promise.id })
        kept.promised.push(`cancel ${promise.id}`)
        break
      case 'invoke':
        allowed(promise.name)
        effect(promise.id, promise.name, promise.input, `invoke ${promise.name}`)
        break
      case 'stop':
        kept.writes.push({ kind: 'cancelEffect', invokeId: promise.id })
        break
      case 'word':
        allowed(promise.name)
        for (const word of wordsIn(promise.name, promise.params))
          if (word.kind === 'effect') effect(null, word.name, word.input, word.name)
          else keepWord(rules, kept, word)
    }
  }
  return kept
}

function keepWord(rules: Rules, { writes, notes, promised }: Kept, word: Exclude<Word, { kind: 'effect' }>) {
  switch (word.kind) {
    case 'mail':
      writes.push({ ...word, body: rules.parseMail(word.type, word.body) })
      promised.push(`mail ${word.to} ${word.type}`)
      break
    case 'reply': {
      const { to, ok, text, data } = word
      writes.push({ kind: 'reply', to, reply: { ok, text, data } })
      promised.push(`reply ${ok ? 'ok' : 'no'}`)
      break
    }
    case 'note':
      notes.push({ text: word.text, issue: word.issue })
      break
    default:
      writes.push(word)
  }
}

/** An effect's promise, its input of the effect's own shape. Throws for an unknown name or another shape. */
export function effectOf(
  effects: HostOptions['effects'],
  key: string,
  invokeId: string | null,
  name: string,
  input: unknown,
): EffectWrite {
  const spec = effects[name]
  if (!spec) throw new Error(`no effect is called "${name}"`)
  const parsed = spec.parseInput(input)
  return { kind: 'effect', key, invokeId, name, input: parsed, lane: spec.lane(parsed) }
}
