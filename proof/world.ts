// World: the simulated outside world. Origin, refs, worktrees with uncommitted work, sessions, agents, issues. It
// outlives every crash of the host, and what is true is checked here.
// Every effect behaves as its real hand does: at least once, safe to repeat, with the same last guards. Commits are
// named by what they hold, so that two ways to the same world are one world.
// Never: asks the machines what they believe.
import { Commits } from './commits.ts'
import { type Conversation, copied, Service } from './conversation.ts'
import { Purse } from './purse.ts'
import { Tries } from './tries.ts'

interface Worktree {
  incarnation: number
  branch: string
  head: string
  /** Where it was begun. */
  start: string
  dirty: Set<string>
  /** What is checked out; null: no branch. */
  onBranch: string | null
  /** A merge was begun in it, and not ended. */
  unfinished: boolean
}
export interface Agent {
  id: string
  address: string
  polecat: string
  incarnation: number
  epoch: number
  issue: string
  state: 'alive' | 'frozen' | 'dead'
  exitCode: number | null
  /** It died with what held it. */
  cutOff: boolean
  mendsConflict: boolean
  asked: string | null
  /** It was told that its work is handed over: it waits to be ended. */
  done: boolean
  /** It says in its state.json that it wants a new conversation. */
  asksToCycle: boolean
  /** null: nobody speaks with it. */
  talk: Conversation | null
}
/** A process that a session left behind: it works on until what bears the mark of that session is ended. */
export interface Left {
  session: string
  address: string
  polecat: string
  issue: string
}
export interface SimIssue {
  id: string
  status: 'open' | 'in_progress' | 'blocked' | 'closed'
  assignee: string | null
  after: readonly string[]
  /** The worker that closed it itself; null: nobody, or somebody else. */
  closedBy: string | null
  /** Closed because there was nothing to change. */
  noChange: boolean
  escalated: boolean
  /** Somebody closed it by hand, without its work. */
  letGo: boolean
  /** The town, or somebody by hand, closed it once, whatever became of it since. */
  wasClosed: boolean
}

/** Whoever else works on issues. */
const somebody = 'somebody'

/** What a rig's roles begin with, but for its workers. */
export const limits = {
  sessionTries: 3,
  reminders: 1,
  cycles: 1,
  mergeTries: 3,
  retireTries: 1,
  gated: true,
  redMain: 'wait',
  tellForeign: true,
  judgedBy: '',
} as const

export const rig = 'w'
export const epic = 'w-e'

export const freshIssue = (id: string): SimIssue => ({
  id,
  status: 'open',
  assignee: null,
  after: [],
  escalated: false,
  letGo: false,
  closedBy: null,
  noChange: false,
  wasClosed: false,
})

export class World {
  readonly issues: Map<string, SimIssue>
  readonly commits: Commits
  readonly pins: Map<string, string>
  readonly branches: Map<string, string>
  readonly worktrees: Map<string, Worktree>
  readonly agents: Map<string, Agent>
  /** By their sessions. */
  readonly left: Map<string, Left>
  /** Mail kept for people: id and recipient. */
  readonly messages: Map<string, string>
  originMain: string
  originAway = false
  originRefuses = false
  /** It answers, and lets nobody in. */
  originDenies = false
  gatesBroken = false
  /** Git cannot build anything. */
  gitBroken = false
  /** Nothing can be written to the beads. */
  beadsFull = false
  /** In words, why the issues cannot be used: they are gone, cut, older, or another's. */
  beadsLost: string | null = null
  /** The town goes by older records than it had, and may not know what has ended. */
  hasOlderRecords = false
  landed: string[] = []
  /** What its agents live on. */
  readonly service: Service
  epicClosed = false
  maxWorkers: number
  readonly purse: Purse
  readonly tries: Tries
  readonly calledOff: Set<string>
  readonly green: Set<string>

  constructor(issues: readonly SimIssue[], maxWorkers: number, from?: World) {
    this.maxWorkers = maxWorkers
    this.issues = new Map(issues.map((issue) => [issue.id, { ...issue }]))
    this.commits = from?.commits ?? new Commits()
    this.service = new Service(from?.service)
    this.pins = new Map(from?.pins)
    this.branches = new Map(from?.branches)
    this.worktrees = new Map(
      [...(from?.worktrees ?? [])].map(([name, place]) => [name, { ...place, dirty: new Set(place.dirty) }]),
    )
    this.agents = new Map(
      [...(from?.agents ?? [])].map(([id, agent]) => [id, { ...agent, talk: agent.talk && copied(agent.talk) }]),
    )
    this.left = new Map(from?.left)
    this.messages = new Map(from?.messages)
    this.calledOff = new Set(from?.calledOff)
    this.green = new Set(from?.green)
    this.purse = new Purse(from?.purse)
    this.tries = new Tries(from?.tries)
    if (from) {
      const { originMain, originAway, originRefuses, originDenies, gatesBroken, gitBroken } = from
      const { beadsFull, beadsLost, epicClosed, landed } = from
      Object.assign(this, { originAway, originRefuses, originDenies, gatesBroken, gitBroken })
      Object.assign(this, { beadsFull, beadsLost, epicClosed, landed: [...landed] })
      this.originMain = originMain
      return
    }
    this.originMain = this.commits.add([], [], new Map())
    this.green.add(this.originMain)
  }

  /** The same world, to go another way. */
  clone(): World {
    return new World([...this.issues.values()], this.maxWorkers, this)
  }

  /** Equal for worlds in which the same can happen. */
  key(): string {
    const sorted = (entries: Iterable<[string, unknown]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
    return JSON.stringify([
      [...this.issues.values()].map((issue) => Object.values(issue)),
      sorted(this.pins),
      sorted(this.branches),
      sorted(
        [...this.worktrees].map(([name, { incarnation, branch, head, start, dirty, onBranch, unfinished }]) => [
          name,
          [incarnation, branch, head, start, [...dirty].sort(), onBranch, unfinished],
        ]),
      ),
      sorted(this.agents),
      [...this.left.keys()].sort(),
      [...this.calledOff].sort(),
      [...this.green].sort(),
      this.originMain,
      this.originAway,
      this.originRefuses,
      this.originDenies,
      this.gitBroken,
      this.gatesBroken,
      this.beadsFull,
      this.epicClosed,
      ...this.purse.key(),
    ])
  }

  /** It passed its gates, or somebody else pushed it. */
  isGreen(sha: string): boolean {
    return this.green.has(sha)
  }

  /** Whether origin's main has work of this issue. */
  mainHas(issue: string): boolean {
    return this.commits.get(this.originMain).red.has(issue)
  }

  newestEpoch(address: string): number {
    return Math.max(
      0,
      ...[...this.agents.values()].flatMap((agent) => (agent.address === address ? [agent.epoch] : [])),
    )
  }

  live(): Agent[] {
    return [...this.agents.values()].filter((agent) => agent.state !== 'dead')
  }

  // What agents and other people do.

  /** It starts something that leaves its session. */
  leave({ id, address, polecat, issue }: Agent): void {
    this.left.set(id, { session: id, address, polecat, issue })
  }

  /** What holds all sessions ends, and they with it. */
  endServer(): void {
    for (const agent of this.live()) {
      Object.assign(agent, { state: 'dead', exitCode: null, cutOff: true })
      this.tries.wasCutOff(agent)
    }
  }

  write(agent: Pick<Agent, 'polecat' | 'issue'>): void {
    const place = this.worktrees.get(agent.polecat)
    place?.dirty.add(`${agent.issue}#${place.dirty.size + this.commits.get(place.head).work.size + 1}`)
  }

  commitAll(agent: Agent, red: boolean): void {
    const place = this.worktrees.get(agent.polecat)
    if (!place || (place.dirty.size === 0 && !agent.mendsConflict)) return
    const head = this.commits.get(place.head)
    const main = agent.mendsConflict ? [this.originMain] : []
    place.head = this.commits.add([place.head, ...main], [...place.dirty], new Map([...head.red, [agent.issue, red]]))
    if (place.onBranch !== null) this.branches.set(place.onBranch, place.head)
    place.dirty.clear()
    agent.mendsConflict = false
  }

  /** It has work of its own issue that main lacks; what a former worker left on another is none. */
  aheadOfMain(agent: Agent): boolean {
    const place = this.worktrees.get(agent.polecat)
    if (!place || !this.commits.get(place.head).red.has(agent.issue)) return false
    return !this.commits.contains(this.originMain, place.head)
  }

  /** Its own part would fail the gate: an agent in good health sees that when it runs the tests. */
  isRed(agent: Agent): boolean {
    const place = this.worktrees.get(agent.polecat)
    return place !== undefined && this.commits.get(place.head).red.get(agent.issue) === true
  }

  /** Checks out something that is no branch, and goes on there. */
  goAstray(agent: Agent): void {
    const place = this.worktrees.get(agent.polecat)
    if (place) Object.assign(place, { onBranch: null, head: this.originMain })
  }

  /** Begins a merge and does not end it. */
  leaveUnfinished(agent: Agent): void {
    const place = this.worktrees.get(agent.polecat)
    if (place) place.unfinished = true
  }

  /** Back on its branch, with all that it did elsewhere, and nothing left unfinished. */
  tidyUp(agent: Agent): void {
    const place = this.worktrees.get(agent.polecat)
    if (!place) return
    place.unfinished = false
    if (place.onBranch !== null) return
    place.onBranch = place.branch
    const tip = this.branches.get(place.branch) ?? place.head
    if (this.commits.contains(tip, place.head)) place.head = tip
    else if (!this.commits.contains(place.head, tip))
      place.head = this.commits.add([tip, place.head], [], this.commits.get(tip).red)
    this.branches.set(place.branch, place.head)
  }

  /** Somebody deletes the folder; what was not committed in it is theirs to answer for. */
  loseWorktree(polecat: string): void {
    this.worktrees.delete(polecat)
  }

  /** Somebody files one more issue under the epic. */
  file(id: string): void {
    this.issues.set(id, freshIssue(id))
  }

  /** Somebody takes an issue by hand, and gives it back. */
  take(id: string): void {
    const issue = this.issue(id)
    if (issue.status === 'open' && issue.assignee === null)
      Object.assign(issue, { status: 'in_progress', assignee: somebody })
  }

  giveBack(): void {
    for (const issue of this.taken()) Object.assign(issue, { status: 'open', assignee: null })
  }

  taken(): SimIssue[] {
    return [...this.issues.values()].filter(({ status, assignee }) => status !== 'closed' && assignee === somebody)
  }

  /** Nobody waits for somebody who waits for them. */
  mayWaitFor(id: string, other: string): boolean {
    const reach = (from: string): string[] => [from, ...(this.issues.get(from)?.after.flatMap(reach) ?? [])]
    return this.issues.has(id) && id !== other && !reach(other).includes(id)
  }

  /** A worker closes its own issue, as agents do when they think that they are done. */
  closeOwn(agent: Agent): void {
    const issue = this.issues.get(agent.issue)
    if (issue?.assignee === agent.address && issue.status === 'in_progress')
      Object.assign(issue, { status: 'closed', closedBy: agent.address })
  }

  /** A worker gives its issue back in the beads, or says that it is blocked. */
  giveUpOwn(agent: Agent, status: 'open' | 'blocked'): void {
    const issue = this.issues.get(agent.issue)
    if (issue?.assignee === agent.address && issue.status === 'in_progress')
      Object.assign(issue, { status, assignee: status === 'open' ? null : agent.address })
  }

  /** A worker gives its issue to somebody else. */
  giveAway(agent: Agent): void {
    const issue = this.issues.get(agent.issue)
    if (issue?.assignee === agent.address && issue.status === 'in_progress') issue.assignee = somebody
  }

  /** What somebody else pushed since main was at this commit. */
  foreignSince(known: string): { sha: string; author: string; subject: string }[] {
    const before = this.commits.get(known).work
    return [...this.commits.get(this.originMain).work]
      .filter((piece) => piece.startsWith('foreign#') && !before.has(piece))
      .map((subject) => ({ sha: this.originMain, author: 'somebody', subject }))
  }

  /** Somebody closes an issue by hand. */
  letGo(id: string): void {
    const issue = this.issue(id)
    if (issue.status !== 'closed')
      Object.assign(issue, { status: 'closed', assignee: null, letGo: true, closedBy: null, wasClosed: true })
  }

  /**
   * Somebody else's commit. What they push is theirs to answer for: it counts as green, and gates that run on top of
   * a red one are red.
   */
  foreignPush(conflictsWith: string | null, red = false): void {
    const sha = this.commits.add(
      [this.originMain],
      [`foreign#${this.commits.get(this.originMain).ancestors.size}`],
      new Map([['foreign', red]]),
      conflictsWith,
    )
    this.green.add(sha)
    this.originMain = sha
  }

  /** Everything outside goes well from here on. */
  calm(): void {
    Object.assign(this, { originAway: false, originRefuses: false, originDenies: false })
    Object.assign(this, { gatesBroken: false, gitBroken: false, beadsFull: false })
    this.service.calm()
    this.giveBack()
    for (const agent of this.live()) if (agent.state === 'frozen') agent.state = 'dead'
    if (this.commits.get(this.originMain).red.get('foreign')) this.foreignPush(null)
  }

  /** Whether a piece of work is on main or pinned. */
  isKept(piece: string): boolean {
    return (
      this.commits.get(this.originMain).work.has(piece) ||
      [...this.pins.values()].some((sha) => this.commits.get(sha).work.has(piece))
    )
  }

  place({ polecat, incarnation }: { polecat: string; incarnation: number }): Worktree | undefined {
    const place = this.worktrees.get(polecat)
    if (place && place.incarnation !== incarnation) throw new Error(`polecats/${polecat} is another incarnation's`)
    return place
  }

  issue(id: string): SimIssue {
    const issue = this.issues.get(id)
    if (!issue) throw new Error(`no issue ${id}`)
    return issue
  }
}
