// Surroundings: what may happen to a modelled town from outside: effects that go well or not, agents that work or
// err, people and origin.
// Never: handles mail; that is the model's part.

import type { RefineryContext } from '../machines/refinery.ts'
import { runSpeaks } from '../machines/session.ts'
import type { EffectSpec, JsonObject } from '../runtime/contract.ts'
import { mayMeet, performIn } from './hands.ts'
import { Violation } from './invariants.ts'
import type { Choice, Mail, Scope, TownState } from './state.ts'
import { seen, watched } from './watching.ts'
import { type Agent, rig, type World } from './world.ts'

/** Puts a choice on the list, when the scope still allows it. */
export type Add = (words: string, from: Choice['from'], next: (state: TownState) => TownState) => void

type MailOf = (from: string, to: string, type: string, body: unknown, more?: { id?: string; invokeId?: string }) => Mail

/** What may be in the way for a while. */
const troubles = [
  ['originAway', 'origin does not answer', 'origin answers again'],
  ['originRefuses', 'origin refuses pushes', 'origin takes pushes again'],
  ['originDenies', 'origin denies access', 'origin grants access again'],
  ['gatesBroken', 'the gates cannot run', 'the gates run again'],
  ['gitBroken', 'git cannot build anything', 'git builds again'],
] as const
type Flag = (typeof troubles)[number][0]

const nothing = () => {}

export function makeSurroundings(scope: Scope, specs: Readonly<Record<string, EffectSpec>>, mailOf: MailOf) {
  function effects(state: TownState, add: Add): void {
    const busy = new Map<string, number>()
    for (const [n, effect] of state.effects.entries()) {
      const spec = specs[effect.name]
      if (effect.lane !== null) {
        const taken = busy.get(effect.lane) ?? 0
        busy.set(effect.lane, taken + 1)
        if (taken >= (spec?.laneLimit ?? 1)) continue
      }
      if (spec?.starts && !effect.started) {
        if (!state.held)
          add(`${effect.name} of ${effect.address} is begun`, 'town', (now) => ({
            ...now,
            effects: now.effects.with(n, { ...effect, started: true }),
          }))
        continue
      }
      const what = `${effect.name} of ${effect.address}`
      const without = (now: TownState): TownState => ({ ...now, effects: now.effects.filter((_, m) => m !== n) })
      const tell = (now: TownState, result: { output: unknown } | { error: { message: string } }): TownState =>
        effect.invokeId === null
          ? now
          : {
              ...now,
              mail: [
                ...now.mail,
                mailOf(
                  effect.address,
                  effect.address,
                  `xstate.${'output' in result ? 'done' : 'error'}.actor.${effect.invokeId}`,
                  result,
                  {
                    id: `effect:${what}`,
                    invokeId: effect.invokeId,
                  },
                ),
              ],
            }
      if (effect.name === 'watchSession') {
        const news = watched(state.world, effect.input as never)
        if (news)
          add(`${what} sees that it ${news['kind']}`, 'town', (now) => {
            const world = now.world.clone()
            return tell({ ...without(now), world }, { output: seen(world, effect.input as never) })
          })
        add(`${what} fails`, 'fault', (now) => tell(without(now), { error: { message: 'it would not' } }))
        continue
      }
      const performed = (
        now: TownState,
      ): { now: TownState; result: { output: unknown } | { error: { message: string } } } => {
        const world = now.world.clone()
        try {
          const output = spec?.parseOutput(performIn(world, effect))
          return { now: { ...now, world }, result: { output } }
        } catch (error) {
          if (error instanceof Violation) throw error
          return { now: { ...now, world }, result: { error: { message: (error as Error).message } } }
        }
      }
      add(`${what} is done`, 'town', (now) => {
        const { now: after, result } = performed(without(now))
        return tell(after, result)
      })
      // What nobody waits for is tried again: failing changes nothing.
      if (effect.invokeId !== null) {
        add(`${what} fails`, 'fault', (now) => tell(without(now), { error: { message: 'it would not' } }))
        for (const output of mayMeet(state.world, effect))
          add(`${what} answers ${'kind' in output ? output.kind : ''}`, 'fault', (now) =>
            tell(without(now), { output }),
          )
        add(`${what} is done and its answer lost`, 'fault', (now) =>
          tell(performed(without(now)).now, { error: { message: 'the answer was lost' } }),
        )
      }
      add(`${what} is done, then a crash: it will be done again`, 'fault', (now) => performed(now).now)
    }
  }

  function changed(now: TownState, id: string, what: (world: World, agent: Agent) => void): TownState {
    const world = now.world.clone()
    what(world, world.agents.get(id) as Agent)
    return { ...now, world }
  }

  function agents(state: TownState, add: Add): void {
    for (const { id, address, polecat, epoch, issue, state: health, asked, done } of state.world.agents.values()) {
      if (health !== 'alive') continue
      const act = (now: TownState, what: (world: World, agent: Agent) => void) => changed(now, id, what)
      const dies = (exitCode: number) => (now: TownState) =>
        act(now, (_, agent) => Object.assign(agent, { state: 'dead', exitCode, asked: null }))
      add(`${polecat}'s agent dies`, 'fault', dies(1))
      add(`${polecat}'s agent falls silent`, 'fault', (now) =>
        act(now, (_, agent) => Object.assign(agent, { state: 'frozen' })),
      )
      if (done) {
        add(`${polecat}'s agent writes on after its handoff`, 'fault', (now) =>
          act(now, (world, agent) => world.write(agent)),
        )
        add(`${polecat}'s agent closes its issue after its handoff`, 'fault', (now) =>
          act(now, (world, agent) => world.closeOwn(agent)),
        )
        continue
      }
      if (asked !== null) continue
      const speaks = runSpeaks(state.actors.get(`${address}/session`)?.stored.seen, epoch)
      const handsOver =
        (work: (world: World, agent: Agent) => void, body: JsonObject = {}) =>
        (now: TownState) => {
          const asked = `ask:${id}`
          const after = act(now, (world, agent) => {
            world.purse.use(agent.issue)
            work(world, agent)
            agent.asked = asked
          })
          return { ...after, mail: [...after.mail, mailOf(address, address, 'handoff.requested', body, { id: asked })] }
        }
      const commits = (red: boolean) => (world: World, agent: Agent) => {
        const place = world.worktrees.get(agent.polecat)
        if (!place) return
        world.tidyUp(agent)
        if (place.dirty.size === 0 && (red || agent.mendsConflict || world.isRed(agent) || !world.aheadOfMain(agent)))
          world.write(agent)
        world.commitAll(agent, red)
      }
      if (!state.world.worktrees.has(polecat)) {
        add(`${polecat}'s agent finds no worktree and falls silent`, 'town', (now) =>
          act(now, (_, agent) => Object.assign(agent, { state: 'frozen' })),
        )
        continue
      }
      add(`${polecat}'s agent closes its issue, and goes`, 'fault', (now) =>
        dies(0)(act(now, (world, agent) => world.closeOwn(agent))),
      )
      for (const status of ['open', 'blocked'] as const)
        add(`${polecat}'s agent sets its issue ${status}, and goes`, 'fault', (now) =>
          dies(0)(act(now, (world, agent) => world.giveUpOwn(agent, status))),
        )
      if (!speaks) continue
      add(`${polecat}'s agent commits its work and hands over`, 'town', handsOver(commits(false)))
      for (const outcome of ['no_change', 'blocked', 'cannot', 'given_back'])
        add(`${polecat}'s agent says ${outcome}`, 'fault', handsOver(nothing, { outcome, reason: 'it says so' }))
      const [other] = [...state.world.issues.keys()].filter((each) => state.world.mayWaitFor(issue, each))
      if (other)
        add(
          `${polecat}'s agent says that it waits for ${other}`,
          'fault',
          handsOver(nothing, { outcome: 'blocked', reason: 'it says so', blockedBy: other }),
        )
      const wrongly: Record<string, (world: World, agent: Agent) => void> = {
        'commits work that fails its gate, and hands over': commits(true),
        'hands over with a file uncommitted': (world, agent) => world.write(agent),
        'commits, and hands over from no branch': (world, agent) => {
          commits(false)(world, agent)
          world.goAstray(agent)
        },
        'commits, and hands over in the middle of a merge': (world, agent) => {
          commits(false)(world, agent)
          world.leaveUnfinished(agent)
        },
      }
      for (const [words, does] of Object.entries(wrongly)) add(`${polecat}'s agent ${words}`, 'fault', handsOver(does))
    }
  }

  function outside(state: TownState, add: Add): void {
    const set = (changes: Partial<Pick<World, Flag>>) => (now: TownState) => ({
      ...now,
      world: Object.assign(now.world.clone(), changes),
    })
    const post = (now: TownState, to: string, type: string, body: JsonObject = {}, from = 'overseer') => ({
      ...now,
      mail: [...now.mail, mailOf(from, to, type, body)],
    })
    const { world } = state
    if (state.mail.length > 0) return
    for (const [flag, on, off] of troubles) {
      if (world[flag]) add(off, 'town', set({ [flag]: false }))
      else add(on, 'fault', set({ [flag]: true }))
    }
    const pushed = (what: (next: World) => void) => (now: TownState) => {
      const next = now.world.clone()
      what(next)
      return { ...now, world: next }
    }
    for (const with_ of [null, scope.issues[0]?.id as string])
      add(
        `somebody pushes to main${with_ ? `, in conflict with ${with_}` : ''}`,
        'fault',
        pushed((next) => next.foreignPush(with_)),
      )
    add(
      'somebody pushes to main what fails a gate',
      'fault',
      pushed((next) => next.foreignPush(null, true)),
    )
    // Whoever broke it mends it, some day.
    if (world.commits.get(world.originMain).red.get('foreign'))
      add(
        'somebody mends main',
        'town',
        pushed((next) => next.foreignPush(null)),
      )
    if (state.held || state.paused)
      add('overseer: gt up', 'town', (now) =>
        post({ ...now, held: false, paused: false }, `${rig}/witness`, 'rig.resumed'),
      )
    if (!state.held)
      add('overseer: gt stop --all', 'overseer', (now) =>
        post({ ...now, held: true }, `${rig}/witness`, 'rig.stopped', { why: 'stop --all' }),
      )
    if (world.purse.usedUp(world.issues.keys()).length > 0)
      add('overseer: gt rig set w budget.…=', 'overseer', (now) => {
        const next = now.world.clone()
        next.purse.budgets = {}
        const body = { maxWorkers: scope.polecats, spawnDelayMs: 0, mergeTries: scope.tries }
        return post({ ...now, world: next }, `${rig}/witness`, 'rig.configured', body, 'daemon')
      })
    if (world.purse.usedUp(world.issues.keys()).some((cause) => cause.includes('/budget/day')))
      add(
        'the day is over',
        'town',
        pushed((next) => next.purse.endDay()),
      )
    add('overseer: gt refinery process', 'overseer', (now) => post(now, `${rig}/refinery`, 'queue.poked'))
    const changedByHand = (now: TownState, what: (world: World) => void) => {
      const next = now.world.clone()
      what(next)
      return post({ ...now, world: next }, `${rig}/witness`, 'issues.changed', {}, 'daemon')
    }
    if (world.taken().length > 0)
      add('somebody gives back what they took', 'town', (now) => changedByHand(now, (next) => next.giveBack()))
    for (const { id, status, assignee } of world.issues.values()) {
      for (const fresh of [false, true])
        add(`overseer: gt spawn --issue ${id}${fresh ? ' --fresh' : ''}`, 'overseer', (now) =>
          post(now, 'mayor/', 'work.requested', { rig, issues: [id], fresh }),
        )
      if (status === 'open' && assignee === null)
        add(`somebody takes ${id}`, 'overseer', (now) => changedByHand(now, (next) => next.take(id)))
      if (isQueued(state, id))
        add(`overseer: gt merge-queue remove ${id}`, 'overseer', (now) =>
          post(now, `${rig}/refinery`, 'queue.removal', { issue: id, why: 'not now' }),
        )
      if (status === 'blocked' || isQueued(state, id))
        add(`overseer: bd close ${id}`, 'overseer', (now) => changedByHand(now, (next) => next.letGo(id)))
    }
    for (const polecat of world.worktrees.keys()) {
      add(`overseer: gt session stop ${polecat}`, 'overseer', (now) =>
        post({ ...now, paused: true }, `${rig}/witness`, 'session.stopRequested', { polecat }),
      )
      add(`somebody deletes the worktree of ${polecat}`, 'fault', (now) => {
        const next = now.world.clone()
        next.loseWorktree(polecat)
        return { ...now, world: next }
      })
    }
  }

  /** An agent that shows no progress any more. */
  const fallsSilent = (id: string) => (now: TownState) =>
    changed(now, id, (_, agent) => Object.assign(agent, { state: 'frozen' }))

  return { effects, agents, outside, fallsSilent }
}

function isQueued(state: TownState, id: string): boolean {
  const seen = state.actors.get(`${rig}/refinery`)?.stored.seen.context as unknown as RefineryContext | undefined
  return seen?.queue.some(({ issue }) => issue === id) ?? false
}
