// Simulation: deterministic. The production machines on the production host and store, with chance choosing what
// happens next, crashes included.
// One seed is one story; the same seed is the same story. Invariants are checked in the world after every step, and
// at rest.
// Never: uses a clock or chance of its own; all of both comes from the seed.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bind } from '../actors/binding.ts'
import { polecatOf } from '../machines/address.ts'
import type { ActorState, Host, JsonObject, Store } from '../runtime/contract.ts'
import { openHost, openSqliteStore, seededRandom, virtualClock } from '../runtime/open.ts'
import { Crash, kept, mortal } from './crash.ts'
import { makePast, mustBeGiven, timersIn, underWay } from './evidence.ts'
import { makeFlights } from './flights.ts'
import { ends, makeAgents, makeOverseer, makePeople, type Stage } from './inhabitants.ts'
import { always, check as checkAll, atRest as restful, type TownView, Violation } from './invariants.ts'
import { type Purse, someBudgets } from './purse.ts'
import { clearForgotten, forgetRecords, makeShelf } from './shelf.ts'
import type { SimOptions, SimResult } from './story.ts'
import { makeWishes } from './wishes.ts'
import { freshIssue, limits, rig, type SimIssue, World } from './world.ts'

const shm = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export function simulate({
  seed,
  steps = 250,
  issues: count = 3,
  maxWorkers = 2,
  safety = false,
  trace = false,
  plugins = [],
  heard,
}: SimOptions): SimResult {
  const random = seededRandom(seed)
  const chance = (part: number) => random.uint32() / 2 ** 32 < part
  const pick = <T>(list: readonly T[]): T => list[random.uint32() % list.length] as T
  const dir = mkdtempSync(join(shm, 'sim-'))
  const clock = virtualClock(1_000_000)
  const issues: SimIssue[] = Array.from({ length: count }, (_, n) => ({
    ...freshIssue(`w-${n + 1}`),
    after: n > 0 && chance(0.4) ? [`w-${n}`] : [],
  }))
  const world = new World(issues, maxWorkers)
  world.service.spoken = chance(0.6)
  const story: string[] = []
  const say = (line: string) => {
    if (story.length > 4000) story.shift()
    story.push(`${((clock.watched() - 1_000_000) / 1000).toFixed(1).padStart(8)} s  ${line}`)
  }
  const spawnDelayMs = chance(0.3) ? 2000 : 0
  const byIssue = chance(0.3)
  /**
   * `max_workers` as the rig's configuration has it now, and the most workers there may still be because it was more.
   */
  let allowed = maxWorkers
  let workersMax = maxWorkers
  // Chance of their own: towns without budgets are what they would be if there were none at all.
  const thrift = seededRandom(seed ^ 0x6275)
  world.purse.now = clock.watched
  if (thrift.uint32() % 3 === 0) world.purse.budgets = someBudgets(thrift)
  const wealth = Math.max(0, (seededRandom(seed ^ 0x6163).uint32() % 6) - 2)
  const accounts = ['claude/a', 'claude/b', 'claude/c'].slice(0, wealth)
  world.service.accounts = accounts
  let entitled = accounts.length > 0 ? { agent: 'claude', accounts, sharers: [] } : {}
  const facts = {
    rigs: () => [rig],
    rig: () => ({ ...limits, maxWorkers: allowed, spawnDelayMs, budgets: world.purse.words(), ...entitled }),
    hasPlugin: () => false,
  }
  const binding = bind({ facts, prefixOf: (name) => (name === undefined ? 'gm' : 'w') })
  const roles = [...plugins, ...binding.roles]
  const pluginAddresses = plugins.map((role) => `${rig}/plugins/${role.name.split('/').at(-1)}`)
  const past = makePast(roles)
  const copies: string[] = []
  /** One town in ten has a bad disk. */
  const losses = chance(0.1) ? 0.5 : 0.02
  const path = join(dir, 'town.db')
  // Its records are a file that is closed and opened again at each crash; those of the other nine outlive it in memory.
  const memory = losses > 0.1 ? undefined : openSqliteStore(':memory:')
  const openRecords = (): Store => (memory ? { ...memory, close: () => {} } : openSqliteStore(path))
  let store = openRecords()
  let looked: ReturnType<typeof storeView> | undefined
  /** Each actor as it was when last read, and those that had a turn since. */
  const actors = new Map<string, ActorState>()
  const changed = new Set<string>()
  const starts: number[] = []
  /** The mails with which the Overseer last said something. */
  let said: string[] = []
  let [crashIn, holders, crashes] = [0, 0, 0]
  let stopped = false
  let faults = true
  let host = open()

  function open(): Host {
    crashIn = 0
    const opened = openHost({
      store: mortal(
        store,
        () => crashIn > 0 && --crashIn === 0,
        () => {
          looked = undefined
        },
      ),
      clock,
      random,
      holder: `sim-${++holders}`,
      holderGone: () => true,
      ...binding,
      roles,
    })
    looked = undefined
    opened.onCommit((entries) => {
      // When the Witness gave it out: a town may be slow to hear it.
      for (const { mailType, mailId, from } of entries)
        if (mailType === 'worker.assigned' && from === `${rig}/witness`) starts.push(...past.saidAt(store, mailId))
      for (const { address } of entries) changed.add(address)
      for (const entry of entries) for (const note of entry.notes) say(`${entry.address}: ${note.text}`)
    })
    return opened
  }

  function crash(how: string): void {
    crashes++
    say(`— crash ${how} —`)
    flights.crash()
    const before = kept(store)
    const asOf = shelf.down()
    host.close()
    // While the town is down, nobody watches what passes.
    clock.advance(pick([0, 0, 5000, 86_400_000]))
    store = openRecords()
    host = open()
    if (kept(store) !== before) throw new Violation('a restart changed what was kept (invariant 11)')
    // The composition root asks each rig to look again, as the daemon does.
    post('daemon', `${rig}/witness`, 'issues.changed')
    shelf.begun()
    // Who brings an older copy back is told that what came after is not in it, and asks for what is to be done.
    if (asOf === 'older') wishes.ask()
  }

  /**
   * The town's records are lost while it is down, and the Overseer has an older copy of them brought back, or new ones
   * begun: sessions end, and what their workers left is kept.
   */
  function loseRecords(): void {
    crash('and its records are lost')
    const copy = pick([...copies.keys(), null])
    say(`gt restore daemon: ${copy === null ? 'new records' : `as in copy ${copy + 1} of ${copies.length}`}`)
    forgetRecords(world)
    // Of the workers there were then there may be more than there may be now.
    workersMax = Number.MAX_SAFE_INTEGER
    host.close()
    rmSync(path)
    if (copy !== null) copyFileSync(copies[copy] as string, path)
    past.begin()
    starts.length = 0
    actors.clear()
    changed.clear()
    store = openRecords()
    host = open()
    for (const { address } of store.all<{ address: string }>('SELECT address FROM actor')) changed.add(address)
    clearForgotten(world, knows)
    configured()
    resume()
    wishes.ask()
    shelf.begun()
  }

  const knows = (polecat: string, incarnation: number) => {
    const actor = host.actor(polecatOf(rig, polecat))
    return actor?.status === 'active' && actor.incarnation === incarnation
  }

  /** The records as they are now, to be brought back one day. */
  function copyRecords(): void {
    const copy = join(dir, `copy-${copies.length}.db`)
    store.run('VACUUM INTO ?', copy)
    copies.push(copy)
  }

  /** Runs what may die in the middle. */
  function mortally(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      crash('inside a transaction')
    }
  }

  const post = (from: string, to: string, type: string, body: JsonObject = {}) => host.post({ from, to, type, body }).id

  const stage: Stage = { world, host: () => host, chance, pick, post, say, reckless: () => faults }
  const wishes = makeWishes(stage, byIssue)
  const timesAsked = (cause: string) => past.seen(store).everAsked.filter((each) => each === cause).length
  const shelf = makeShelf(stage, { asked: timesAsked, losses })
  const isStart = (name: string) => binding.effects[name]?.starts === true
  const flights = makeFlights(stage, {
    ...{ starts: isStart, stopped: () => stopped, heard },
    begun: (effect) => mustBeGiven(store.all, effect),
  })
  const agentActs = makeAgents(stage)
  const { askForStuck, answerAll, takeDownAgain } = makeOverseer(stage)
  const people = makePeople(stage, {
    stopOrGo: () => (stopped ? resume() : stop()),
    askForStuck,
    configure: (most) => configure(most),
    issuesMax: count + 3,
    filed: wishes.filed,
    workersMax: maxWorkers + 1,
    beadsGo: shelf.go,
    budget: world.purse.isThere ? () => budget(chance(0.3) ? {} : someBudgets(thrift)) : undefined,
    clockMoves: (ms) => {
      say(`the clock moves by ${ms / 3_600_000} h`)
      clock.jump(ms)
    },
  })

  function stop(): void {
    say('overseer: stop --all')
    host.hold('*')
    post('overseer', `${rig}/witness`, 'rig.stopped', { why: 'stop --all' })
    // Heard: a crash in between ends the command with an error, and the Overseer knows.
    stopped = true
  }

  /** `max_workers` is changed, and which accounts the rig may use; and the daemon started anew, which reads it. */
  function configure(most: number): void {
    say(`max_workers is ${most} now`)
    allowed = most
    if (entitled.accounts) entitled = { ...entitled, accounts: accounts.slice(most % accounts.length) }
    crash('for a new configuration')
    configured()
  }

  const configured = () =>
    post('daemon', `${rig}/witness`, 'rig.configured', {
      ...{ maxWorkers: allowed, spawnDelayMs, judgedBy: String(allowed), budgets: world.purse.words(), ...entitled },
    })

  /** The Overseer changes budgets; the daemon reads that. */
  function budget(next: Purse['budgets']): void {
    say(`budgets are ${JSON.stringify(next)} now`)
    world.purse.budgets = next
    said = [configured()]
  }

  function comesToRest(): void {
    do if (!rest(5000)) throw new Violation(`it does not come to rest; alive: ${JSON.stringify(world.live())}`)
    while (answerAll())
    looked = undefined
    checkAll(restful, view())
    if (!world.hasOlderRecords) world.service.mustKnow(world.messages.keys())
  }

  function resume(): void {
    say('overseer: gt up')
    stopped = false
    for (const scope of host.holds()) host.release(scope)
    said = [post('overseer', `${rig}/witness`, 'rig.resumed')]
    if (accounts.length > 0) said.push(post('overseer', 'mayor/', 'account.released', { account: null, rigs: [] }))
  }

  /** What the store shows; read again only after it was written. */
  function storeView() {
    for (const address of changed) actors.set(address, host.actor(address) as ActorState)
    changed.clear()
    return {
      actors: [...actors.values()],
      slots: host.slots(`${rig}/workers`),
      deadLetters: host
        .deadLetters()
        .map(({ envelope, reason }) => `${envelope.type} from ${envelope.from} to ${envelope.to}: ${reason}`),
      timers: townTimers(),
      ...underWay(store),
      history: { spawnDelayMs, starts, ...past.seen(store, said), mayHaveCost },
      workersHeard: past.workersHeard(store) ?? maxWorkers,
    }
  }

  /** The daemon of a town that is at work for longer than its past is kept. */
  function prune(): void {
    past.judge(store)
    past.forget(store)
    // All of it: the clock may have been set back since.
    host.prune(Number.MAX_SAFE_INTEGER)
    crash('after what is over was pruned')
  }

  /** A plugin may wait for the next hour for ever; the town itself may not. */
  const townTimers = () => timersIn(store).filter(({ address }) => !pluginAddresses.includes(address))

  function view(): TownView {
    looked ??= storeView()
    // Who works already when there may be fewer, works on.
    workersMax = Math.max(allowed, looked.workersHeard, Math.min(workersMax, looked.slots.length))
    world.maxWorkers = workersMax
    return {
      ...looked,
      rig,
      maxWorkers: workersMax,
      held: stopped,
      sessions: world.live(),
      left: [...world.left.values()],
      worktrees: [...world.worktrees.keys()],
      issues: [...world.issues.values()].map((issue) => ({ ...issue, unasked: wishes.isUnasked(issue.id) })),
      mainHas: (issue) => world.mainHas(issue),
      mainIsGreen: world.isGreen(world.originMain),
      usedUp: world.purse.usedUp(world.issues.keys()),
    }
  }

  /** Of workers in older records nobody knows what befell them. */
  const mayHaveCost = (polecat: string, incarnation: number) =>
    world.hasOlderRecords ? Number.MAX_SAFE_INTEGER : world.tries.of({ polecat, incarnation })

  const check = () => checkAll(always, view())

  /** Turns, effects and, when nothing else is left, time; until nothing is due any more. */
  function rest(stepsMax: number): boolean {
    for (let n = 0; n < stepsMax; n++) {
      if (host.run(16) > 0) continue
      flights.take(16)
      const flight = flights.finishable()[0]
      if (flight) {
        flights.finish(flight)
        check()
        continue
      }
      const agent = world
        .live()
        .find(
          (each) =>
            each.state === 'alive' && !each.done && !each.talk?.idle && (each.asked === null || host.reply(each.asked)),
        )
      if (agent && !stopped) {
        agentActs(agent)
        // That takes its time, and what is due meanwhile happens.
        clock.advance(1000)
        host.fireTimers()
        continue
      }
      const due = host.nextDueAt()
      const pluginsOnly = plugins.length > 0 && townTimers().length === 0 && host.depth().effectsPending === 0
      if (due === null || pluginsOnly) {
        // Who still waits has been silent for longer than any limit.
        const silent = world.live().filter((each) => each.state === 'alive')
        for (const each of silent) ends(world, each, 'frozen')
        if (silent.length === 0) return true
        continue
      }
      clock.set(Math.max(clock.watched(), due))
      host.fireTimers()
    }
    return false
  }

  function liveness(): void {
    // While the Overseer's brake holds, everything ends and nothing begins.
    faults = false
    shelf.calm()
    world.calm()
    post('daemon', `${rig}/witness`, 'issues.changed')
    if (stopped) {
      if (!rest(5000)) throw new Violation('stopped, it does not come to rest')
      const [lives] = [...world.live().map(({ id }) => id), ...world.left.keys()]
      if (lives !== undefined) throw new Violation(`stopped, at rest, and something of ${lives} lives (invariant 10)`)
    }
    // The faults stop: left alone, the town comes to rest, and whatever has not landed somebody was told of.
    resume()
    comesToRest()
    // And when the Overseer sees to what they were told, all lands.
    for (let round = 0; round < 6 && [...world.issues.values()].some((issue) => issue.status !== 'closed'); round++) {
      resume()
      post('overseer', `${rig}/refinery`, 'queue.poked')
      if (world.purse.usedUp(world.issues.keys()).length > 0) budget({})
      takeDownAgain()
      askForStuck(false)
      wishes.ask()
      comesToRest()
    }
    const left = [...world.issues.values()].filter((issue) => issue.status !== 'closed')
    if (left.length > 0)
      throw new Violation(
        `${left.map((issue) => `${issue.id} (${issue.status})`).join(', ')} never landed, though all went well`,
      )
  }

  let [done, violation]: [number, string | null] = [0, null]
  try {
    wishes.ask()
    for (; done < steps; done++) {
      mortally(() => {
        if (chance(0.03)) crashIn = 1 + (random.uint32() % 25)
        const roll = random.uint32() % 100
        const alive = world.live().filter((agent) => agent.state === 'alive' && !agent.done && !agent.talk?.idle)
        const ready = flights.finishable()
        if (losses > 0.1 && roll === 99 && chance(0.5)) {
          if (copies.length < 3 && chance(0.6)) copyRecords()
          else loseRecords()
        } else if (roll < 1) crash('between two steps')
        else if (roll < 5) pick(people)()
        else if (pluginAddresses.length > 0 && chance(0.1))
          post(pick(['overseer', 'mayor/']), pick(pluginAddresses), 'message.sent', {
            subject: `Question ${done}`,
            body: 'What now?',
          })
        else if (roll < 9) {
          const due = host.nextDueAt()
          if (due !== null) clock.set(Math.max(clock.watched(), due))
          host.fireTimers()
        } else if (roll < 25 && alive.length > 0) agentActs(pick(alive))
        else if (roll < 50 && ready.length > 0) flights.finish(pick(ready))
        else if (host.run(1 + (random.uint32() % 3)) === 0) {
          const taken = flights.take(1 + (random.uint32() % 3))
          if (taken === 0 && ready.length > 0) flights.finish(pick(ready))
        }
        check()
      })
    }
    crashIn = 0
    if (chance(0.2)) prune()
    if (!safety) liveness()
    past.judge(store)
  } catch (error) {
    violation = error instanceof Violation ? error.message : `${(error as Error).stack}`
  }
  const turns = host.journal({ last: 1 })[0]?.seq ?? 0
  const escalated = [...world.messages.values()].filter((to) => to === 'overseer').length
  host.close()
  memory?.close()
  rmSync(dir, { recursive: true, force: true })
  return {
    seed,
    steps: done,
    crashes,
    turns,
    landed: world.landed.length,
    escalated,
    violation,
    story: trace || violation ? story : [],
  }
}
