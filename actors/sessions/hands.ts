// The hands of sessions: what starting, watching and ending one does.
// Never: restarts anything; the polecat decides that.
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { polecatOf } from '../../machines/address.ts'
import type { EffectInput } from '../../machines/effects.ts'
import { wordsOf } from '../../machines/profile.ts'
import type { Clock, EffectCall } from '../../runtime/contract.ts'
import { afterWatched } from '../../runtime/open.ts'
import { shareTranscripts, variablesOf } from '../accounts.ts'
import { chosen, type TownChoice } from '../agents/choice.ts'
import type { Told } from '../agents/evidence.ts'
import { formerText } from '../agents/former.ts'
import { lacking } from '../agents/installed.ts'
import { presetIn, presetTrouble, writtenOf } from '../agents/own.ts'
import { type PolecatFacts, primeText } from '../agents/prime.ts'
import { lookedAt, Readings } from '../agents/reading.ts'
import { roleText } from '../agents/role-text.ts'
import { describeRun, isResumed, isSpoken, layDown, type RunFile, thresholdsOf } from '../agents/supervisor.ts'
import type { Hands } from '../binding.ts'
import type { RigConfig } from '../config.ts'
import type { Environment } from '../environment.ts'
import { textOf, writePassing } from '../files.ts'
import { notForIt } from '../instructions.ts'
import { townLayout } from '../layout.ts'
import { metaOf } from '../ledger/sessions.ts'
import { hasBegun, isRunOf, recorded } from './runs.ts'
import {
  cancelStart,
  endLeftOf,
  endPolitely,
  endSession,
  type SessionBackend,
  start,
  tail,
  watchSession,
} from './session.ts'
import { settled } from './settle.ts'
import { environmentOf } from './variables.ts'

export interface SessionDeps {
  town: string
  rig(name: string): RigConfig
  /** What the town says of agents where a rig says nothing. */
  ofTown(): TownChoice
  /** What an issue says now, however long; empty where it says nothing. */
  textsOf(rig: string, issue: string): Promise<{ description: string; acceptance: string; labels: readonly string[] }>
  /** The unread mail of somebody who begins. */
  unread?(rig: string, address: string): PolecatFacts['mail']
  /** What is in a worker's place. */
  placeOf?: Hands['inspectWorktree']
  backend(name: 'auto' | 'tmux' | 'process'): SessionBackend | Promise<SessionBackend>
  secret: string
  /** Makes `gt` and `bd` as sessions find them, where they are not there any more. */
  makeShims?(): void
  /** The daemon's environment; sessions get the allowed part. */
  env: Environment
  node: string
  clock: Clock
  /** Hears what agents' evidence says, as it is read; the same facts perhaps twice. */
  heard?(dir: string, facts: readonly Told[]): void
  /** Hears every `beatMs` that the session of this worker goes on with its issue. */
  beats?(rig: string, issue: string, worker: string): Promise<void>
  beatMs?: number
  /** What drives a session's agent, where one is spoken to: a program for Node. */
  supervisor: string
  pollMs?: number
  startWithinMs?: number
  graceMs?: number
}

export function sessionHands(
  deps: SessionDeps,
): Pick<Hands, 'startSession' | 'watchSession' | 'tellSession' | 'killSession'> {
  const graceMs = deps.graceMs ?? 5000
  const startWithinMs = deps.startWithinMs ?? 20_000
  const starting = new Map<string, Promise<unknown>>()
  const known = new Readings()
  const beaten = new Map<string, number>()
  /** As long as somebody watches it a session is alive, and keeps what it has. Returns how to stop. */
  const keepHolding = (dir: string) => {
    const [beatMs, meta] = [deps.beatMs ?? usualBeatMs, metaOf(dir)]
    const beat = () => {
      const isDue = deps.clock.watched() - (beaten.get(dir) ?? Number.NEGATIVE_INFINITY) >= beatMs
      if (!meta || !isDue) return
      beaten.set(dir, deps.clock.watched())
      // A store that cannot be used is told by others; the next beat may go well.
      deps.beats?.(meta.rig, meta.issue, polecatOf(meta.rig, meta.polecat)).catch(() => beaten.delete(dir))
    }
    beat()
    const timer = setInterval(beat, beatMs)
    return () => clearInterval(timer)
  }
  const heardOf = (dir: string) => (facts: readonly Told[]) => deps.heard?.(dir, facts)
  return {
    async startSession(input, call) {
      const rig = deps.rig(input.rig)
      const dir = join(townLayout(deps.town).sessions, input.id)
      const { description, acceptance, labels } = await deps.textsOf(input.rig, input.issue.id)
      const { agent, worker, ownChoice, model, effort } = chosen('polecat', labels, rig, deps.ofTown())
      // What an issue chose itself is the issue's own trouble, and stops no rig.
      const refused = (why: string) =>
        ownChoice ? ({ kind: 'failed', why, tail: '' } as const) : ({ kind: 'refused', why } as const)
      const trouble = presetTrouble(deps.town, agent)
      if (trouble !== undefined) return refused(`${input.rig}: ${trouble}`)
      const preset = await presetIn(deps.town, agent)
      const launch = preset.launch({ worker: worker?.argv, node: deps.node })
      if ('why' in launch) return refused(`${input.rig}: ${launch.why}`)
      if (!existsSync(input.worktree)) return { kind: 'failed', why: `${input.worktree} does not exist`, tail: '' }
      const isOfPreset = input.account.startsWith(`${preset.name}/`)
      const account = isOfPreset ? accountOf(deps.town, input.account) : undefined
      // Asked again after a crash: one that has begun lives without it, and one that may have is called off.
      const isThere = hasBegun(dir)
      if (account?.why !== undefined && !isThere)
        return existsSync(dir) ? { kind: 'failed', why: account.why, tail: '' } : { kind: 'unpaid', why: account.why }
      deps.makeShims?.()
      // The assignment is on disk before there is anyone to read it.
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      const { attempt, returned } = input
      const issue = { ...input.issue, description }
      const { note, branch } = input
      const assignment = JSON.stringify({ issue, attempt, returned, branch, note }, null, 2)
      writePassing(join(dir, 'assignment.json'), `${assignment}\n`)
      const env = environmentOf(deps, rig, input, dir, { ...preset, worker }, account?.variables)
      const began = input.begunUnder === '' ? {} : accountOf(deps.town, input.begunUnder).variables
      const goesOn = isThere ? isResumed(dir) : began && shareTranscripts(began, account?.variables ?? {})
      const anew = input.conversation !== null && !goesOn
      const spoken = preset.drive !== undefined
      if (spoken && !isThere) {
        const why = lacking(preset, launch.argv, env.PATH ?? '')
        if (why !== undefined) return refused(why)
        const how = { preset: preset.name, own: writtenOf(deps.town, agent), argv: [...launch.argv], model, effort }
        const { hangAfterMs = null, cycleAtPercent = null } = preset
        // Its own notes, which it is told, are mail too, and unread until then.
        const mail = note === '' ? (deps.unread?.(input.rig, input.address) ?? null) : null
        const place = { dir, town: deps.town, main: rig.default_branch, mail }
        const under = { ...how, hangAfterMs, cycleAtPercent, account: isOfPreset ? input.account : '' }
        const talk = anew
          ? { ...input, conversation: null, former: input.former || 'it was held under another account' }
          : input
        const isNew = talk.conversation === null && Boolean(talk.former || note)
        const former = isNew ? await formerOf(deps, talk, call) : ''
        makeReady(talk, { ...issue, acceptance }, under, { ...place, former })
      }
      const argv = spoken ? [deps.node, ...lean, deps.supervisor, dir] : launch.argv
      const spec = { id: input.id, dir, argv, cwd: input.worktree, env }
      const begin = async () => {
        // Nobody works beside its successor, whatever became of the one before and of those who were to end it.
        const isFormer = (id: string) => id !== input.id && isRunOf(id, input.rig, input.polecat)
        await endLeftOf(townLayout(deps.town).sessions, isFormer, 0, call.signal)
        return start(await deps.backend(rig.session), spec, input.epoch, startWithinMs, call.signal)
      }
      const begun = begin()
      starting.set(input.id, begun)
      try {
        const record = await begun
        return 'why' in record
          ? { kind: 'failed', why: record.why, tail: tail(dir) }
          : { kind: 'started', session: record, spoken, ownChoice, anew }
      } finally {
        starting.delete(input.id)
      }
    },

    async watchSession({ rig, session, worktree, stallMatters, since, pause, fullMatters, lastedMs = null }, call) {
      const { hang_after, cycle_at, cycle_after } = deps.rig(rig)
      // What its preset says of it goes before.
      const { hangAfterMs, cycleAtPercent } = thresholdsOf(session.dir)
      const letGo = keepHolding(session.dir)
      const result = await watchSession(
        await deps.backend(session.backend),
        session,
        worktree,
        stallMatters ? (hangAfterMs ?? hang_after) : null,
        deps.clock,
        call.signal,
        deps.pollMs,
        {
          since,
          pause,
          fullAtPercent: fullMatters ? (cycleAtPercent ?? cycle_at) : null,
          oldAfterMs: cycle_after === undefined || lastedMs === null ? null : Math.max(0, cycle_after - lastedMs),
          heard: heardOf(session.dir),
          known,
        },
      ).finally(letGo)
      if (result.kind === 'ended') known.forget(session.dir)
      if (result.kind === 'ended') beaten.delete(session.dir)
      if (result.kind === 'ended') await (await deps.backend(session.backend)).forget(session.id)
      return result
    },

    async tellSession({ session: { dir }, id, place, text, primes }) {
      const more = primes ? (textOf(shortPrimeOf(dir)) ?? '') : ''
      // Whoever reads it has gone together with the folder.
      if (existsSync(dir)) layDown(dir, place, { id, text: `${text}\n\n${more}`.trim() })
      return { laid: true }
    },

    async killSession({ rig, id, session, lastWords, since }, call) {
      const dir = join(townLayout(deps.town).sessions, id)
      // A start under way ends first, one way or the other; one that takes too long is called off.
      await over(starting.get(id), startWithinMs)
      known.forget(dir)
      beaten.delete(dir)
      const record = session ?? recorded(dir)
      if (!record) {
        await cancelStart(dir, graceMs, call.signal)
        await (await deps.backend(deps.rig(rig).session)).forget(id)
        return { exitCode: null, tail: lastWords ? tail(dir) : '', ...lookedAt(dir, since, heardOf(dir)) }
      }
      await settled(record, call.signal)
      // What lies in the way of asking is the agent's own doing, and keeps nobody from ending it.
      if (isSpoken(dir)) await endPolitely(record, graceMs, call.signal).catch(() => undefined)
      const ended = await endSession(record, graceMs, call.signal)
      await (await deps.backend(record.backend)).forget(id)
      return { ...ended, ...(lastWords ? {} : { tail: '' }), ...lookedAt(dir, since, heardOf(dir)) }
    },
  }
}

/** How often a claim is renewed, in milliseconds: twice in the time for which it counts (`beads/claims.ts`). */
const usualBeatMs = 120_000

/** What an account says, or why nothing can be begun under it. */
function accountOf(town: string, account: string) {
  try {
    const variables = variablesOf(town, account)
    return variables ? { variables } : { why: `there is no account ${account}; \`gt account add\` makes it` }
  } catch (error) {
    return { why: wordsOf(error) }
  }
}

/**
 * A supervisor lives as long as its session and keeps next to nothing: room for what is new need not grow (megabytes),
 * and one that an agent's program has filled ends, with the session.
 */
const lean = ['--max-semi-space-size=1', '--max-old-space-size=256']

/** Resolves when it is over, however it ended, and after so many milliseconds in any case. */
async function over(work: Promise<unknown> | undefined, mostMs: number): Promise<void> {
  if (!work) return
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const limit = afterWatched(mostMs, resolve)
  await Promise.race([work.catch(() => undefined), late])
  limit.stop()
}

const resumed = [
  'Your session had ended, and goes on here, in the same worktree. Look at `git status` and at what you were doing, and',
  'go on; `gt prime` tells what your issue is. When you are done: `gt handoff`.',
].join('\n')

/** What it is told once more when its context was made shorter. */
const shortPrimeOf = (dir: string) => join(dir, 'prime.txt')

/** What a new conversation is told of the one before it. What cannot be looked at it sees for itself. */
async function formerOf(deps: SessionDeps, input: EffectInput<'startSession'>, call: EffectCall): Promise<string> {
  const found = await deps.placeOf?.(input, call).catch(() => undefined)
  return formerText({ why: input.former, note: input.note, main: deps.rig(input.rig).default_branch }, found)
}

/** Lays down what its supervisor needs: what to drive, and how the conversation begins, or goes on. */
function makeReady(
  input: EffectInput<'startSession'>,
  issue: PolecatFacts['issue'],
  how: Omit<RunFile, 'conversation' | 'resumed' | 'role' | 'notForIt'>,
  {
    dir,
    town,
    main,
    mail,
    former,
  }: Pick<PolecatFacts, 'main' | 'mail'> & { dir: string; town: string; former: string },
): void {
  const { polecat: name, rig, address, branch, attempt, returned, conversation, worktree } = input
  describeRun(dir, {
    ...how,
    conversation: conversation ?? randomUUID(),
    resumed: conversation !== null,
    role: roleText(town, rig, 'polecat', { name, rig, address, branch, issue: issue.id, town }),
    notForIt: notForIt(town),
  })
  const facts: PolecatFacts = {
    ...{ role: 'polecat', name, rig, address, branch, folder: worktree, main },
    ...{ issue, attempt, returned, gone: null, mail, notes: [] },
  }
  writePassing(shortPrimeOf(dir), primeText(facts, { short: true }))
  const text = conversation === null ? `${primeText(facts)}${former}` : resumed
  layDown(dir, 0, { id: `${address}/${input.epoch}/0`, text })
}
