// The hands of sessions: what starting, watching and ending one does.
// Never: restarts anything; the polecat decides that.
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../runtime/contract.ts'
import { afterWatched } from '../../runtime/open.ts'
import { lacking } from '../agents/installed.ts'
import { presetOf } from '../agents/presets.ts'
import { type PolecatFacts, primeText } from '../agents/prime.ts'
import { roleText } from '../agents/role-text.ts'
import { describeRun, isSpoken, layDown } from '../agents/supervisor.ts'
import type { Hands } from '../binding.ts'
import type { RigConfig } from '../config.ts'
import type { Environment } from '../environment.ts'
import { writePassing } from '../files.ts'
import { notForIt } from '../instructions.ts'
import { townLayout } from '../layout.ts'
import {
  cancelStart,
  endLeftOf,
  endPolitely,
  endSession,
  isRunOf,
  lookedAt,
  recorded,
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
  /** What an issue says now, however long; empty where it says nothing. */
  textsOf(rig: string, issue: string): { description: string; acceptance: string }
  backend(name: 'auto' | 'tmux' | 'process'): SessionBackend | Promise<SessionBackend>
  secret: string
  /** Makes `gt` and `bd` as sessions find them, where they are not there any more. */
  makeShims?(): void
  /** The daemon's environment; sessions get the allowed part. */
  env: Environment
  node: string
  clock: Clock
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
  return {
    async startSession(input, call) {
      const rig = deps.rig(input.rig)
      const dir = join(townLayout(deps.town).sessions, input.id)
      const preset = await presetOf(rig.agent)
      const launch = preset.launch({ worker: rig.worker?.argv, node: deps.node })
      if ('why' in launch) return { kind: 'refused', why: `${input.rig}: ${launch.why}` }
      if (!existsSync(input.worktree)) return { kind: 'failed', why: `${input.worktree} does not exist`, tail: '' }
      deps.makeShims?.()
      // The assignment is on disk before there is anyone to read it.
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      const { attempt, returned } = input
      const { description, acceptance } = deps.textsOf(input.rig, input.issue.id)
      const issue = { ...input.issue, description }
      const assignment = JSON.stringify({ issue, attempt, returned, branch: input.branch }, null, 2)
      writePassing(join(dir, 'assignment.json'), `${assignment}\n`)
      const env = environmentOf(deps, rig, input, dir, preset.passes)
      const spoken = preset.drive !== undefined
      if (spoken) {
        const { polecat: name, address, branch } = input
        const who = { address, branch }
        const why = lacking(preset, launch.argv, env.PATH ?? '')
        if (why !== undefined) return { kind: 'refused', why }
        describeRun(dir, {
          preset: preset.name,
          argv: [...launch.argv],
          conversation: input.conversation ?? randomUUID(),
          resumed: input.conversation !== null,
          role: roleText(deps.town, input.rig, 'polecat', {
            ...who,
            name,
            rig: input.rig,
            issue: issue.id,
            town: deps.town,
          }),
          notForIt: notForIt(deps.town),
          model: rig.model ?? null,
          effort: rig.effort ?? null,
        })
        const facts: PolecatFacts = {
          ...{ role: 'polecat', name, rig: input.rig, ...who, folder: input.worktree, main: rig.default_branch },
          ...{ issue: { ...issue, acceptance }, attempt, returned, gone: null, mail: null, notes: [] },
        }
        const text = input.conversation === null ? [primeText(facts), ...noted(input.note)].join('\n') : resumed
        layDown(dir, 0, { id: `${input.address}/${input.epoch}/0`, text })
      }
      const argv = spoken ? [deps.node, deps.supervisor, dir] : launch.argv
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
          : { kind: 'started', session: record, spoken }
      } finally {
        starting.delete(input.id)
      }
    },

    async watchSession({ rig, session, worktree, stallMatters, since, pause, fullMatters }, call) {
      const result = await watchSession(
        await deps.backend(session.backend),
        session,
        worktree,
        stallMatters ? deps.rig(rig).hang_after : null,
        deps.clock,
        call.signal,
        deps.pollMs,
        { since, pause, fullAtPercent: fullMatters ? deps.rig(rig).cycle_at : null },
      )
      if (result.kind === 'ended') await (await deps.backend(session.backend)).forget(session.id)
      return result
    },

    async tellSession({ session, id, place, text }) {
      // Whoever reads it has gone together with the folder.
      if (existsSync(session.dir)) layDown(session.dir, place, { id, text })
      return { laid: true }
    },

    async killSession({ rig, id, session, lastWords, since }, call) {
      const dir = join(townLayout(deps.town).sessions, id)
      // A start under way ends first, one way or the other; one that takes too long is called off.
      await over(starting.get(id), startWithinMs)
      const record = session ?? recorded(dir)
      if (!record) {
        await cancelStart(dir, graceMs, call.signal)
        await (await deps.backend(deps.rig(rig).session)).forget(id)
        return { exitCode: null, tail: lastWords ? tail(dir) : '', ...lookedAt(dir, since) }
      }
      await settled(record, call.signal)
      if (isSpoken(dir)) await endPolitely(record, graceMs, call.signal)
      const ended = await endSession(record, graceMs, call.signal)
      await (await deps.backend(record.backend)).forget(id)
      return { ...ended, ...(lastWords ? {} : { tail: '' }), ...lookedAt(dir, since) }
    },
  }
}

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

/** What it wrote down for itself in the conversation before. */
const noted = (note: string) =>
  note === '' ? [] : ['', '## Your own note, from the conversation before this one', '', note]
