// Hands of the simulated world: what each effect does there. Each behaves as its real hand: at least once, safe to
// repeat, with the same last guards; what must never be asked of it is a violation.
// Never: asks the machines what they believe.
import { brief, startable, unlucky } from '../machines/cases.ts'
import type { EffectName } from '../machines/effects.ts'
import type { JsonObject, PromisedEffect } from '../runtime/contract.ts'
import { handOver, shownBy } from './conversation.ts'
import { leftBeside, Violation } from './invariants.ts'
import { epic, rig, type SimIssue, type World } from './world.ts'

/** Effects that fail while the issues cannot be used; those that nobody waits for are done as soon as they can. */
const ofBeads = new Set<string>(['surveyIssues', 'claimIssue', 'readIssue'] satisfies EffectName[])
const waiting = new Set<string>(['releaseIssue', 'closeIssues'] satisfies EffectName[])
/** It waits for the issues to be usable again. */
export const waitsFor = (world: World, effect: Pick<PromisedEffect, 'name'>) =>
  world.beadsLost !== null && waiting.has(effect.name)

/** Effects that write to the beads. */
const written = new Set<string>([
  'claimIssue',
  'releaseIssue',
  'closeIssues',
  'fileMessage',
  'noteReceipt',
  'tellSession',
] satisfies EffectName[])

// biome-ignore lint/suspicious/noExplicitAny: the host has parsed every input by the effect's own schema
type Input = any

/** Performs one effect; throws what its hand would throw. */
export function performIn(world: World, effect: Pick<PromisedEffect, 'name' | 'input'>): JsonObject {
  const hand = hands[effect.name as EffectName]
  if (!hand) throw new Error(`the simulated world has no ${effect.name}`)
  if (world.beadsLost !== null && ofBeads.has(effect.name)) throw new Error(world.beadsLost)
  if (world.beadsFull && written.has(effect.name)) throw new Error('database or disk is full')
  return hand(world, effect.input)
}

/** How it may go wrong without being done. That an account is gone is no matter to a run that has begun. */
export function mayMeet(world: World, { name, input }: Pick<PromisedEffect, 'name' | 'input'>): readonly JsonObject[] {
  const all: readonly JsonObject[] = unlucky[name as EffectName] ?? []
  return world.agents.has(String(input['id'])) ? all.filter(({ kind }) => kind !== 'unpaid') : all
}

const hands: Partial<Record<EffectName, (world: World, input: Input) => JsonObject>> = {
  surveyIssues: (world, { epics, issues, escalated, underway, holders, usedUp, most }) => {
    const all = [...world.issues.values()]
    const wanted = epics.length > 0 ? all : all.filter((issue) => issues.includes(issue.id))
    const closed = (id: string) => (world.issues.get(id)?.status ?? 'closed') === 'closed'
    /** Its worker says that it is done: that means nothing before it has landed. */
    const early = (id: string) => underway.includes(id) && closed(id) && world.issues.get(id)?.closedBy != null
    const done = (id: string) => closed(id) && !early(id)
    const free = (issue: SimIssue) => issue.status === 'open' && issue.assignee === null && issue.after.every(done)
    const given = (issue: SimIssue) =>
      issue.status === 'blocked' &&
      issue.escalated &&
      (issues.includes(issue.id) || (!escalated.includes(issue.id) && issue.after.every(done)))
    /** The town has gone on since these issues were copied. */
    const left = (issue: SimIssue) =>
      ['in_progress', 'blocked'].includes(issue.status) &&
      issue.assignee?.startsWith(`${rig}/polecats/`) === true &&
      !holders.includes(issue.assignee) &&
      issue.after.every(done)
    const isPaid = ({ id }: SimIssue) => !usedUp.includes(id) && !usedUp.includes(epic)
    const open = wanted.filter((issue) => !underway.includes(issue.id) && isPaid(issue))
    const ready = open.filter((issue) => free(issue) || given(issue) || left(issue))
    return {
      ready: ready
        .slice(0, most)
        .map((issue) => ({ ...startable(issue.id), previous: left(issue) ? issue.assignee : null })),
      more: ready.length > most,
      closed: [...issues.filter((id: string) => world.issues.has(id)), ...escalated].filter((id) =>
        id === epic ? world.epicClosed : done(id),
      ),
      dropped: underway.filter((id: string) => closed(id) && (world.issues.get(id)?.letGo ?? true)),
      unknown: issues.filter((id: string) => !world.issues.has(id)),
      complete: epics.length > 0 && all.every((issue) => done(issue.id)) ? epics : [],
      over: world.epicClosed ? epics : [],
      warnings: world.purse.warnings(underway),
    }
  },
  claimIssue: (world, { issue: id, holder, previous }) => {
    const issue = world.issues.get(id)
    if (!issue) return { kind: 'unavailable', why: `issue ${id} not found` }
    const landed = landedBefore(world, id)
    if (landed !== undefined) return { kind: 'landed', commit: landed }
    if (issue.assignee && issue.assignee !== holder && issue.assignee !== previous)
      return { kind: 'held', holder: issue.assignee }
    const saysDone = issue.status === 'closed' && issue.closedBy !== null && issue.closedBy === previous
    const ours =
      ['in_progress', 'blocked'].includes(issue.status) && (issue.assignee === holder || issue.assignee === previous)
    if (issue.status !== 'open' && !ours && !saysDone && !(issue.status === 'blocked' && issue.escalated))
      return { kind: 'unavailable', why: `status ${issue.status}` }
    const over = world.purse.refusal(id)
    const hasIt = issue.status === 'in_progress' && issue.assignee === holder && previous !== holder
    if (over && !hasIt) return over
    world.purse.grant(holder, id)
    Object.assign(issue, { status: 'in_progress', assignee: holder, escalated: false, closedBy: null })
    const kept = [...world.pins]
      .filter(
        ([ref, sha]) =>
          ref.includes(`/${id}/`) && !ref.endsWith('/dirty') && !world.commits.contains(world.originMain, sha),
      )
      .at(-1)
    return {
      kind: 'claimed',
      issue: brief(id),
      preserved: kept ? { ref: kept[0], sha: kept[1] } : null,
      agent: null,
      used: {},
    }
  },
  readIssue: (world, { issue: id, holder }) => {
    const issue = world.issues.get(id)
    if (!issue) return { kind: 'let_go', why: `${id} is gone` }
    if (issue.status === 'closed') return { kind: 'closed', byHolder: issue.closedBy === holder, reason: 'it says so' }
    if (issue.assignee !== null && issue.assignee !== holder) return { kind: 'let_go', why: 'somebody has it' }
    const on = issue.after.filter((other) => (world.issues.get(other)?.status ?? 'closed') !== 'closed')
    if (on.length > 0) return { kind: 'blocked', on, why: `it waits for ${on.join(', ')}` }
    if (issue.status === 'blocked') return { kind: 'blocked', on: [], why: 'its worker set it blocked' }
    return issue.status === 'open' ? { kind: 'given_back' } : { kind: 'held' }
  },
  releaseIssue: (world, { issue: id, holder, status, blockedBy }) => {
    const issue = world.issues.get(id)
    if (!issue) return { status: 'unknown' }
    const closedByOthers = issue.status === 'closed' && issue.closedBy !== holder
    const isFree = issue.status === 'open' && issue.assignee === null
    if (closedByOthers || (issue.assignee !== holder && !(isFree && status === 'blocked')))
      return { status: issue.status }
    // Since it was said the other one may have come to wait for this one.
    const waits = blockedBy !== null && world.mayWaitFor(id, blockedBy) && !issue.after.includes(blockedBy)
    if (waits) issue.after = [...issue.after, blockedBy]
    Object.assign(issue, { status, assignee: null, escalated: status === 'blocked', closedBy: null })
    return { status }
  },
  closeIssues: (world, { issues }) => {
    const closed = (issues as { issue: string; reason: string }[]).filter(({ issue, reason }) =>
      closeOne(world, issue, reason.startsWith('No change')),
    )
    return { closed: closed.map(({ issue }) => issue) }
  },
  fileMessage: (world, { id, from, to, body }) => {
    const known = world.messages.has(id)
    if (from === to) world.service.wrote(id, body)
    world.messages.set(id, to)
    return { filed: !known }
  },
  noteReceipt: (world, { mail }) => {
    world.service.isShown(mail, world.messages.has(mail))
    return { noted: true }
  },
  createWorktree: (world, { polecat, incarnation, branch, start }) => {
    const there = world.worktrees.get(polecat)
    if (there) {
      if (there.incarnation !== incarnation) throw new Error(`polecats/${polecat} is another incarnation's`)
      return { path: `/town/${rig}/polecats/${polecat}`, head: there.head, base: world.originMain }
    }
    const head = world.branches.get(branch) ?? start?.sha ?? world.originMain
    world.commits.get(head)
    world.branches.set(branch, head)
    const place = { incarnation, branch, head, start: head, dirty: new Set<string>(), onBranch: branch }
    world.worktrees.set(polecat, { ...place, unfinished: false })
    return { path: `/town/${rig}/polecats/${polecat}`, head, base: world.originMain }
  },
  setUpWorktree: () => ({ kind: 'ready' }),
  inspectWorktree: (world, input) => {
    const place = world.place(input)
    if (!place) return { kind: 'absent', why: 'it does not exist' }
    const ahead = world.commits.contains(world.originMain, place.head) ? 0 : 1
    return {
      kind: 'found',
      onBranch: place.onBranch,
      head: place.head,
      dirty: [...place.dirty],
      ahead,
      own: place.head === place.start ? 0 : 1,
      unfinished: place.unfinished ? 'merge' : null,
    }
  },
  pinWork: (world, input) => pins(world, input, []),
  clearPlace: (world, input) => {
    const place = world.place(input)
    const kept = pins(world, { ...input, purpose: 'retire' }, input.handedOver === null ? [] : [input.handedOver])
    if (place) {
      const lost = [...place.dirty, ...world.commits.get(place.head).work].filter((piece) => !world.isKept(piece))
      if (lost.length > 0)
        throw new Violation(
          `the worktree of ${input.polecat} is removed while ${lost.join(', ')} is nowhere else (invariant 2)`,
        )
      const inside = world
        .live()
        .find((agent) => agent.polecat === input.polecat && agent.incarnation === input.incarnation)
      if (inside)
        throw new Violation(
          `the worktree of ${input.polecat} is removed under its living session ${inside.id} (invariant 8)`,
        )
      const left = [...world.left.values()].find(({ polecat }) => polecat === input.polecat)
      if (left)
        throw new Violation(
          `the worktree of ${input.polecat} is removed under a process that ${left.session} left (invariant 8)`,
        )
      world.worktrees.delete(input.polecat)
    }
    const tip = world.branches.get(input.branch)
    if (tip !== undefined && [...world.commits.get(tip).work].some((piece) => !world.isKept(piece)))
      throw new Violation(`${input.branch} is deleted with work that is nowhere else (invariant 2)`)
    world.branches.delete(input.branch)
    return kept
  },
  buildCandidate: (world, { members, known }) => {
    if (world.originAway) return { kind: 'unreachable', why: 'origin does not answer' }
    if (world.originDenies) return { kind: 'denied', why: 'Permission denied (publickey)' }
    if (world.gitBroken) throw new Error('no space left on device')
    const base = world.originMain
    let tip = base
    const landing: { issue: string; commit: string }[] = []
    const contained: { issue: string; commit: string }[] = []
    const unfit: JsonObject[] = []
    for (const member of members) {
      const [onto, work] = [world.commits.get(tip), world.commits.get(member.sha)]
      if (onto.ancestors.has(member.sha)) {
        contained.push({ issue: member.issue, commit: base })
        continue
      }
      const clash = [...onto.ancestors].find(
        (sha) => world.commits.get(sha).conflictsWith === member.issue && !work.ancestors.has(sha),
      )
      if (clash) {
        const files = ['README.md']
        unfit.push({ issue: member.issue, kind: 'conflict', why: 'conflicts with main in README.md', files, base })
        continue
      }
      const red = work.red.get(member.issue)
      tip = world.commits.add(
        [tip, member.sha],
        [],
        new Map([...onto.red, ...(red === undefined ? [] : [[member.issue, red] as const])]),
      )
      landing.push({ issue: member.issue, commit: tip })
    }
    const foreign = known === null ? [] : world.foreignSince(known)
    return { kind: 'built', base, commit: tip, landing, contained, unfit, foreign }
  },
  runGates: (world, { commit }) => {
    if (world.gatesBroken) return { kind: 'broken', why: 'no such program' }
    const { red } = world.commits.get(commit)
    if ([...red.values()].some(Boolean))
      return { kind: 'red', gate: 'test', passed: [], exitCode: 1, timedOut: false, tail: 'not ok', log: '/log' }
    world.green.add(commit)
    return { kind: 'green', gates: [], flaky: [] }
  },
  landCandidate: (world, { commit, base }) => {
    if (world.originAway) return { kind: 'unreachable', why: 'origin does not answer' }
    if (world.originDenies) return { kind: 'denied', why: 'write access is not granted' }
    if (world.commits.contains(world.originMain, commit)) return { kind: 'pushed' }
    if (world.originRefuses) return { kind: 'refused', why: 'pre-receive hook declined' }
    if (world.originMain !== base) return { kind: 'moved' }
    if (!world.green.has(commit))
      throw new Violation(`${commit} is pushed to main and never passed its gates (invariant 4)`)
    world.originMain = commit
    world.landed.push(commit)
    return { kind: 'pushed' }
  },
  confirmLanded: (world, { commit }) => {
    if (world.originAway) return { kind: 'unreachable', why: 'origin does not answer' }
    return { kind: world.commits.contains(world.originMain, commit) ? 'confirmed' : 'absent' }
  },
  startSession: (world, input) => {
    const { id, address, polecat, incarnation, epoch, issue, returned, conversation, account, begunUnder, note } = input
    if (world.calledOff.has(id)) return { kind: 'failed', why: 'called off', tail: '' }
    const record = { id, backend: 'process', pid: 4242, pidStart: '1', epoch, dir: `/s/${id}` }
    const goesOn = conversation !== null && world.service.goesOn(begunUnder, account)
    const anew = conversation !== null && !goesOn
    // What another account cannot read is begun again.
    if (anew) world.service.mayEnd({ polecat, incarnation })
    if (world.agents.has(id)) return { kind: 'started', session: record, spoken: world.service.spoken, anew }
    if (world.service.isMissing) return { kind: 'refused', why: 'there is no such program' }
    if (world.service.held.get(account) === 'gone') return { kind: 'unpaid', why: `there is no account ${account}` }
    if (world.worktrees.get(polecat)?.incarnation !== incarnation)
      return { kind: 'failed', why: 'the worktree does not exist', tail: '' }
    if (!world.purse.wasGranted(address, issue.id))
      throw new Violation(`${id} is started on ${issue.id}, and no budget was asked whether it may (invariant 13)`)
    const others = world.live()
    const same = others.find((agent) => agent.address === address || agent.issue === issue.id)
    if (same)
      throw new Violation(
        `${id} is started for ${address} on ${issue.id} while ${same.id} (${same.address} on ${same.issue}) lives (invariant 3)`,
      )
    const left = leftBeside({ id, address, issue: issue.id }, world.left.values())
    if (left)
      throw new Violation(
        `${id} is started for ${address} on ${issue.id} beside a process that ${left.session} left (invariant 3)`,
      )
    if (landedBefore(world, issue.id) && !world.hasOlderRecords)
      throw new Violation(
        `${id} is started on ${issue.id}, which has landed, and nobody wanted it again (invariant 12)`,
      )
    if (others.length >= world.maxWorkers)
      throw new Violation(`${others.length + 1} sessions live; max_workers is ${world.maxWorkers} (invariant 5)`)
    world.agents.set(id, {
      id,
      address,
      polecat,
      incarnation,
      epoch,
      issue: issue.id,
      state: 'alive',
      exitCode: 0,
      cutOff: false,
      mendsConflict: returned?.kind === 'conflict',
      asked: null,
      done: false,
      asksToCycle: false,
      talk: world.service.spoken
        ? world.service.begins(
            { id, polecat, incarnation, account, first: `${address}/${epoch}/0`, note },
            goesOn ? conversation : null,
          )
        : null,
    })
    return { kind: 'started', session: record, spoken: world.service.spoken, anew }
  },
  tellSession: (world, { session, id }) => {
    const agent = world.agents.get(session.id)
    if (agent?.talk && agent.state !== 'dead') handOver(agent.talk, id)
    return { laid: true }
  },
  runPlugin: (_world, { message }) => ({ kind: 'answered', reply: `I was asked: ${message.subject}`, startedAt: null }),
  killSession: (world, { id, since }) => {
    world.calledOff.add(id)
    // What bears the mark of a session ends with it.
    world.left.delete(id)
    const agent = world.agents.get(id)
    if (agent && agent.state !== 'dead') Object.assign(agent, { state: 'dead', exitCode: 143 })
    const { idle: _, ...looked } = shownBy(agent?.talk, since)
    return { exitCode: agent?.exitCode ?? null, tail: '', ...looked }
  },
}

/** Everything of a place that is nowhere else, under a ref. `known`: commits that need none. */
function pins(world: World, input: Input, known: readonly string[]): JsonObject {
  const place = world.place(input)
  const tips = [...new Set([place?.head, world.branches.get(input.branch)])].filter((tip) => tip !== undefined)
  const [head] = tips
  if (head === undefined) return { head: null, dirty: null }
  const folder = `${input.issue}/${input.polecat}-${input.incarnation}`
  const pin = (ref: string, sha: string) => {
    world.pins.set(ref, sha)
    return { ref, sha }
  }
  const kept: { ref: string; sha: string }[] = []
  const main = input.purpose === 'merge' ? [] : [world.originMain]
  for (const tip of tips) {
    if ([...main, ...known, ...kept.map(({ sha }) => sha)].some((sha) => world.commits.contains(sha, tip))) continue
    kept.push(pin(`refs/gt/${input.purpose === 'merge' ? 'merge' : 'work'}/${folder}/${tip.slice(0, 12)}`, tip))
  }
  const dirty =
    place && place.dirty.size > 0
      ? pin(`refs/gt/work/${folder}/dirty`, world.commits.add([head], [...place.dirty], world.commits.get(head).red))
      : null
  return { head: kept[0] ?? null, dirty }
}

/** The handed-over work of an issue that main has, and these issues do not know of. */
function landedBefore(world: World, id: string): string | undefined {
  if (world.issues.get(id)?.wasClosed !== false) return undefined
  return [...world.pins].find(
    ([ref, sha]) => ref.startsWith(`refs/gt/merge/${id}/`) && world.commits.contains(world.originMain, sha),
  )?.[1]
}

function closeOne(world: World, id: string, noChange: boolean): boolean {
  if (id === epic) {
    if ([...world.issues.values()].some(({ status }) => status !== 'closed')) return false
    world.epicClosed = true
    return true
  }
  const issue = world.issues.get(id)
  if (!issue) return false
  if (!noChange && !issue.letGo && !world.commits.get(world.originMain).red.has(id))
    throw new Violation(`${id} is closed, but origin's main has nothing of it (invariant 12)`)
  const was = issue.status
  if (!issue.letGo) Object.assign(issue, { status: 'closed', noChange, closedBy: null, wasClosed: true })
  return was !== 'closed'
}
