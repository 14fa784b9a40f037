// A whole town on the production host and store, with a world that answers as scripted. For story tests of the
// protocol.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bind } from '../../actors/binding.ts'
import type { EffectName } from '../../machines/effects.ts'
import type { Host, JsonObject, PromisedEffect } from '../../runtime/contract.ts'
import { openHost, openSqliteStore, seededRandom, virtualClock } from '../../runtime/open.ts'

export const sha = (letter: string) => letter.repeat(40)
// biome-ignore lint/suspicious/noExplicitAny: the shapes are checked by the effects' own schemas
type Input = any
type Answer = JsonObject | Error | 'later'
export type World = Partial<Record<EffectName, (input: Input, effect: PromisedEffect) => Answer>>

export interface Issue {
  id: string
  status: 'open' | 'in_progress' | 'closed' | 'blocked'
  after: string[]
}

/** The town `w` with issues in memory; every effect not in `world` goes well. */
export function town(world: World = {}, options: { maxWorkers?: number; issues?: Issue[] } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'town-'))
  const clock = virtualClock(1_000_000)
  const issues = new Map((options.issues ?? []).map((issue) => [issue.id, issue]))
  const later = new Map<string, PromisedEffect>()
  const performed: string[] = []
  let epicClosed = false
  const facts = {
    rigs: () => ['w'],
    rig: () => ({
      maxWorkers: options.maxWorkers ?? 2,
      spawnDelayMs: 0,
      sessionTries: 3,
      mergeTries: 3,
      retireTries: 5,
    }),
    hasPlugin: () => true,
    hasCrew: () => false,
  }
  const brief = (id: string) => ({
    id,
    title: `Do ${id}`,
    description: '',
    priority: 2,
    type: 'task',
    createdAt: id,
    epic: 'w-e',
  })
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

  const goesWell: World = {
    surveyIssues: ({ epics, escalated }) => {
      const all = [...issues.values()]
      const closed = (id: string) => issues.get(id)?.status === 'closed'
      return {
        ready: all
          .filter((issue) => issue.status === 'open' && issue.after.every(closed))
          .map((issue) => brief(issue.id)),
        closed: escalated.filter(closed),
        unknown: [],
        complete: all.every((issue) => issue.status === 'closed') ? epics : [],
        over: epicClosed ? epics : [],
        waiting: [],
      } as unknown as JsonObject
    },
    claimIssue: (input) => {
      const issue = issues.get(String(input.issue)) as Issue
      issue.status = 'in_progress'
      return { kind: 'claimed', issue: brief(issue.id), preserved: null }
    },
    releaseIssue: (input) => {
      const issue = issues.get(String(input.issue)) as Issue
      issue.status = input.status as Issue['status']
      return { status: issue.status }
    },
    closeIssue: (input) => {
      const issue = issues.get(String(input.issue))
      if (issue) issue.status = 'closed'
      else epicClosed = [...issues.values()].every(({ status }) => status === 'closed')
      return { closed: issue !== undefined || epicClosed }
    },
    fileMessage: () => ({ filed: true }),
    createWorktree: (input) => ({
      path: `/town/${input.rig}/polecats/${input.polecat}`,
      head: sha('a'),
      base: sha('a'),
    }),
    inspectWorktree: (input) => ({
      kind: 'found',
      onBranch: input.branch,
      head: sha('b'),
      dirty: [],
      ahead: 1,
      unfinished: null,
    }),
    pinWork: (input) => ({ head: { ref: `refs/gt/work/${input.issue}`, sha: sha('b') }, dirty: null }),
    removeWorktree: () => ({ removed: true }),
    deleteBranch: () => ({ kind: 'deleted' }),
    buildCandidate: () => ({ kind: 'built', base: sha('a'), commit: sha('c') }),
    runGates: () => ({ kind: 'green', gates: [] }),
    landCandidate: () => ({ kind: 'pushed' }),
    confirmLanded: () => ({ kind: 'confirmed' }),
    startSession: (input) => ({
      kind: 'started',
      session: { id: input.id, backend: 'process', pid: 4242, pidStart: '1', epoch: input.epoch, dir: '/s' },
    }),
    watchSession: () => 'later',
    killSession: () => ({ exitCode: null, tail: '' }),
    runPlugin: () => ({ kind: 'answered', reply: 'yes' }),
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

  return {
    issues,
    clock,
    performed,
    goesWell,
    get host() {
      return host
    },
    settleDown,
    post(from: string, to: string, type: string, body: JsonObject = {}) {
      const { id } = host.post({ from, to, type, body })
      settleDown()
      return id
    },
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
