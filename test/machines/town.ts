// A whole town on the production host and store, with a world that answers as scripted. For story tests of the
// protocol.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bind } from '../../actors/binding.ts'
import { brief, startable } from '../../machines/cases.ts'
import type { EffectName } from '../../machines/effects.ts'
import type { Host, JsonObject, PromisedEffect } from '../../runtime/contract.ts'
import { openHost, openSqliteStore, seededRandom, virtualClock } from '../../runtime/open.ts'

export const sha = (letter: string) => letter.repeat(40)
/** A commit of its own for whatever is in it. */
const commitOf = (...parts: string[]) => createHash('sha1').update(parts.join(' ')).digest('hex')
// biome-ignore lint/suspicious/noExplicitAny: the shapes are checked by the effects' own schemas
type Input = any
type Answer = JsonObject | Error | 'later'
export type World = Partial<Record<EffectName, (input: Input, effect: PromisedEffect) => Answer>>

export interface Issue {
  id: string
  status: 'open' | 'in_progress' | 'closed' | 'blocked'
  after: string[]
  /** Who has it. */
  holder?: string | null
  /** The worker that closed it itself. */
  closedBy?: string | null
}

// What the world answers when it is not well.
export const conflict = (base: string, issue = 'w-1'): JsonObject => ({
  kind: 'built',
  base,
  commit: base,
  landing: [],
  contained: [],
  unfit: [{ issue, kind: 'conflict', why: 'conflicts with main in README.md', files: ['README.md'], base }],
  foreign: [],
})
export const green: JsonObject = { kind: 'green', gates: [], flaky: [] }
export const red = (tail = 'not ok 1', gate = 'test', passed: string[] = []): JsonObject => ({
  kind: 'red',
  gate,
  passed,
  exitCode: 1,
  timedOut: false,
  tail,
  log: '/l',
})
/** Gates of a main that passes them all. */
export const onlyWork =
  (verdict: () => JsonObject): NonNullable<World['runGates']> =>
  ({ issues }) =>
    issues.length === 0 ? green : verdict()

/** The town `w` with issues in memory; every effect not in `world` goes well. */
export function town(
  world: World = {},
  options: {
    maxWorkers?: number
    issues?: Issue[]
    gated?: boolean
    redMain?: 'wait' | 'land'
    accounts?: string[]
    cycles?: number
  } = {},
) {
  const dir = mkdtempSync(join(tmpdir(), 'town-'))
  const clock = virtualClock(1_000_000)
  const issues = new Map((options.issues ?? []).map((issue) => [issue.id, issue]))
  const later = new Map<string, PromisedEffect>()
  const performed: string[] = []
  /** How far mail has come. */
  const receipts: string[] = []
  /** What people were sent. */
  const letters: { to: string; subject: string; body: string }[] = []
  let epicClosed = false
  const facts = {
    rigs: () => ['w'],
    rig: () => ({
      maxWorkers: options.maxWorkers ?? 2,
      spawnDelayMs: 0,
      sessionTries: 3,
      reminders: 1,
      cycles: options.cycles ?? 1,
      mergeTries: 3,
      retireTries: 5,
      gated: options.gated ?? true,
      redMain: options.redMain ?? ('wait' as const),
      tellForeign: true,
      judgedBy: '',
      ...(options.accounts ? { agent: 'claude', accounts: options.accounts, sharers: ['v'] } : {}),
    }),
    hasPlugin: () => true,
  }
  const open = () =>
    openHost({
      store: openSqliteStore(join(dir, 'town.db')),
      clock,
      random: seededRandom(7),
      holder: 'test',
      holderGone: () => true,
      ...bind({ facts, prefixOf: (rig) => (rig === undefined ? 'gm' : 'w') }),
    })
  let host: Host = open()

  let main = sha('a')
  const goesWell: World = {
    surveyIssues: ({ epics, issues: asked, escalated, underway, usedUp, most }) => {
      const all = [...issues.values()]
      const closed = (id: string) => issues.get(id)?.status === 'closed'
      // What its own worker closed is done when it has landed.
      const done = (id: string) => closed(id) && !(underway.includes(id) && issues.get(id)?.closedBy)
      const ready = all.filter(
        ({ id, status, after }) =>
          status === 'open' &&
          after.every(done) &&
          ![...underway, ...usedUp].includes(id) &&
          !(usedUp.includes('w-e') && !asked.includes(id)),
      )
      return {
        ready: ready.slice(0, most).map(({ id }) => startable(id)),
        more: ready.length > most,
        closed: [...asked, ...escalated].filter(done),
        dropped: underway.filter((id: string) => closed(id) && !issues.get(id)?.closedBy),
        unknown: [],
        complete: all.every(({ id }) => done(id)) ? epics : [],
        over: epicClosed ? epics : [],
      } as unknown as JsonObject
    },
    claimIssue: (input) => {
      const issue = issues.get(String(input.issue)) as Issue
      Object.assign(issue, { status: 'in_progress', holder: input.holder, closedBy: null })
      return { kind: 'claimed', issue: brief(issue.id), preserved: null }
    },
    readIssue: ({ issue: id, holder }) => {
      const { status, closedBy, after } = issues.get(id) as Issue
      if (status === 'closed') return { kind: 'closed', byHolder: closedBy === holder, reason: 'it says so' }
      if (status === 'blocked') return { kind: 'blocked', on: after, why: 'it says that it waits' }
      return status === 'open' ? { kind: 'given_back' } : { kind: 'held' }
    },
    releaseIssue: ({ issue: id, status, blockedBy }) => {
      const issue = issues.get(id) as Issue
      Object.assign(issue, { status, holder: null, closedBy: null })
      if (blockedBy) issue.after = [...issue.after, blockedBy]
      return { status }
    },
    closeIssues: (input) => {
      const closed: string[] = []
      for (const { issue: id } of input.issues as { issue: string }[]) {
        const issue = issues.get(id)
        if (issue) Object.assign(issue, { status: 'closed', closedBy: null })
        else if ([...issues.values()].every(({ status }) => status === 'closed')) epicClosed = true
        closed.push(id)
      }
      return { closed }
    },
    fileMessage: ({ to, subject, body }) => {
      letters.push({ to, subject, body })
      return { filed: true }
    },
    noteReceipt: ({ mail, to, step }) => {
      receipts.push(`${mail} to ${to}: ${step}`)
      return { noted: true }
    },
    createWorktree: (input) => ({
      path: `/town/${input.rig}/polecats/${input.polecat}`,
      head: sha('a'),
      base: sha('a'),
    }),
    setUpWorktree: () => ({ kind: 'ready' }),
    inspectWorktree: (input) => ({
      kind: 'found',
      onBranch: input.branch,
      head: sha('b'),
      dirty: [],
      ahead: 1,
      own: 1,
      unfinished: null,
    }),
    pinWork: ({ issue, branch, purpose }) => ({
      head: { ref: `refs/gt/${purpose === 'merge' ? 'merge' : 'work'}/${issue}`, sha: commitOf(issue, branch) },
      dirty: null,
    }),
    clearPlace: () => ({ head: null, dirty: null }),
    buildCandidate: ({ members }) => {
      let commit = main
      const landing = (members as { issue: string; sha: string }[]).map(({ issue, sha: work }) => {
        commit = commitOf(commit, work)
        return { issue, commit }
      })
      return { kind: 'built', base: main, commit, landing, contained: [], unfit: [], foreign: [] }
    },
    runGates: () => ({ kind: 'green', gates: [], flaky: [] }),
    landCandidate: ({ commit }) => {
      main = commit
      return { kind: 'pushed' }
    },
    confirmLanded: () => ({ kind: 'confirmed' }),
    startSession: (input) => ({
      kind: 'started',
      session: { id: input.id, backend: 'process', pid: 4242, pidStart: '1', epoch: input.epoch, dir: '/s' },
    }),
    watchSession: () => 'later',
    killSession: () => ({ exitCode: null, tail: '' }),
    runPlugin: () => ({ kind: 'answered', reply: 'yes', startedAt: 1 }),
  }

  const settle = (effect: PromisedEffect, answer: Answer) =>
    answer instanceof Error
      ? host.settle(effect.key, { ok: false, error: answer.message })
      : host.settle(effect.key, { ok: true, output: answer })

  /** Turns and effects until nothing moves without time or a later answer. */
  const settleDown = () => {
    for (let steps = 0; steps < 2000; steps++) {
      if (host.run(1) > 0) continue
      const effects = host.takeEffects(1)
      const effect = effects[0]
      if (!effect) return
      performed.push(`${effect.name} ${effect.address}`)
      const input: Input = effect.input
      const answer = (world[effect.name as EffectName] ?? goesWell[effect.name as EffectName])?.(input, effect)
      if (answer === 'later' || answer === undefined) later.set(`${effect.name} ${effect.address}`, effect)
      else settle(effect, answer)
    }
    throw new Error(`the town does not come to rest: ${performed.slice(-20).join(', ')}`)
  }

  const contextOf = <T>(address: string) => host.actor(address)?.context as T
  const post = (from: string, to: string, type: string, body: JsonObject = {}) => {
    const { id } = host.post({ from, to, type, body })
    settleDown()
    return id
  }

  return {
    issues,
    letters,
    receipts,
    /** The Overseer wants the epic done. */
    begin: () => post('overseer', 'mayor/', 'work.requested', { rig: 'w', epic: 'w-e' }),
    /** The worker of an issue. */
    workerOf(issue: string) {
      const { workers } = contextOf<{ workers: Record<string, { issue: string }> }>('w/witness')
      const [name] = Object.entries(workers).find(([, worker]) => worker.issue === issue) ?? []
      if (!name) throw new Error(`nobody works on ${issue}; there are ${JSON.stringify(workers)}`)
      return name
    },
    workers: () =>
      Object.values(contextOf<{ workers: Record<string, { issue: string }> }>('w/witness').workers)
        .map(({ issue }) => issue)
        .sort(),
    /** The worker of an issue says how it ended. */
    handsOff(issue: string, body: JsonObject = {}) {
      const name = this.workerOf(issue)
      return post(`w/polecats/${name}`, `w/polecats/${name}`, 'handoff.requested', body)
    },
    /** Its session is over. */
    exits(issue: string, exitCode = 0) {
      this.answer(`watchSession w/polecats/${this.workerOf(issue)}/session`, { kind: 'ended', exitCode, tail: 'bye' })
    },
    /** It closes its issue itself. */
    closes(issue: string) {
      const closedBy = `w/polecats/${this.workerOf(issue)}`
      Object.assign(issues.get(issue) as Issue, { status: 'closed', closedBy })
    },
    /** Somebody changes an issue by hand. */
    byHand(issue: string, changes: Partial<Issue>) {
      Object.assign(issues.get(issue) as Issue, changes)
      post('daemon', 'w/witness', 'issues.changed')
    },
    statuses: () => [...issues.values()].map(({ status }) => status),
    escalations: () =>
      contextOf<{ escalations: { cause: string; subject: string; body: string }[] }>('mayor/').escalations,
    causes: () => contextOf<{ escalations: { cause: string }[] }>('mayor/').escalations.map(({ cause }) => cause),
    /** Whether it was left for later, and waits for its answer. */
    waits: (which: string) => later.has(which),
    /** How often this was performed. */
    times: (what: string) => performed.filter((line) => line.startsWith(what)).length,
    contextOf,
    clock,
    performed,
    get host() {
      return host
    },
    settleDown,
    post,
    /** An effect that was left for later answers now. */
    answer(which: string, answer: JsonObject) {
      const effect = later.get(which)
      if (!effect) throw new Error(`nothing waits as "${which}"; waiting: ${[...later.keys()].join(', ')}`)
      later.delete(which)
      settle(effect, answer)
      settleDown()
    },
    wait(ms: number) {
      clock.advance(ms)
      host.fireTimers()
      settleDown()
    },
    /** Somebody else pushes to main. */
    mainMoves() {
      main = commitOf(main, 'somebody')
      return main
    },
    /** What the world answers when it is well. */
    well: (name: EffectName, input: Input) => goesWell[name]?.(input, undefined as never) as JsonObject,
    /** kill -9 and start again on the same file. */
    crash() {
      host.close()
      host = open()
      settleDown()
    },
    state: (address: string) => host.actor(address)?.value,
    /** The town log: who said what. */
    log: () => host.journal({}).flatMap((entry) => entry.notes.map((note) => `${entry.address}: ${note.text}`)),
    dispose() {
      host.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
