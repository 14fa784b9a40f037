// Model: a whole town in memory, as the host would play it, made to be copied: every state is a value, and what may
// happen next is a list.
// The machines are the production machines, played by the production turn. Time is left out: an armed timer may fire
// at any moment; while mail waits, as often as `races` allows.
// Never: holds more than the host does; where both are played side by side they must agree
// (`test/models/explore.test.ts`).
import type { AnyMachineSnapshot } from 'xstate'
import { bind } from '../actors/binding.ts'
import type { Json, JsonObject, Role } from '../runtime/contract.ts'
import { begin, type Promised, persist, play, restore } from '../runtime/turn.ts'
import { always, atRest, check, type SeenActor, type TownView, Violation } from './invariants.ts'
import { makeSurroundings } from './surroundings.ts'
import { type Agent, epic, rig, type SimIssue, World } from './world.ts'

export interface Scope {
  polecats: number
  issues: readonly SimIssue[]
  /**
   * Things that may go wrong on one way through: an effect fails, its answer is lost, it is performed again; an agent
   * dies, freezes or errs; origin moves, refuses or is away.
   */
  faults: number
  /** Commands of the Overseer on one way through. */
  commands: number
  /** Things that may happen while mail still waits, before it is all handled. */
  races: number
  /** With more mail waiting than this, nothing else happens before it is handled. */
  mailboxMax: number
  /** Starts of a session, and tries at landing, before a worker gives up. */
  tries: number
}

/** A scope by its numbers: issues w-1, w-2 … that wait for nothing, a mailbox of six, two tries. */
export function scopeOf({
  polecats,
  issues,
  faults,
  commands,
  races,
}: {
  polecats: number
  issues: number
  faults: number
  commands: number
  races: number
}): Scope {
  const issue = (n: number): SimIssue => ({
    id: `w-${n + 1}`,
    status: 'open',
    assignee: null,
    after: [],
    escalated: false,
    letGo: false,
    closedBy: null,
    noChange: false,
  })
  return {
    polecats,
    issues: Array.from({ length: issues }, (_, n) => issue(n)),
    faults,
    commands,
    races,
    mailboxMax: 6,
    tries: 2,
  }
}

/** A machine's snapshot, one object for all equal ones. */
interface Stored {
  id: number
  machine: Role
  snapshot: AnyMachineSnapshot
  seen: Pick<SeenActor, 'value' | 'context'>
}

interface Actor {
  incarnation: number
  status: 'active' | 'done'
  stored: Stored
}

export interface Mail {
  key: number
  id: string
  from: string
  to: string
  type: string
  body: JsonObject
  /** The effect whose result it is, or the timer that fired. */
  invokeId?: string | undefined
  timerId?: string | undefined
}

export interface Effect {
  key: number
  address: string
  invokeId: string | null
  name: string
  input: JsonObject
  lane: string | null
  /** Handed out before the brake was pulled. */
  started: boolean
}

export interface Timer {
  address: string
  id: string
}

/** One state of a town; never changed, only followed by others. */
export interface TownState {
  actors: ReadonlyMap<string, Actor>
  mail: readonly Mail[]
  effects: readonly Effect[]
  timers: readonly Timer[]
  slots: readonly string[]
  world: World
  held: boolean
  /** The Overseer has stopped a worker. */
  paused: boolean
  faults: number
  commands: number
  races: number
  dead: readonly string[]
}

/** Something that may happen next, in words that are unique in its state. */
export interface Choice {
  words: string
  /** Costs one of the faults or commands of the scope: a town must come to rest without it. */
  from: 'town' | 'fault' | 'overseer'
  next(): TownState
}

export function makeModel(scope: Scope) {
  const facts = {
    rigs: () => [rig],
    rig: () => ({
      maxWorkers: scope.polecats,
      spawnDelayMs: 0,
      sessionTries: scope.tries,
      mergeTries: scope.tries,
      retireTries: scope.tries,
      gated: true,
      redMain: 'wait' as const,
      tellForeign: true,
    }),
    hasPlugin: () => false,
    hasCrew: () => false,
  }
  const { roles, effects: specs, parseMail } = bind({ facts, prefixOf: () => rig })
  const roleOf = new Map<string, Role>()
  const interned = new Map<string, number>()
  const stored = new Map<string, Stored>()
  const turns = new Map<
    string,
    { after: Stored; status: 'active' | 'done'; promises: readonly Promised[]; handled: boolean }
  >()
  const beginnings = new Map<string, { after: Stored; promises: readonly Promised[] }>()

  const intern = (text: string): number => {
    const known = interned.get(text)
    if (known !== undefined) return known
    interned.set(text, interned.size + 1)
    return interned.size
  }
  const theRole = (address: string): Role => {
    const known = roleOf.get(address)
    if (known) return known
    const role = roles.find((each) => each.owns(address))
    if (!role) throw new Violation(`nobody is at ${address}`)
    roleOf.set(address, role)
    return role
  }
  const keep = (machine: Role, snapshot: AnyMachineSnapshot): Stored => {
    const text = persist(machine.machine, snapshot)
    const known = stored.get(text)
    if (known) return known
    const { value, context } = JSON.parse(text) as { value: Json; context: JsonObject }
    const made = {
      id: stored.size + 1,
      machine,
      snapshot: restore(machine.machine, JSON.parse(text)),
      seen: { value, context },
    }
    stored.set(text, made)
    return made
  }

  const around = makeSurroundings(scope, specs, mailOf)

  const start = (): TownState => {
    const world = new World(scope.issues, scope.polecats)
    const empty: TownState = {
      actors: new Map(),
      mail: [],
      effects: [],
      timers: [],
      slots: [],
      world,
      held: false,
      paused: false,
      faults: scope.faults,
      commands: scope.commands,
      races: 0,
      dead: [],
    }
    return { ...empty, mail: [mailOf('overseer', 'mayor/', 'work.requested', { rig, epic })] }
  }

  function mailOf(
    from: string,
    to: string,
    type: string,
    body: unknown,
    more: { id?: string; invokeId?: string; timerId?: string } = {},
  ): Mail {
    const parsed = type.startsWith('xstate.') ? (body as JsonObject) : parseMail(type, body)
    const id = more.id ?? `m:${from}>${to}:${type}`
    return {
      key: intern(JSON.stringify([id, from, to, type, parsed, more.invokeId, more.timerId])),
      id,
      from,
      to,
      type,
      body: parsed,
      invokeId: more.invokeId,
      timerId: more.timerId,
    }
  }

  /** The turn of one mail: the host's `playMail`, on values. */
  function handle(state: TownState): TownState {
    const [mail, ...rest] = state.mail as [Mail, ...Mail[]]
    const next = { ...state, mail: rest as readonly Mail[] }
    const role = theRole(mail.to)
    const actor = state.actors.get(mail.to)
    const asleep = !actor || actor.status === 'done'
    const internal = mail.invokeId !== undefined || mail.timerId !== undefined
    const mayBegin = (role.begins ?? [...role.accepts, ...role.ignores]).includes(mail.type)
    if (!role.accepts.includes(mail.type) && !role.ignores.includes(mail.type) && !internal)
      return { ...next, dead: [...next.dead, `${mail.to} does not understand ${mail.type}`] }
    if (asleep) {
      if (internal || (role.ignores.includes(mail.type) && !(role.begins ?? role.accepts).includes(mail.type)))
        return next
      if (!mayBegin) return { ...next, dead: [...next.dead, `${mail.to} is not there; ${mail.type} does not begin it`] }
    }
    const incarnation = asleep ? (actor?.incarnation ?? 0) + 1 : actor.incarnation
    const opening = asleep ? beginning(role, mail.to, incarnation) : undefined
    const before = opening?.after ?? (actor as Actor).stored
    const turn = turnOf(before, mail)
    if (!turn.handled && !internal && !role.ignores.includes(mail.type))
      next.dead = [...next.dead, `in ${JSON.stringify(before.seen.value)} ${mail.to} does not understand ${mail.type}`]
    if (!turn.handled && !opening) return next
    const actors = new Map(state.actors)
    actors.set(mail.to, { incarnation, status: turn.status, stored: turn.after })
    const after = {
      ...next,
      actors,
      timers: asleep ? next.timers.filter(({ address }) => address !== mail.to) : next.timers,
    }
    return promised(after, mail.to, [...(opening?.promises ?? []), ...turn.promises])
  }

  function beginning(role: Role, address: string, incarnation: number) {
    const key = `${address}:${incarnation}`
    const known = beginnings.get(key)
    if (known) return known
    const { snapshot, promises } = begin(role.machine, role.input(address, incarnation))
    const made = { after: keep(role, snapshot), promises }
    beginnings.set(key, made)
    return made
  }

  function turnOf(before: Stored, mail: Mail) {
    const key = `${before.id}:${mail.key}`
    const known = turns.get(key)
    if (known) return known
    const event = { ...mail.body, type: mail.type, from: mail.from, at: 0, mailId: mail.id }
    const { snapshot, promises, handled } = play(before.machine.machine, before.snapshot, event)
    const made = {
      after: handled ? keep(before.machine, snapshot) : before,
      status: snapshot.status === 'active' ? ('active' as const) : ('done' as const),
      promises,
      handled,
    }
    turns.set(key, made)
    return made
  }

  function promised(state: TownState, address: string, promises: readonly Promised[]): TownState {
    let { mail, effects, timers, slots, world } = state
    const effect = (name: string, invokeId: string | null, input: unknown) => {
      const spec = specs[name]
      if (!spec) throw new Violation(`${address} promises ${name}, which nobody knows`)
      // A copy for people changes nothing that can be looked at here.
      if (name === 'fileMessage') return
      const parsed = spec.parseInput(input)
      effects = [
        ...effects,
        {
          key: intern(JSON.stringify([address, invokeId, name, parsed])),
          address,
          invokeId,
          name,
          input: parsed,
          lane: spec.lane(parsed),
          started: false,
        },
      ]
    }
    for (const promise of promises) {
      if (promise.kind === 'timer')
        timers = [
          ...timers.filter((each) => each.address !== address || each.id !== promise.id),
          { address, id: promise.id },
        ]
      else if (promise.kind === 'cancelTimer') {
        timers = timers.filter((each) => each.address !== address || each.id !== promise.id)
        mail = mail.filter((each) => each.to !== address || each.timerId !== promise.id)
      } else if (promise.kind === 'invoke') effect(promise.name, promise.id, promise.input)
      else if (promise.kind === 'stop') {
        effects = effects.filter((each) => each.address !== address || each.invokeId !== promise.id)
        mail = mail.filter((each) => each.to !== address || each.invokeId !== promise.id)
      } else
        for (const params of (Array.isArray(promise.params) ? promise.params : [promise.params]) as Record<
          string,
          unknown
        >[]) {
          if (promise.name === 'mail')
            mail = [...mail, mailOf(address, String(params.to), String(params.type), params.body)]
          else if (promise.name === 'reply') world = answered(world, params as { to: string | null; ok: boolean })
          else if (promise.name === 'claimSlot') {
            const holder = String(params.holder)
            if (slots.includes(holder)) continue
            if (slots.length >= scope.polecats)
              throw new Violation(`${holder} is given a place, and all ${scope.polecats} are taken (invariant 5)`)
            slots = [...slots, holder].sort()
          } else if (promise.name === 'freeSlot') slots = slots.filter((holder) => holder !== params.holder)
          else if (promise.name !== 'note' && promise.name !== 'acceptCapacity') effect(promise.name, null, params)
        }
    }
    return { ...state, mail, effects, timers, slots, world }
  }

  /** An agent hears at once what its handoff came to. */
  function answered(world: World, { to, ok }: { to: string | null; ok: boolean }): World {
    const id = to?.startsWith('ask:') ? to.slice(4) : undefined
    const agent = id === undefined ? undefined : world.agents.get(id)
    if (!agent) return world
    const next = world.clone()
    Object.assign(next.agents.get(agent.id) as Agent, { asked: null, done: ok })
    return next
  }

  /** Everything that may happen next. */
  function choices(state: TownState): Choice[] {
    const list: Choice[] = []
    if (state.mail.length > 0)
      list.push({
        words: `${state.mail[0]?.to} hears ${state.mail[0]?.type} from ${state.mail[0]?.from}`,
        from: 'town',
        next: () => settled(handle(state)),
      })
    if (state.mail.length > 0 && (state.races >= scope.races || state.mail.length >= scope.mailboxMax)) return list
    const racing = state.mail.length > 0 ? { ...state, races: state.races + 1 } : state
    const add = (words: string, from: Choice['from'], next: (state: TownState) => TownState) => {
      if (from === 'fault' && state.faults === 0) return
      if (from === 'overseer' && state.commands === 0) return
      const paid =
        from === 'fault'
          ? { ...racing, faults: racing.faults - 1 }
          : from === 'overseer'
            ? { ...racing, commands: racing.commands - 1 }
            : racing
      list.push({ words, from, next: () => next(paid) })
    }
    around.effects(state, add)
    for (const { address, id } of state.timers)
      add(`the timer ${id} of ${address} fires`, 'town', (now) => ({
        ...now,
        timers: now.timers.filter((each) => each.address !== address || each.id !== id),
        mail: [...now.mail, mailOf(address, address, id, {}, { timerId: id })],
      }))
    around.agents(state, add)
    around.outside(state, add)
    // Longer than anything else takes: whoever still lives and does nothing has been silent for too long.
    if (!list.some(({ from }) => from === 'town'))
      for (const { id, polecat, state: health } of state.world.agents.values())
        if (health === 'alive') add(`${polecat}'s agent has been silent for too long`, 'town', around.fallsSilent(id))
    return list
  }

  /** A burst is over when all mail is handled. */
  const settled = (state: TownState): TownState =>
    state.mail.length === 0 && state.races > 0 ? { ...state, races: 0 } : state

  function view(state: TownState): TownView {
    const { world } = state
    return {
      rig,
      maxWorkers: scope.polecats,
      actors: [...state.actors].map(
        ([
          address,
          {
            status,
            stored: { machine, seen },
          },
        ]) => ({ address, role: machine.name, status, ...seen }),
      ),
      slots: state.slots,
      deadLetters: state.dead,
      timers: state.timers,
      held: state.held,
      sessions: world.live(),
      worktrees: [...world.worktrees.keys()],
      issues: [...world.issues.values()],
      mainHas: (issue) => world.mainHas(issue),
      mainIsGreen: world.isGreen(world.originMain),
      waiting: state.mail.length,
      openEffects: state.effects.map(({ address }) => address),
    }
  }

  return {
    start,
    choices,
    view,
    /** Throws a Violation. `quiet`: nothing of the town's own can happen any more. */
    check(state: TownState, quiet: boolean): void {
      const seen = view(state)
      check(always, seen)
      if (quiet) check(atRest, seen)
    },
    /** Equal for states in which the same can happen. */
    key(state: TownState): string {
      const actors = [...state.actors]
        .map(
          ([
            address,
            {
              incarnation,
              status,
              stored: { id },
            },
          ]) => `${intern(address)}.${incarnation}${status[0]}${id}`,
        )
        .sort()
      return [
        actors.join(','),
        state.mail.map(({ key }) => key).join(','),
        state.effects.map(({ key, started }) => (started ? -key : key)).join(','),
        state.timers
          .map(({ address, id }) => intern(`${address} ${id}`))
          .sort()
          .join(','),
        state.slots.join(','),
        intern(state.world.key()),
        `${state.held ? 'h' : ''}${state.paused ? 'p' : ''}`,
        state.faults,
        state.commands,
        state.races,
        state.dead.length,
      ].join('|')
    },
  }
}
