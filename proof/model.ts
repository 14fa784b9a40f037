// Model: a whole town in memory, as the host would play it, made to be copied: every state is a value, and what may
// happen next is a list.
// The machines are the production machines, and what a mail leads to is the production plan. Time is left out: an
// armed timer may fire
// at any moment; while mail waits, as often as `races` allows.
// Never: holds more than the host does; where both are played side by side they must agree
// (`test/models/explore.test.ts`).
import { bind } from '../actors/binding.ts'
import type { HostOptions, Json, JsonObject, Role } from '../runtime/contract.ts'
import { plan, understands, type Write } from '../runtime/plan.ts'
import { restore } from '../runtime/turn.ts'
import { always, atRest, check, type TownView, Violation } from './invariants.ts'
import type { Actor, Choice, Mail, Scope, Stored, TownState } from './state.ts'
import { makeSurroundings } from './surroundings.ts'
import { type Agent, epic, limits, rig, World } from './world.ts'

/** What a turn leads to, and the actor after it; undefined when the mail changed nothing of it. */
interface Planned {
  writes: readonly Write[]
  after: Stored | undefined
}

/** Longer than anything is set aside, in milliseconds; not so long that what was learnt is doubted. */
const longest = 600_000

const withoutTimer = (timers: TownState['timers'], address: string, id: string) =>
  timers.filter((each) => each.address !== address || each.id !== id)

export function makeModel(scope: Scope) {
  const facts = {
    rigs: () => [rig],
    rig: () => ({
      maxWorkers: scope.polecats,
      spawnDelayMs: 0,
      ...limits,
      sessionTries: scope.tries,
      mergeTries: scope.tries,
      retireTries: scope.tries,
      budgets: Object.fromEntries(
        Object.entries(scope.budgets ?? {}).map(([which, budget]) => [which, String(budget)]),
      ),
    }),
    hasPlugin: () => false,
  }
  const rules: Pick<HostOptions, 'roles' | 'effects' | 'parseMail' | 'refuses'> = bind({ facts, prefixOf: () => rig })
  const roleOf = new Map<string, Role>()
  const interned = new Map<string, number>()
  const stored = new Map<string, Stored>()
  const plans = new Map<string, Planned>()

  const intern = (text: string): number => {
    const known = interned.get(text)
    if (known !== undefined) return known
    interned.set(text, interned.size + 1)
    return interned.size
  }
  const theRole = (address: string): Role => {
    const known = roleOf.get(address)
    if (known) return known
    const role = rules.roles.find((each) => each.owns(address))
    if (!role) throw new Violation(`nobody is at ${address}`)
    roleOf.set(address, role)
    return role
  }
  const keep = (machine: Role, text: string): Stored => {
    const known = stored.get(text)
    if (known) return known
    const persisted = JSON.parse(text) as JsonObject & { value: Json; context: JsonObject }
    const { value, context } = persisted
    const snapshot = restore(machine.machine, persisted)
    const made = { id: stored.size + 1, machine, snapshot, seen: { value, context } }
    stored.set(text, made)
    return made
  }

  const around = makeSurroundings(scope, rules.effects, mailOf)

  const start = (): TownState => {
    const world = new World(scope.issues, scope.polecats)
    world.purse.budgets = scope.budgets ?? {}
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
    const parsed = type.startsWith('xstate.') ? (body as JsonObject) : rules.parseMail(type, body)
    return mailWith(from, to, type, parsed, more)
  }

  function mailWith(
    from: string,
    to: string,
    type: string,
    body: JsonObject,
    { id = `m:${from}>${to}:${type}`, invokeId, timerId }: { id?: string; invokeId?: string; timerId?: string } = {},
  ): Mail {
    const key = intern(JSON.stringify([id, from, to, type, body, invokeId, timerId]))
    return { key, id, from, to, type, body, invokeId, timerId }
  }

  function handle(state: TownState): TownState {
    const [mail, ...rest] = state.mail as [Mail, ...Mail[]]
    return folded({ ...state, mail: rest }, mail.to, planned(state.actors.get(mail.to), mail))
  }

  /** The plan of a turn, kept: the same mail to the same actor leads to the same. */
  function planned(actor: Actor | undefined, mail: Mail): Planned {
    const key = actor ? `${mail.key}:${actor.incarnation}${actor.status}${actor.stored.id}` : String(mail.key)
    const known = plans.get(key)
    if (known) return known
    const role = theRole(mail.to)
    // The model counts no turns: no two effects of one state are told apart by their keys.
    const life = actor && { ...actor, revision: 0, snapshot: () => actor.stored.snapshot }
    const heard = { ...mail, timerId: mail.timerId ?? null, causeId: null }
    // No time passes but what one waits for: what is to be tried again by then is tried again.
    const writes = plan(rules, role, life, heard, mail.timerId === undefined ? 0 : longest)
    const after = writes.find((write) => write.kind === 'actor')
    const made = { writes, after: after && keep(role, after.text) }
    plans.set(key, made)
    return made
  }

  /** The town after a plan, as the host writes it into its store. */
  function folded(state: TownState, address: string, { writes, after }: Planned): TownState {
    const next = { ...state }
    for (const write of writes) {
      switch (write.kind) {
        case 'undelivered':
          next.dead = [...next.dead, write.reason]
          break
        case 'begin':
          next.timers = next.timers.filter((each) => each.address !== address)
          break
        case 'actor': {
          const { incarnation, status } = write
          next.actors = new Map(next.actors).set(address, { incarnation, status, stored: after as Stored })
          break
        }
        case 'mail': {
          const why = obstacle(address, write)
          if (why === undefined) next.mail = [...next.mail, mailWith(address, write.to, write.type, write.body)]
          else next.dead = [...next.dead, why]
          break
        }
        case 'reply':
          next.world = answered(next.world, write.to, write.reply.ok)
          break
        case 'claimSlot':
          next.slots = withHolder(next.slots, write.holder)
          break
        case 'freeSlot':
          next.slots = next.slots.filter((holder) => holder !== write.holder)
          break
        case 'effect': {
          // A copy for people, and how far that has come, change nothing that can be looked at here.
          if (write.name === 'fileMessage' || write.name === 'noteReceipt') break
          const { invokeId, name, input, lane } = write
          const key = intern(JSON.stringify([address, invokeId, name, input]))
          next.effects = [...next.effects, { key, address, invokeId, name, input, lane, started: false }]
          break
        }
        case 'cancelEffect':
          next.effects = next.effects.filter((each) => each.address !== address || each.invokeId !== write.invokeId)
          next.mail = next.mail.filter((each) => each.to !== address || each.invokeId !== write.invokeId)
          break
        case 'timer':
          next.timers = [...withoutTimer(next.timers, address, write.id), { address, id: write.id }]
          break
        case 'cancelTimer':
          next.timers = withoutTimer(next.timers, address, write.id)
          next.mail = next.mail.filter((each) => each.to !== address || each.timerId !== write.id)
      }
    }
    return next
  }

  /** Why a machine's mail is a dead letter at once; a full mailbox is left out. */
  function obstacle(from: string, { to, type }: Extract<Write, { kind: 'mail' }>): string | undefined {
    const role = theRole(to)
    if (!understands(role, type)) return `${to} does not understand ${type}`
    return rules.refuses?.({ from, to, type })
  }

  function withHolder(slots: readonly string[], holder: string): readonly string[] {
    if (slots.includes(holder)) return slots
    if (slots.length >= scope.polecats)
      throw new Violation(`${holder} is given a place, and all ${scope.polecats} are taken (invariant 5)`)
    return [...slots, holder].sort()
  }

  /** An agent hears at once what its handoff came to. */
  function answered(world: World, to: string, ok: boolean): World {
    const id = to.startsWith('ask:') ? to.slice(4) : undefined
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
        timers: withoutTimer(now.timers, address, id),
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
      left: [...world.left.values()],
      worktrees: [...world.worktrees.keys()],
      issues: [...world.issues.values()],
      mainHas: (issue) => world.mainHas(issue),
      mainIsGreen: world.isGreen(world.originMain),
      usedUp: world.purse.usedUp(world.issues.keys()),
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
