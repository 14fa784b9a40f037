// World: the simulated outside world. Origin, refs, worktrees with uncommitted work, sessions, agents, issues. It outlives every crash of the host, and what is true is checked here.
// Every effect behaves as its real hand does: at least once, safe to repeat, with the same last guards. Commits are named by what they hold, so that two ways to the same world are one world.
// Never: asks the machines what they believe.
import { createHash } from 'node:crypto'
import type { EffectName } from '../machines/effects.ts'
import type { JsonObject, PromisedEffect } from '../runtime/contract.ts'
import { Violation } from './invariants.ts'

/** A commit by what it holds: pieces of work, and whether each issue's part passes the gate. */
interface Commit {
  sha: string
  ancestors: ReadonlySet<string>
  work: ReadonlySet<string>
  red: ReadonlyMap<string, boolean>
  /** Somebody else's commit that an issue's work does not merge with. */
  conflictsWith: string | null
}
interface Worktree {
  incarnation: number
  branch: string
  head: string
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
  exitCode: number
  mendsConflict: boolean
  asked: string | null
  /** It was told that its work is handed over: it waits to be ended. */
  done: boolean
}
export interface SimIssue {
  id: string
  status: 'open' | 'in_progress' | 'blocked' | 'closed'
  assignee: string | null
  after: readonly string[]
  escalated: boolean
  /** Somebody closed it by hand, without its work. */
  letGo: boolean
}

/** Whoever else works on issues. */
const somebody = 'somebody'
/** Effects that write to the beads. */
const written = new Set<string>(['claimIssue', 'releaseIssue', 'closeIssue', 'fileMessage'] satisfies EffectName[])

// biome-ignore lint/suspicious/noExplicitAny: the host has parsed every input by the effect's own schema
type Input = any

export const rig = 'w'
export const epic = 'w-e'

export class World {
  readonly issues: Map<string, SimIssue>
  /** Objects only grow, and are shared by all that grew from one world. */
  readonly commits: Map<string, Commit>
  readonly pins: Map<string, string>
  readonly branches: Map<string, string>
  readonly worktrees: Map<string, Worktree>
  readonly agents: Map<string, Agent>
  /** Mail kept for people: id and recipient. */
  readonly messages: Map<string, string>
  originMain: string
  originAway = false
  originRefuses = false
  gatesBroken = false
  /** Nothing can be written to the beads. */
  beadsFull = false
  landed: string[] = []
  maxWorkers: number
  private readonly calledOff: Set<string>
  private readonly green: Set<string>

  constructor(issues: readonly SimIssue[], maxWorkers: number, from?: World) {
    this.maxWorkers = maxWorkers
    this.issues = new Map(issues.map((issue) => [issue.id, { ...issue }]))
    this.commits = from?.commits ?? new Map()
    this.pins = new Map(from?.pins)
    this.branches = new Map(from?.branches)
    this.worktrees = new Map([...(from?.worktrees ?? [])].map(([name, place]) => [name, { ...place, dirty: new Set(place.dirty) }]))
    this.agents = new Map([...(from?.agents ?? [])].map(([id, agent]) => [id, { ...agent }]))
    this.messages = new Map(from?.messages)
    this.calledOff = new Set(from?.calledOff)
    this.green = new Set(from?.green)
    if (from) {
      const { originMain, originAway, originRefuses, gatesBroken, beadsFull, landed } = from
      Object.assign(this, { originAway, originRefuses, gatesBroken, beadsFull, landed: [...landed] })
      this.originMain = originMain
      return
    }
    this.originMain = this.commit([], [], new Map())
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
      [...this.issues.values()].map(({ status, assignee, escalated, letGo }) => [status, assignee, escalated, letGo]),
      sorted(this.pins),
      sorted(this.branches),
      sorted(
        [...this.worktrees].map(([name, { incarnation, branch, head, dirty, onBranch, unfinished }]) => [
          name,
          [incarnation, branch, head, [...dirty].sort(), onBranch, unfinished],
        ]),
      ),
      sorted(this.agents),
      [...this.calledOff].sort(),
      [...this.green].sort(),
      this.originMain,
      this.originAway,
      this.originRefuses,
      this.gatesBroken,
      this.beadsFull,
    ])
  }

  isGreen(sha: string): boolean {
    return this.green.has(sha)
  }

  /** Whether origin's main has work of this issue. */
  mainHas(issue: string): boolean {
    return this.get(this.originMain).red.has(issue)
  }

  /** Performs one effect; throws what its hand would throw. */
  perform(effect: PromisedEffect): JsonObject {
    const hand = this.hands[effect.name as EffectName]
    if (!hand) throw new Error(`the simulated world has no ${effect.name}`)
    if (this.beadsFull && written.has(effect.name)) throw new Error('database or disk is full')
    return hand(effect.input)
  }

  /** What a watch sees now; undefined while it goes on waiting. */
  watched({ session, stallMatters }: Input): JsonObject | undefined {
    const agent = this.agents.get(session.id)
    if (!agent || agent.state === 'dead') return { kind: 'ended', exitCode: agent?.exitCode ?? null, tail: 'last words' }
    return agent.state === 'frozen' && stallMatters ? { kind: 'stalled', silentMs: 1_800_000, tail: '' } : undefined
  }

  live(): Agent[] {
    return [...this.agents.values()].filter((agent) => agent.state !== 'dead')
  }

  // What agents and other people do.

  write(agent: Agent): void {
    const place = this.worktrees.get(agent.polecat)
    place?.dirty.add(`${agent.issue}#${place.dirty.size + this.get(place.head).work.size + 1}`)
  }

  commitAll(agent: Agent, red: boolean): void {
    const place = this.worktrees.get(agent.polecat)
    if (!place || (place.dirty.size === 0 && !agent.mendsConflict)) return
    const head = this.get(place.head)
    const main = agent.mendsConflict ? [this.originMain] : []
    place.head = this.commit([place.head, ...main], [...place.dirty], new Map([...head.red, [agent.issue, red]]))
    if (place.onBranch !== null) this.branches.set(place.onBranch, place.head)
    place.dirty.clear()
    agent.mendsConflict = false
  }

  aheadOfMain(agent: Agent): boolean {
    const place = this.worktrees.get(agent.polecat)
    return place !== undefined && !this.get(this.originMain).ancestors.has(place.head)
  }

  /** Its own part would fail the gate: an agent in good health sees that when it runs the tests. */
  isRed(agent: Agent): boolean {
    const place = this.worktrees.get(agent.polecat)
    return place !== undefined && this.get(place.head).red.get(agent.issue) === true
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
    if (this.get(tip).ancestors.has(place.head)) place.head = tip
    else if (!this.get(place.head).ancestors.has(tip)) place.head = this.commit([tip, place.head], [], this.get(tip).red)
    this.branches.set(place.branch, place.head)
  }

  /** Somebody deletes the folder; what was not committed in it is theirs to answer for. */
  loseWorktree(polecat: string): void {
    this.worktrees.delete(polecat)
  }

  /** Somebody files one more issue under the epic. */
  file(id: string): void {
    this.issues.set(id, { id, status: 'open', assignee: null, after: [], escalated: false, letGo: false })
  }

  /** Somebody takes an issue by hand, and gives it back. */
  take(id: string): void {
    const issue = this.issue(id)
    if (issue.status === 'open' && issue.assignee === null) Object.assign(issue, { status: 'in_progress', assignee: somebody })
  }

  giveBack(): void {
    for (const issue of this.taken()) Object.assign(issue, { status: 'open', assignee: null })
  }

  taken(): SimIssue[] {
    return [...this.issues.values()].filter(({ assignee }) => assignee === somebody)
  }

  /** Somebody closes an issue by hand. */
  letGo(id: string): void {
    const issue = this.issue(id)
    if (issue.status !== 'closed') Object.assign(issue, { status: 'closed', letGo: true })
  }

  foreignPush(conflictsWith: string | null): void {
    const sha = this.commit([this.originMain], [`foreign#${this.get(this.originMain).ancestors.size}`], new Map(), conflictsWith)
    this.green.add(sha)
    this.originMain = sha
  }

  // The hands.

  private readonly hands: Partial<Record<EffectName, (input: Input) => JsonObject>> = {
    surveyIssues: ({ epics, issues, escalated }) => {
      const all = [...this.issues.values()]
      const wanted = epics.length > 0 ? all : all.filter((issue) => issues.includes(issue.id))
      const closed = (id: string) => this.issues.get(id)?.status === 'closed'
      const free = (issue: SimIssue) => issue.status === 'open' && issue.assignee === null && issue.after.every(closed)
      const given = (issue: SimIssue) => issue.status === 'blocked' && issue.escalated && issues.includes(issue.id)
      return {
        ready: wanted.filter((issue) => free(issue) || given(issue)).map((issue) => brief(issue.id)),
        closed: [...issues, ...escalated].filter(closed),
        unknown: [],
        complete: epics.length > 0 && all.every((issue) => issue.status === 'closed') ? epics : [],
        waiting: [],
      }
    },
    claimIssue: ({ issue: id, holder, previous }) => {
      const issue = this.issue(id)
      if (issue.assignee && issue.assignee !== holder && issue.assignee !== previous) return { kind: 'held', holder: issue.assignee }
      const ours = issue.status === 'in_progress' && (issue.assignee === holder || issue.assignee === previous)
      if (issue.status !== 'open' && !ours && !(issue.status === 'blocked' && issue.escalated)) return { kind: 'unavailable', why: `status ${issue.status}` }
      Object.assign(issue, { status: 'in_progress', assignee: holder, escalated: false })
      const kept = [...this.pins].filter(([ref, sha]) => ref.includes(`/${id}/`) && !ref.endsWith('/dirty') && !this.get(this.originMain).ancestors.has(sha)).at(-1)
      return { kind: 'claimed', issue: brief(id), preserved: kept ? { ref: kept[0], sha: kept[1] } : null }
    },
    releaseIssue: ({ issue: id, holder, status }) => {
      const issue = this.issue(id)
      if (issue.status === 'closed' || issue.assignee !== holder) return { status: issue.status }
      Object.assign(issue, { status, assignee: null, escalated: status === 'blocked' })
      return { status }
    },
    closeIssue: ({ issue: id }) => {
      const issue = this.issues.get(id)
      if (!issue || issue.status === 'closed') return { closed: false }
      if (!this.get(this.originMain).red.has(id)) throw new Violation(`${id} is closed, but origin's main has nothing of it (invariant 12)`)
      issue.status = 'closed'
      return { closed: true }
    },
    fileMessage: ({ id, to }) => {
      const known = this.messages.has(id)
      this.messages.set(id, to)
      return { filed: !known }
    },
    createWorktree: ({ polecat, incarnation, branch, start }) => {
      const there = this.worktrees.get(polecat)
      if (there) {
        if (there.incarnation !== incarnation) throw new Error(`polecats/${polecat} is another incarnation's`)
        return { path: `/town/${rig}/polecats/${polecat}`, head: there.head, base: this.originMain }
      }
      const head = this.branches.get(branch) ?? start?.sha ?? this.originMain
      this.get(head)
      this.branches.set(branch, head)
      this.worktrees.set(polecat, { incarnation, branch, head, dirty: new Set(), onBranch: branch, unfinished: false })
      return { path: `/town/${rig}/polecats/${polecat}`, head, base: this.originMain }
    },
    inspectWorktree: (input) => {
      const place = this.place(input)
      if (!place) return { kind: 'absent', why: 'it does not exist' }
      const ahead = this.get(this.originMain).ancestors.has(place.head) ? 0 : 1
      return { kind: 'found', onBranch: place.onBranch, head: place.head, dirty: [...place.dirty], ahead, unfinished: place.unfinished ? 'merge' : null }
    },
    pinWork: (input) => {
      const place = this.place(input)
      const tips = [...new Set([place?.head, this.branches.get(input.branch)])].filter((tip) => tip !== undefined)
      const [head] = tips
      if (head === undefined) return { head: null, dirty: null }
      const folder = `${input.issue}/${input.polecat}-${input.incarnation}`
      const pin = (ref: string, sha: string) => {
        this.pins.set(ref, sha)
        return { ref, sha }
      }
      const kept: { ref: string; sha: string }[] = []
      for (const tip of tips) {
        if ([this.originMain, ...kept.map(({ sha }) => sha)].some((sha) => this.get(sha).ancestors.has(tip))) continue
        kept.push(pin(`refs/gt/${input.purpose === 'merge' ? 'merge' : 'work'}/${folder}/${tip.slice(0, 12)}`, tip))
      }
      const dirty = place && place.dirty.size > 0 ? pin(`refs/gt/work/${folder}/dirty`, this.commit([head], [...place.dirty], this.get(head).red)) : null
      return { head: kept[0] ?? null, dirty }
    },
    removeWorktree: (input) => {
      const place = this.place(input)
      if (!place) return { removed: false }
      const lost = [...place.dirty, ...this.get(place.head).work].filter((piece) => !this.isKept(piece))
      if (lost.length > 0) throw new Violation(`the worktree of ${input.polecat} is removed while ${lost.join(', ')} is nowhere else (invariant 2)`)
      const inside = this.live().find((agent) => agent.polecat === input.polecat && agent.incarnation === input.incarnation)
      if (inside) throw new Violation(`the worktree of ${input.polecat} is removed under its living session ${inside.id} (invariant 8)`)
      this.worktrees.delete(input.polecat)
      return { removed: true }
    },
    deleteBranch: ({ branch, polecat }) => {
      const tip = this.branches.get(branch)
      if (tip === undefined) return { kind: 'deleted' }
      if (this.worktrees.get(polecat)?.branch === branch) throw new Violation(`${branch} is deleted before its worktree (invariant 8)`)
      if ([...this.get(tip).work].some((piece) => !this.isKept(piece))) throw new Violation(`${branch} is deleted with work that is nowhere else (invariant 2)`)
      this.branches.delete(branch)
      return { kind: 'deleted' }
    },
    buildCandidate: ({ members }) => {
      if (this.originAway) return { kind: 'unreachable', why: 'origin does not answer' }
      let tip = this.originMain
      for (const member of members) {
        const [base, work] = [this.get(tip), this.get(member.sha)]
        if (base.ancestors.has(member.sha)) continue
        const clash = [...base.ancestors].find((sha) => this.get(sha).conflictsWith === member.issue && !work.ancestors.has(sha))
        if (clash) return { kind: 'conflict', issue: member.issue, base: tip, files: ['README.md'] }
        const red = work.red.get(member.issue)
        tip = this.commit([tip, member.sha], [], new Map([...base.red, ...(red === undefined ? [] : [[member.issue, red] as const])]))
      }
      return tip === this.originMain ? { kind: 'contained', commit: tip } : { kind: 'built', base: this.originMain, commit: tip }
    },
    runGates: ({ commit }) => {
      if (this.gatesBroken) return { kind: 'broken', why: 'no such program' }
      const { red } = this.get(commit)
      if ([...red.values()].some(Boolean)) return { kind: 'red', gate: 'test', exitCode: 1, timedOut: false, tail: 'not ok', log: '/log' }
      this.green.add(commit)
      return { kind: 'green', gates: [] }
    },
    landCandidate: ({ commit, base }) => {
      if (this.originAway) return { kind: 'unreachable', why: 'origin does not answer' }
      if (this.get(this.originMain).ancestors.has(commit)) return { kind: 'pushed' }
      if (this.originRefuses) return { kind: 'refused', why: 'pre-receive hook declined' }
      if (this.originMain !== base) return { kind: 'moved' }
      if (!this.green.has(commit)) throw new Violation(`${commit} is pushed to main and never passed its gates (invariant 4)`)
      this.originMain = commit
      this.landed.push(commit)
      return { kind: 'pushed' }
    },
    confirmLanded: ({ commit }) => {
      if (this.originAway) return { kind: 'unreachable', why: 'origin does not answer' }
      return { kind: this.get(this.originMain).ancestors.has(commit) ? 'confirmed' : 'absent' }
    },
    startSession: ({ id, address, polecat, incarnation, epoch, issue, returned }) => {
      if (this.calledOff.has(id)) return { kind: 'failed', why: 'called off', tail: '' }
      const record = { id, backend: 'process', pid: 4242, pidStart: '1', epoch, dir: `/s/${id}` }
      if (this.agents.has(id)) return { kind: 'started', session: record }
      if (this.worktrees.get(polecat)?.incarnation !== incarnation) return { kind: 'failed', why: 'the worktree does not exist', tail: '' }
      const others = this.live()
      const same = others.find((agent) => agent.address === address || agent.issue === issue.id)
      if (same) throw new Violation(`${id} is started for ${address} on ${issue.id} while ${same.id} (${same.address} on ${same.issue}) lives (invariant 3)`)
      if (others.length >= this.maxWorkers) throw new Violation(`${others.length + 1} sessions live; max_workers is ${this.maxWorkers} (invariant 5)`)
      this.agents.set(id, {
        id,
        address,
        polecat,
        incarnation,
        epoch,
        issue: issue.id,
        state: 'alive',
        exitCode: 0,
        mendsConflict: returned?.kind === 'conflict',
        asked: null,
        done: false,
      })
      return { kind: 'started', session: record }
    },
    runPlugin: ({ message }) => ({ kind: 'answered', reply: `I was asked: ${message.subject}` }),
    killSession: ({ id }) => {
      this.calledOff.add(id)
      const agent = this.agents.get(id)
      if (agent && agent.state !== 'dead') Object.assign(agent, { state: 'dead', exitCode: 143 })
      return { exitCode: agent?.exitCode ?? null, tail: '' }
    },
  }

  /** Whether a piece of work is on main, pinned, or in a worktree or branch that still stands. */
  private isKept(piece: string): boolean {
    return this.get(this.originMain).work.has(piece) || [...this.pins.values()].some((sha) => this.get(sha).work.has(piece))
  }

  private place({ polecat, incarnation }: { polecat: string; incarnation: number }): Worktree | undefined {
    const place = this.worktrees.get(polecat)
    if (place && place.incarnation !== incarnation) throw new Error(`polecats/${polecat} is another incarnation's`)
    return place
  }

  private commit(parents: readonly string[], work: readonly string[], red: ReadonlyMap<string, boolean>, conflictsWith: string | null = null): string {
    const named = createHash('sha1').update(JSON.stringify([parents, [...work].sort(), [...red], conflictsWith]))
    const sha = named.digest('hex')
    if (this.commits.has(sha)) return sha
    const from = parents.map((parent) => this.get(parent))
    const ancestors = new Set([sha, ...from.flatMap((parent) => [...parent.ancestors])])
    this.commits.set(sha, {
      sha,
      ancestors,
      work: new Set([...from.flatMap((parent) => [...parent.work]), ...work]),
      red: new Map([...(from.at(-1)?.red ?? []), ...(from[0]?.red ?? []), ...red]),
      conflictsWith,
    })
    return sha
  }

  private get(sha: string): Commit {
    const commit = this.commits.get(sha)
    if (!commit) throw new Error(`no object ${sha}`)
    return commit
  }

  private issue(id: string): SimIssue {
    const issue = this.issues.get(id)
    if (!issue) throw new Error(`no issue ${id}`)
    return issue
  }
}

const brief = (id: string) => ({ id, title: `Do ${id}`, description: '', priority: 2, type: 'task', createdAt: id, epic })
