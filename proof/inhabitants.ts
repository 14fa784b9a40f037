// Inhabitants: who lives in a simulated town and what they do, by chance: agents that work, err, go astray and die;
// people who command, push, take issues and delete folders.
// Never: handles mail, or knows what a machine intends; they see what people and agents see.
import type { PolecatContext } from '../machines/incarnation.ts'
import type { MayorContext } from '../machines/mayor.ts'
import { runSpeaks } from '../machines/session.ts'
import type { WitnessContext } from '../machines/witness.ts'
import type { Host, JsonObject } from '../runtime/contract.ts'
import { type Conversation, compact, endTurn } from './conversation.ts'
import { Violation } from './invariants.ts'
import { type Agent, rig, type World } from './world.ts'

/** The town as they find it. */
export interface Stage {
  world: World
  host(): Host
  chance(part: number): boolean
  pick<T>(list: readonly T[]): T
  post(from: string, to: string, type: string, body?: JsonObject): string
  /** A line of the story. */
  say(line: string): void
  /** Agents die, err and go astray. */
  reckless(): boolean
}

/** It crashes, goes without a word, or falls silent. */
export function ends(world: World, agent: Agent, state: 'dead' | 'frozen', exitCode = agent.exitCode): void {
  Object.assign(agent, { state, exitCode })
  world.tries.befell(agent)
  world.service.mayForget(agent)
}

export function makeAgents({ world, host, chance, pick, post, reckless }: Stage) {
  const writes = (agent: Agent, red: boolean) => {
    world.write(agent)
    world.commitAll(agent, red)
  }
  const errs = () => reckless() && chance(0.2)
  let notes = 0
  const noteOf = (agent: Agent) => `half of ${agent.issue} is done, says note ${++notes}`

  /** What one that is alive does next. */
  return function act(agent: Agent): void {
    world.purse.use(agent.issue)
    if (reckless() && chance(0.05)) {
      endsByItself(agent)
      return
    }
    if (agent.talk) {
      world.service.hears(agent.talk, agent)
      if (world.service.isHeldUp(agent.talk)) {
        // Some programs do not wait.
        if (world.service.accounts.length > 0 && reckless() && chance(0.3)) ends(world, agent, 'dead', 1)
        return
      }
    }
    if (agent.talk && reckless() && chance(0.08)) stops(agent.talk, agent)
    else if (agent.talk && reckless() && chance(0.03)) beginsAnew(agent)
    else if (reckless() && chance(0.025)) asksForAnother(agent)
    else if (agent.talk && reckless() && chance(0.04)) goesOn(agent.talk)
    else if (agent.talk && reckless() && chance(0.02)) asksSomething(agent.talk, agent)
    else if (!world.worktrees.has(agent.polecat)) ends(world, agent, 'frozen')
    else if (agent.asked !== null) hears(agent)
    else if (reckless() && chance(0.04)) goesItsWay(agent)
    else works(agent)
    // A server that it wanted to look at its pages with, and forgot.
    if (reckless() && chance(0.05)) world.leave(agent)
    // Whoever was left behind works on, whatever has become of its session.
    for (const left of world.left.values()) if (chance(0.1) && world.worktrees.has(left.polecat)) world.write(left)
  }

  function works(agent: Agent): void {
    if (!reckless()) world.tidyUp(agent)
    else if (chance(0.05)) pick([world.goAstray, world.leaveUnfinished]).call(world, agent)
    const mood = pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    if (!reckless() && (agent.mendsConflict || world.isRed(agent))) writes(agent, false)
    else if (mood < 3 || !world.aheadOfMain(agent)) {
      world.write(agent)
      if (mood > 0) world.commitAll(agent, errs())
    } else if (mood < 5) world.commitAll(agent, errs())
    else asks(agent)
  }

  /** It says by its issue what it has come to, and goes. */
  function goesItsWay(agent: Agent): void {
    const how = pick(['closed', 'open', 'blocked', 'given away'] as const)
    if (how === 'closed') world.closeOwn(agent)
    else if (how === 'given away') world.giveAway(agent)
    else world.giveUpOwn(agent, how)
    ends(world, agent, 'dead', 0)
  }

  /** It notes where it is, once or several times, and begins a new conversation. */
  function beginsAnew(agent: Agent): void {
    if (!runSpeaks(host().actor(`${agent.address}/session`), agent.epoch)) return
    for (let more = pick([0, 0, 2]); more > 0; more--)
      post(agent.address, agent.address, 'message.sent', { subject: 'Where I am', body: noteOf(agent) })
    post(agent.address, agent.address, 'cycle.requested', { note: noteOf(agent) })
    world.service.mayEnd(agent)
  }

  /** It says so in its state.json, with or without a note in its mail, and stops, or goes, however that looks. */
  function asksForAnother(agent: Agent): void {
    agent.asksToCycle = true
    world.service.mayEnd(agent)
    if (chance(0.5) && runSpeaks(host().actor(`${agent.address}/session`), agent.epoch))
      post(agent.address, agent.address, 'message.sent', { subject: 'Where I am', body: noteOf(agent) })
    if (agent.talk && chance(0.5)) endTurn(agent.talk, 'done')
    else Object.assign(agent, { state: 'dead', exitCode: pick([0, 1, 137]) })
  }

  /** Its conversation goes on for long, or loses its beginning. */
  function goesOn(talk: Conversation): void {
    if (chance(0.5)) talk.isOld = true
    else compact(talk)
  }

  /** It asks the Overseer, and waits for the answer. */
  function asksSomething(talk: Conversation, agent: Agent): void {
    if (!runSpeaks(host().actor(`${agent.address}/session`), agent.epoch)) return
    post(agent.address, agent.address, 'question.asked', { question: 'Which of the two?' })
    endTurn(talk, 'done')
  }

  /** Its turn is over, and it has not said how it ended. */
  function stops(talk: Conversation, agent: Agent): void {
    const end = pick(['done', 'done', 'done', 'done', 'interrupted', 'failed', 'overlong'] as const)
    endTurn(talk, end)
    if (end === 'overlong' || (end === 'failed' && world.tries.wasFailed(agent))) world.service.mayEnd(agent)
  }

  /** It dies, falls silent, or nothing is left of its session. */
  function endsByItself(agent: Agent): void {
    const how = pick(['dead', 'dead', 'frozen', 'lost'] as const)
    if (how === 'lost') {
      world.agents.delete(agent.id)
      // With its evidence: nobody can know what it has heard.
      world.service.lose(agent.talk)
      world.service.mayEnd(agent)
      world.tries.befell(agent)
    } else ends(world, agent, how, pick([0, 1, 137]))
  }

  /** The answer to its handoff. */
  function hears(agent: Agent): void {
    const reply = host().reply(agent.asked as string)
    if (!reply) return
    agent.asked = null
    if (reply.ok) {
      agent.done = true
      if (reckless() && chance(0.1)) world.write(agent)
      if (reckless() && chance(0.1)) writes(agent, errs())
      if (chance(0.2)) world.closeOwn(agent)
      return
    }
    world.tidyUp(agent)
    writes(agent, errs())
  }

  function asks(agent: Agent): void {
    if (!runSpeaks(host().actor(`${agent.address}/session`), agent.epoch)) return
    if (agent.epoch < world.newestEpoch(agent.address))
      throw new Violation(
        `epoch ${agent.epoch} speaks for ${agent.address}, which is at ${world.newestEpoch(agent.address)} (invariant 3)`,
      )
    const outcome = reckless() && chance(0.1) ? pick(['no_change', 'blocked', 'cannot', 'given_back']) : 'work'
    const other = pick([...world.issues.keys()])
    const blockedBy = outcome === 'blocked' && world.mayWaitFor(agent.issue, other) ? other : null
    agent.asked = post(agent.address, agent.address, 'handoff.requested', { outcome, reason: 'it says so', blockedBy })
  }
}

/** What the Overseer does about what they were told. */
export function makeOverseer({ world, host, post }: Stage) {
  return {
    askForStuck(fresh: boolean): void {
      for (const issue of world.issues.values())
        if (issue.status === 'blocked') post('overseer', 'mayor/', 'work.requested', { rig, issues: [issue.id], fresh })
    },
    /** Whether anybody waited for an answer. */
    answerAll(): boolean {
      const waits = ({ address }: Agent) =>
        (host().actor(address)?.context as PolecatContext | undefined)?.waitsForAnswer === true
      const all = world.live().filter(waits)
      for (const { address } of all) post('overseer', address, 'message.sent', { subject: 'The first' })
      return all.length > 0
    },
    takeDownAgain(): void {
      for (const { cause } of (host().actor('mayor/')?.context as MayorContext | undefined)?.escalations ?? []) {
        const polecat = /\/remains\/(.+)$/.exec(cause)?.[1]
        if (polecat) post('overseer', `${rig}/witness`, 'session.stopRequested', { polecat })
      }
    },
  }
}

/** What the player of the town does for people; the rest they do themselves. */
export interface Commands {
  stopOrGo(): void
  askForStuck(fresh: boolean): void
  /** `max_workers` becomes this. */
  configure(most: number): void
  /** More issues than this are not filed. */
  issuesMax: number
  filed(id: string): void
  workersMax: number
  /** Something becomes of the file that the issues are in. */
  beadsGo(): void
  /** The Overseer changes budgets; not where there are none. */
  budget?: (() => void) | undefined
  /** The clock on the wall is set, or the machine sleeps, for so many milliseconds. */
  clockMoves(ms: number): void
}

/** What people do; one of these at a time. */
export function makePeople(
  { world, host, chance, pick, post, say }: Stage,
  commands: Commands,
): readonly (() => void)[] {
  const issue = () => pick([...world.issues.keys()])
  const toggle =
    (what: 'originAway' | 'originRefuses' | 'originDenies' | 'gatesBroken' | 'gitBroken' | 'beadsFull') => () => {
      // More often well than not: with all at once nothing ever lands.
      world[what] = !world[what] && chance(0.4)
    }
  /** Somebody writes to the rig's beads; the daemon sees it. */
  const byHand = (what: () => void) => {
    what()
    post('daemon', `${rig}/witness`, 'issues.changed')
  }
  /** An account is used up, refused, or fine again. */
  const befalls = () => {
    const { service } = world
    const account = service.accounts.length > 0 ? pick(service.accounts) : ''
    const isFine = !service.isMissing && !service.held.has(account)
    const troubles = ['limited', 'overdue', 'refused', 'missing', ...(account === '' ? [] : ['gone' as const])] as const
    // One whose time is over stays so for a while: it is asked again, and again.
    if (service.held.get(account) === 'overdue' && chance(0.8)) return
    const next = isFine ? pick(troubles) : 'fine'
    service.isMissing = next === 'missing'
    if (next === 'fine') service.held.delete(account)
    else if (next !== 'missing') service.held.set(account, next)
    say(`the account ${account || 'of the agents'}: ${next}`)
  }
  return [
    commands.stopOrGo,
    () => post('overseer', `${rig}/refinery`, 'queue.poked'),
    () => commands.askForStuck(chance(0.3)),
    () => world.foreignPush(chance(0.5) ? issue() : null, chance(0.1)),
    toggle('originAway'),
    toggle('originRefuses'),
    toggle('originDenies'),
    toggle('gatesBroken'),
    toggle('gitBroken'),
    () => post('overseer', `${rig}/refinery`, 'queue.removal', { issue: issue(), why: 'not now' }),
    toggle('beadsFull'),
    () => byHand(() => (world.taken().length > 0 ? world.giveBack() : world.take(issue()))),
    () => {
      const id = issue()
      if (world.issues.get(id)?.status === 'blocked' || chance(0.5)) byHand(() => world.letGo(id))
    },
    () => {
      // As the door does: one that has a worker's name now.
      const workers = Object.keys(
        (host().actor(`${rig}/witness`)?.context as WitnessContext | undefined)?.workers ?? {},
      )
      const type = chance(0.7) ? 'session.stopRequested' : 'session.resumeRequested'
      if (workers.length > 0) post('overseer', `${rig}/witness`, type, { polecat: pick(workers) })
    },
    () => {
      const agent = world.live().find((each) => host().actor(each.address)?.status === 'active')
      if (agent) post('overseer', agent.address, 'handoff.requested')
    },
    () => {
      const id = `w-${world.issues.size + 1}`
      if (world.issues.size >= commands.issuesMax) return
      byHand(() => {
        world.file(id)
        commands.filed(id)
      })
    },
    () => commands.clockMoves(pick([1, -1, 8, -24, 365 * 24]) * 3_600_000),
    () => {
      if (!chance(0.3)) return
      say('what holds the sessions ends, and they with it')
      world.endServer()
    },
    commands.beadsGo,
    befalls,
    // Where there are several, it is of them that much happens.
    ...world.service.accounts.flatMap(() => Array.from({ length: 5 }, () => befalls)),
    () => {
      // To somebody at work, or to where nobody is; now and then much at once.
      const to = pick([...world.live().map(({ address }) => address), `${rig}/polecats/Slit`, `${rig}/crew/ann`])
      const from = pick(['overseer', 'overseer', `${rig}/refinery`])
      for (let many = pick([1, 1, 6]); many > 0; many--) post(from, to, 'message.sent', { subject: 'How is it going?' })
    },
    ...(commands.budget ? [commands.budget] : []),
    () => commands.configure(pick(Array.from({ length: commands.workersMax }, (_, n) => n + 1))),
    () => {
      const [polecat] = [...world.worktrees.keys()]
      if (!polecat || !chance(0.3)) return
      say(`somebody deletes the worktree of ${polecat}`)
      world.loseWorktree(polecat)
    },
  ]
}
