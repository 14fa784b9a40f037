// Brings a store's issues and a repository's on GitHub together: what changed there since they last agreed is taken in,
// then what changed here is put there. A field that both changed is as it was edited later.
// Never: touches a pull request; makes an issue or a comment twice; takes in half; goes on from what it has not kept.
import type { Beads } from '../beads/embedded.ts'
import type { Bridged, Bridging } from './bridging.ts'
import { linksIn, localByNumber } from './links.ts'
import { lookAt, takeIn } from './pull.ts'
import { putThere } from './push.ts'

export async function bridge(beads: Beads, wanted: Bridging): Promise<Bridged> {
  const done: Bridged = {
    pulled: { created: [], updated: [], comments: 0 },
    pushed: { created: [], updated: [], comments: 0 },
    conflicts: [],
    skipped: [],
  }
  const path = `/repos/${wanted.repository}`
  const known = linksIn(beads, wanted.repository)
  const byRef = localByNumber(beads, wanted.repository)
  // What names one there by itself, and was not looked at yet, may be older than all that is new.
  const isAllKnown = [...byRef.keys()].every((number) => known.links.has(number))
  // So may be what was left away when it was looked at last.
  const isAllWanted = !wanted.pull || ['all', wanted.state].includes(known.looked.state ?? '')
  const seen = await lookAt(wanted, path, isAllKnown && isAllWanted ? known.looked : {})
  takeIn(beads, wanted, { known, byRef }, seen, done)
  if (wanted.push) await putThere(beads, wanted, path, done)
  // What was only tried is met again on the way back.
  const conflicts = new Map(done.conflicts.map((each) => [`${each.id} ${each.field}`, each]))
  return { ...done, conflicts: [...conflicts.values()] }
}
