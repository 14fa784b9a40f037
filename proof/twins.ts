// Twins: one machine played three ways, so that they can be compared: by its plans alone, by the real host on the real
// store, and live by XState itself.
// Never: brings a world; what an effect answers and when a timer fires is the step's to say.

import { isDeepStrictEqual } from 'node:util'
import { type AnyMachineSnapshot, createActor, fromPromise, SimulatedClock } from 'xstate'
import type { HostOptions, Json, JsonObject, Role } from '../runtime/contract.ts'
import { openHost, openSqliteStore, seededRandom, virtualClock } from '../runtime/open.ts'
import { type Life, plan, type Write } from '../runtime/plan.ts'
import { begin, persist, restore } from '../runtime/turn.ts'
import { eventOf, type Step, type Subject, stepsFrom } from './coverage.ts'

/** What can be seen of a machine after a step. Lists are in the order things were promised. */
export interface Seen {
  status: 'active' | 'done'
  value: Json
  context: Json
  /** Armed timers and the moment each is due. */
  timers: { id: string; dueAt: number }[]
  /** Effects whose result is awaited. */
  effects: { invokeId: string; name: string; input: Json }[]
  /** Mail, unawaited effects, replies and notes, all since the beginning, as text. */
  said: string[]
  /** Holders of places. */
  slots: string[]
}

export type Kernel = Pick<HostOptions, 'effects' | 'parseMail' | 'slotCapacity'>

/** A subject with its place in a kernel. */
export interface Staged {
  subject: Subject
  role: Role
  address: string
  kernel: Kernel
}

const began = 1_000_000
const mailId = (n: number) => `m-${n}`

/** The machine by its plans alone, its snapshot stored and restored between turns. */
function pureTwin({ subject, role: declared, address, kernel }: Staged) {
  const role: Role = { ...declared, input: () => subject.input }
  let life: (Omit<Life, 'snapshot'> & { text: string }) | undefined
  let snapshot = begin(subject.machine, subject.input).snapshot
  let now = began
  let mails = 0
  const seen: Seen = { status: 'active', value: {}, context: {}, timers: [], effects: [], said: [], slots: [] }
  const tell = (step: Step) => {
    if (step.kind === 'mail') mails++
    if (step.kind === 'done' || step.kind === 'failed')
      seen.effects = seen.effects.filter(({ invokeId }) => invokeId !== step.invokeId)
    const { type, ...body } = eventOf(step, now, mailId(mails)) as JsonObject & { type: string }
    const heard = {
      id: mailId(mails),
      from: step.kind === 'mail' ? step.from : address,
      to: address,
      type,
      body,
      timerId: step.kind === 'timer' ? step.event : null,
      causeId: null,
    }
    const { text } = life ?? {}
    const known = life && { ...life, snapshot: () => restore(subject.machine, JSON.parse(text ?? '')) }
    for (const write of plan(kernel, role, known, heard, now)) {
      if (write.kind === 'actor') {
        life = write
        snapshot = write.snapshot
      } else see(seen, write)
    }
  }
  return {
    snapshot: () => snapshot,
    /** Milliseconds until the timer that sends this event; not a number when it is not armed. */
    until: (event: string) => (seen.timers.find(({ id }) => id === event)?.dueAt ?? Number.NaN) - now,
    play(step: Step): Seen {
      if (step.kind === 'timer') {
        const due = seen.timers.find(({ id }) => id === step.event)?.dueAt ?? now
        now = due
        const fired = seen.timers
          .filter(({ dueAt }) => dueAt <= due)
          .sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1))
        seen.timers = seen.timers.filter(({ dueAt }) => dueAt > due)
        for (const { id } of fired) tell({ kind: 'timer', event: id })
      } else tell(step)
      const { value, context } = JSON.parse(persist(subject.machine, snapshot)) as { value: Json; context: Json }
      const status = snapshot.status === 'active' ? 'active' : 'done'
      return { ...structuredClone(seen), status, value, context }
    },
  }
}

/** What is seen of one thing that a turn writes. */
function see(seen: Seen, write: Write): void {
  switch (write.kind) {
    case 'undelivered':
      throw new Error(write.reason)
    case 'begin':
      seen.timers = []
      break
    case 'timer':
      seen.timers = [...seen.timers.filter(({ id }) => id !== write.id), { id: write.id, dueAt: write.dueAt }]
      break
    case 'cancelTimer':
      seen.timers = seen.timers.filter(({ id }) => id !== write.id)
      break
    case 'effect': {
      const { invokeId, name, input } = write
      if (invokeId === null) seen.said.push(`effect ${name} ${JSON.stringify(input)}`)
      else seen.effects.push({ invokeId, name, input })
      break
    }
    case 'cancelEffect':
      seen.effects = seen.effects.filter(({ invokeId }) => invokeId !== write.invokeId)
      break
    case 'mail':
      seen.said.push(`mail ${write.to} ${write.type} ${JSON.stringify(write.body)}`)
      break
    case 'reply':
      seen.said.push(`reply ${write.to} ${write.reply.ok} ${write.reply.text}`)
      break
    case 'claimSlot':
      seen.slots = [...new Set([...seen.slots, write.holder])].sort()
      break
    case 'freeSlot':
      seen.slots = seen.slots.filter((holder) => holder !== write.holder)
      break
    case 'journal':
      seen.said.push(...write.entry.notes.map(({ text }) => `note ${text}`))
  }
}

/** The machine on the production host and store, alone: whatever it says to others is taken and kept. */
function hostTwin({ subject: { input }, role, address, kernel }: Staged) {
  const store = openSqliteStore(':memory:')
  const clock = virtualClock(began)
  const anything = Object.assign([], { includes: () => true }) as readonly string[]
  const everybody: Role = {
    ...role,
    name: 'everybody else',
    owns: (other) => other !== address,
    accepts: anything,
    ignores: anything,
    begins: [],
  }
  const host = openHost({
    store,
    clock,
    random: seededRandom(1),
    roles: [{ ...role, owns: (other) => other === address, input: () => input }, everybody],
    newMailId: (_to, random) => `o-${random.uint32()}`,
    holder: 'twin',
    // Nothing passes here: what fails once fails again.
    attemptsMax: 1,
    holderGone: () => true,
    effects: kernel.effects,
    parseMail: kernel.parseMail,
    slotCapacity: kernel.slotCapacity,
  })
  const replies: string[] = []
  host.onCommit((_, said) => replies.push(...said.map(({ to, reply }) => `reply ${to} ${reply.ok} ${reply.text}`)))
  let mails = 0
  /** What it says to itself is another step's to tell. */
  const settle = () => {
    while (host.run(1) > 0)
      store.run(
        `UPDATE mail SET state = 'stale' WHERE to_address = ? AND from_address = ? AND state = 'new' AND type NOT LIKE 'xstate.%'`,
        ...[address, address],
      )
  }
  return {
    play(step: Step): Seen {
      if (step.kind === 'mail') {
        mails++
        host.post({ id: mailId(mails), from: step.from, to: address, type: step.type, body: step.body })
      } else if (step.kind === 'timer') {
        const due = store.get<{ due_at: number }>(
          'SELECT due_at FROM timer WHERE address = ? AND id = ?',
          address,
          step.event,
        )
        clock.set(due?.due_at ?? clock.now())
        host.fireTimers()
      } else {
        const waiting = store.get<{ key: string }>(
          "SELECT key FROM effect WHERE address = ? AND invoke_id = ? AND state IN ('pending', 'started')",
          address,
          step.invokeId,
        )
        if (waiting)
          host.settle(
            waiting.key,
            step.kind === 'done' ? { ok: true, output: step.output } : { ok: false, error: step.message },
          )
      }
      settle()
      const actor = host.actor(address)
      const dead = host.deadLetters().filter(({ envelope }) => envelope.to === address)
      if (dead.length > 0) throw new Error(`a dead letter: ${dead.at(-1)?.envelope.type}: ${dead.at(-1)?.reason}`)
      return {
        status: actor?.status === 'done' ? 'done' : 'active',
        value: actor?.value ?? null,
        context: actor?.context ?? null,
        timers: store.all<{ id: string; dueAt: number }>(
          'SELECT id, due_at AS dueAt FROM timer WHERE address = ? ORDER BY rowid',
          address,
        ),
        effects: store
          .all<{ invokeId: string; name: string; input: string }>(
            "SELECT invoke_id AS invokeId, name, input FROM effect WHERE address = ? AND invoke_id IS NOT NULL AND state IN ('pending', 'started') ORDER BY seq",
            address,
          )
          .map((row) => ({ ...row, input: JSON.parse(row.input) as Json })),
        said: saidBy(),
        slots: store.all<{ holder: string }>('SELECT holder FROM slot ORDER BY holder').map(({ holder }) => holder),
      }
    },
    close: () => host.close(),
  }

  function noted(): string[] {
    return host.journal({ address }).flatMap(({ notes }) => notes.map(({ text }) => `note ${text}`))
  }

  function saidBy(): string[] {
    const mail = store.all<{ to_address: string; type: string; body: string }>(
      "SELECT * FROM mail WHERE from_address = ? AND id LIKE 'o-%' AND type NOT LIKE 'xstate.%' ORDER BY seq",
      address,
    )
    const effects = store.all<{ name: string; input: string }>(
      'SELECT name, input FROM effect WHERE address = ? AND invoke_id IS NULL ORDER BY seq',
      address,
    )
    return [
      ...mail.map((row) => `mail ${row.to_address} ${row.type} ${row.body}`),
      ...effects.map((row) => `effect ${row.name} ${row.input}`),
      ...replies,
      ...noted(),
    ]
  }
}

/**
 * The machine live, as XState runs it: `createActor`, its own clock and promises. Only value, context and status can
 * be compared.
 */
function liveTwin(subject: Subject) {
  const clock = new SimulatedClock()
  const waiting = new Map<string, { resolve(output: unknown): void; reject(error: unknown): void }>()
  const awaited = fromPromise<unknown>(
    ({ self }) => new Promise((resolve, reject) => waiting.set(self.id, { resolve, reject })),
  )
  const actors = Object.fromEntries(Object.keys(subject.machine.implementations.actors).map((name) => [name, awaited]))
  // XState's own results and timers carry no moment; those of a town do.
  let moment = began
  const machine = subject.machine.provide({ actors } as never)
  const dated = Object.create(machine) as typeof machine
  dated.transition = (snapshot, event, scope) => machine.transition(snapshot, { ...event, at: moment }, scope)
  const actor = createActor(dated, { input: subject.input as never, clock })
  actor.start()
  let mails = 0
  return {
    /** `ms`: how far the clock goes for a timer. */
    async play(step: Step, ms: number, at: number): Promise<Pick<Seen, 'status' | 'value' | 'context'>> {
      moment = at
      if (step.kind === 'mail') actor.send(eventOf(step, at, mailId(++mails)) as never)
      else if (step.kind === 'timer') clock.increment(ms)
      else {
        const call = waiting.get(step.invokeId)
        if (step.kind === 'done') call?.resolve(step.output)
        else call?.reject({ message: step.message })
        await new Promise(setImmediate)
      }
      const snapshot = actor.getSnapshot() as AnyMachineSnapshot
      const stored = JSON.parse(persist(subject.machine, snapshot)) as { value: Json; context: Json }
      return { status: snapshot.status === 'active' ? 'active' : 'done', value: stored.value, context: stored.context }
    },
    stop: () => actor.stop(),
  }
}

/** Plays a path on the pure machine and through the real host; where they differ, in words. */
export function differs(staged: Staged, path: readonly Step[]): string | undefined {
  const pure = pureTwin(staged)
  const host = hostTwin(staged)
  const told: string[] = []
  try {
    for (const step of path) {
      told.push(wordsOf(step))
      const unlike = between(pure.play(step), host.play(step))
      if (unlike) return `${told.join(' → ')}: the host ${unlike}`
    }
    return undefined
  } catch (error) {
    return `${told.join(' → ')}: ${(error as Error).message}`
  } finally {
    host.close()
  }
}

/**
 * One life by chance: on the pure machine, through the real host, and live as XState runs it; where they differ, in
 * words.
 */
export async function livesUnlike(staged: Staged, seed: number, steps = 30): Promise<string | undefined> {
  const { subject, role } = staged
  const random = seededRandom(seed)
  const pure = pureTwin(staged)
  const host = hostTwin(staged)
  const live = liveTwin(subject)
  const told: string[] = []
  let at = began
  // What a machine does not understand in its state is for the host to refuse, not for the twins to compare.
  const heard = (step: Step) =>
    step.kind !== 'mail' || role.ignores.includes(step.type) || pure.snapshot().can(eventOf(step, at, 'm-0') as never)
  const soonest = () =>
    Math.min(
      ...(pure.snapshot()._nodes as { after: { eventType: string }[] }[]).flatMap((node) =>
        node.after.map(({ eventType }) => pure.until(eventType)),
      ),
    )
  try {
    for (let n = 0; n < steps; n++) {
      const next = stepsFrom(subject, pure.snapshot(), told.length === 0).filter((step) =>
        step.kind === 'timer' ? pure.until(step.event) === soonest() : heard(step),
      )
      const step = next[random.uint32() % next.length]
      if (!step) break
      const ms = step.kind === 'timer' ? pure.until(step.event) : 0
      at += ms
      told.push(wordsOf(step))
      const where = `seed ${seed}: ${told.join(' → ')}`
      const ours = pure.play(step)
      const unlike = between(ours, host.play(step))
      if (unlike) return `${where}: the host ${unlike}`
      const { status, value, context } = ours
      const unlive = between({ status, value, context }, await live.play(step, ms, at))
      if (unlive) return `${where}: XState itself ${unlive}`
      if (status === 'done') break
    }
    return undefined
  } catch (error) {
    return `seed ${seed}: ${told.join(' → ')}: ${(error as Error).message}`
  } finally {
    host.close()
    live.stop()
  }
}

const wordsOf = (step: Step) =>
  step.kind === 'mail'
    ? `${step.type} from ${step.from}`
    : step.kind === 'timer'
      ? step.event
      : `${step.invokeId} ${step.kind}`

/** What the second has otherwise than the first. */
function between(ours: Partial<Seen>, theirs: Partial<Seen>): string | undefined {
  const sorted = (seen: Partial<Seen>) => ({
    ...seen,
    said: [...(seen.said ?? [])].sort(),
    timers: [...(seen.timers ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1)),
  })
  const [a, b] = [sorted(ours), sorted(theirs)].map((seen) => JSON.parse(JSON.stringify(seen))) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ]
  const part = Object.keys(a).find((name) => !isDeepStrictEqual(a[name], b[name]))
  return part && `has ${part} ${JSON.stringify(b[part])}, not ${JSON.stringify(a[part])}`
}
