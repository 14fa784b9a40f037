// Shelf: what becomes of the file that a rig's issues are in: it is lost, cut, put in another's place, saved from what is
// still open, brought back from a copy that may be older. As the real one does (`actors/beads/kept.ts`, `cli/shelves.ts`,
// `gt restore`).
// Never: writes an issue; while the file cannot be used, none is read either.
import { mayor } from '../machines/address.ts'
import { causes } from '../machines/escalations.ts'
import type { Stage } from './inhabitants.ts'
import { Violation } from './invariants.ts'
import { type Copy, rig } from './world.ts'

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
  const copies: Copy[] = [world.copy()]
  const copyNow = () => {
    copies.push(world.copy())
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
     * The town went down, and is to come up again: it refuses to while the file cannot be used, so that somebody puts it
     * back, or brings back a copy. Says which.
     */
    down(): 'same' | 'older' {
      toldOnce()
      const lost = world.beadsLost !== null || chance(share)
      world.beadsLost = null
      if (!lost || chance(0.3)) return 'same'
      const copy = pick(copies)
      say(`gt restore ${rig}: the issues are as in copy ${copies.indexOf(copy) + 1} of ${copies.length}`)
      world.bringBack(copy)
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
