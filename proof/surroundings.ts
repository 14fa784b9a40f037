// Surroundings: what may happen to a modelled town from outside: effects that go well or not, agents that work or
// err, people and origin.
// Never: handles mail; that is the model's part.

import { unlucky } from '../machines/cases.ts'
import type { EffectName } from '../machines/effects.ts'
import { runSpeaks } from '../machines/session.ts'
import type { EffectSpec, JsonObject } from '../runtime/contract.ts'
import { performIn } from './hands.ts'
import { Violation } from './invariants.ts'
import type { Choice, Mail, Scope, TownState } from './state.ts'
import { type Agent, rig, type World } from './world.ts'

/** Puts a choice on the list, when the scope still allows it. */
export type Add = (words: string, from: Choice['from'], next: (state: TownState) => TownState) => void

type MailOf = (from: string, to: string, type: string, body: unknown, more?: { id?: string; invokeId?: string }) => Mail

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
        const seen = state.world.watched(effect.input as never)
        if (seen) add(`${what} sees that it ${seen.kind}`, 'town', (now) => tell(without(now), { output: seen }))
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
        for (const output of unlucky[effect.name as EffectName] ?? [])
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
    for (const { id, address, polecat, epoch, state: health, asked, done } of state.world.agents.values()) {
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
        continue
      }
      if (asked !== null) continue
      const speaks = runSpeaks(state.actors.get(`${address}/session`)?.stored.seen, epoch)
      const handsOver = (work: (world: World, agent: Agent) => void) => (now: TownState) => {
        const after = act(now, (world, agent) => {
          work(world, agent)
          if (speaks) agent.asked = `ask:${id}`
        })
        return speaks
          ? { ...after, mail: [...after.mail, mailOf(address, address, 'handoff.requested', {}, { id: `ask:${id}` })] }
          : after
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
      if (speaks) add(`${polecat}'s agent commits its work and hands over`, 'town', handsOver(commits(false)))
      if (speaks)
        add(`${polecat}'s agent commits work that fails its gate, and hands over`, 'fault', handsOver(commits(true)))
      if (speaks)
        add(
          `${polecat}'s agent hands over with a file uncommitted`,
          'fault',
          handsOver((world, agent) => world.write(agent)),
        )
      for (const [words, does] of [
        ['from no branch', (world: World, agent: Agent) => world.goAstray(agent)],
        ['in the middle of a merge', (world: World, agent: Agent) => world.leaveUnfinished(agent)],
      ] as const)
        if (speaks)
          add(
            `${polecat}'s agent commits, and hands over ${words}`,
            'fault',
            handsOver((world, agent) => {
              commits(false)(world, agent)
              does(world, agent)
            }),
          )
    }
  }

  function outside(state: TownState, add: Add): void {
    const set =
      (changes: Partial<Pick<World, 'originAway' | 'originRefuses' | 'gatesBroken'>>) => (now: TownState) => ({
        ...now,
        world: Object.assign(now.world.clone(), changes),
      })
    const post = (now: TownState, to: string, type: string, body: JsonObject = {}, from = 'overseer') => ({
      ...now,
      mail: [...now.mail, mailOf(from, to, type, body)],
    })
    const { world } = state
    if (state.mail.length > 0) return
    for (const [flag, on, off] of [
      ['originAway', 'origin does not answer', 'origin answers again'],
      ['originRefuses', 'origin refuses pushes', 'origin takes pushes again'],
      ['gatesBroken', 'the gates cannot run', 'the gates run again'],
    ] as const) {
      if (world[flag]) add(off, 'town', set({ [flag]: false }))
      else add(on, 'fault', set({ [flag]: true }))
    }
    for (const with_ of [null, scope.issues[0]?.id as string]) {
      add(`somebody pushes to main${with_ ? `, in conflict with ${with_}` : ''}`, 'fault', (now) => {
        const next = now.world.clone()
        next.foreignPush(with_)
        return { ...now, world: next }
      })
    }
    if (state.held || state.paused)
      add('overseer: gt up', 'town', (now) =>
        post({ ...now, held: false, paused: false }, `${rig}/witness`, 'rig.resumed'),
      )
    if (!state.held)
      add('overseer: gt stop --all', 'overseer', (now) =>
        post({ ...now, held: true }, `${rig}/witness`, 'rig.stopped', { why: 'stop --all' }),
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
      if (status === 'blocked')
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
