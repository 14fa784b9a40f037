// Shelf: what becomes of the file that a rig's issues are in: it is lost, cut, put in another's place, saved from what is
// still open, brought back from a copy that may be older. As the real one does (`actors/beads/kept.ts`, `cli/shelves.ts`,
// `gt restore`).
// Never: writes an issue; while the file cannot be used, none is read either.
import { mayor, polecatOf } from '../machines/address.ts'
import { causes } from '../machines/escalations.ts'
import { performIn } from './hands.ts'
import type { Stage } from './inhabitants.ts'
import { Violation } from './invariants.ts'
import { rig, type SimIssue, type World } from './world.ts'

/** The issues of a rig as they were. */
interface Copy {
  issues: readonly SimIssue[]
  epicClosed: boolean
}

const copyOf = ({ issues, epicClosed }: World): Copy => ({
  issues: [...issues.values()].map((issue) => ({ ...issue })),
  epicClosed,
})

/** As they were then; but what a worker had closed itself, and nobody had looked into, is in its hands. */
function bringBack(world: World, { issues, epicClosed }: Copy): void {
  world.issues.clear()
  for (const { closedBy, ...issue } of issues) {
    const held = closedBy === null ? {} : { status: 'in_progress' as const, assignee: closedBy }
    world.issues.set(issue.id, { ...issue, closedBy: null, ...held })
  }
  world.epicClosed = epicClosed
}

/** The town is to go by other records: every session ends, and what workers said of their issues counts no more. */
export function forgetRecords(world: World): void {
  world.agents.clear()
  world.left.clear()
  world.calledOff.clear()
  bringBack(world, copyOf(world))
  world.hasOlderRecords = true
  world.service.forget()
}

/** Keeps and clears the places of workers that the records do not know. */
export function clearForgotten(world: World, knows: (polecat: string, incarnation: number) => boolean): void {
  for (const [polecat, { incarnation, branch }] of [...world.worktrees]) {
    if (knows(polecat, incarnation)) continue
    const holder = polecatOf(rig, polecat)
    const issue = [...world.issues.values()].find(({ assignee }) => assignee === holder)?.id ?? 'unknown'
    performIn(world, { name: 'clearPlace', input: { rig, polecat, incarnation, branch, issue, handedOver: null } })
  }
}

const losses = [
  'is missing',
  'is empty',
  'was cut short',
  'is older than it has been',
  'holds the issues of another town',
  'was written by a newer version',
] as const
/** As many copies are kept. */
const copiesMax = 4

/** `asked`: how often the Overseer was asked about a cause. `losses`: the share of restarts that find it lost. */
export function makeShelf(
  { world, chance, pick, post, say }: Stage,
  { asked, losses: share }: { asked(cause: string): number; losses: number },
) {
  const copies: Copy[] = [copyOf(world)]
  const copyNow = () => {
    copies.push(copyOf(world))
    if (copies.length > copiesMax) copies.shift()
  }
  const cause = causes.issues(rig)
  /** How often they had been asked when it was lost. */
  let askedBefore = 0

  /** It can be used again. */
  function usable(how: string): void {
    if (world.beadsLost === null) return
    toldOnce()
    world.beadsLost = null
    say(`the issues ${how}`)
    post('daemon', mayor, 'escalation.cleared', { cause })
    post('daemon', `${rig}/witness`, 'issues.changed')
  }

  /** The daemon says it, and so would the Witness, whose surveys fail. */
  function toldOnce(): void {
    const times = asked(cause) - askedBefore
    if (world.beadsLost !== null && times > 1)
      throw new Violation(`the Overseer was asked ${times} times about issues that were lost once (invariant 6)`)
  }

  function lose(): void {
    const words = `the issues of ${rig} cannot be used: issues.sqlite ${pick(losses)}`
    say(words)
    // Mostly it is saved at once, from what is still open, and the town only looks again.
    if (chance(0.5)) {
      post('daemon', `${rig}/witness`, 'issues.changed')
      return
    }
    world.beadsLost = words
    askedBefore = asked(cause)
    const subject = `the issues of ${rig} cannot be used`
    post('daemon', mayor, 'escalation.raised', { cause, rig, subject, body: words })
  }

  return {
    /** While the town is up: something happens to it, or what happened is over. */
    go(): void {
      if (world.beadsLost !== null) usable('are saved from what was still open')
      else if (chance(0.4)) lose()
      else copyNow()
    },

    /**
     * The town went down, and is to come up again: it refuses to while the file cannot be used, so that somebody puts
     * it back, or brings back a copy. Says which.
     */
    down(): 'same' | 'older' {
      toldOnce()
      const lost = world.beadsLost !== null || chance(share)
      world.beadsLost = null
      if (!lost || chance(0.3)) return 'same'
      const copy = pick(copies)
      say(`gt restore ${rig}: the issues are as in copy ${copies.indexOf(copy) + 1} of ${copies.length}`)
      bringBack(world, copy)
      return 'older'
    },

    /** It is up: what it was told before of a file that is right now is over. */
    begun(): void {
      copyNow()
      post('daemon', mayor, 'escalation.cleared', { cause })
    },

    /** Nothing happens to it any more. */
    calm: () => usable('are saved from what was still open'),
  }
}
