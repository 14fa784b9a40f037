// What is done once a day: a copy of the town's records is made, and what a town does not keep for ever goes: old rows
// of the journal, outputs of sessions, logs of gates, pins of work that is on main.
// Never: work itself.
import { copyOfToday } from '../actors/copies.ts'
import { pruneLogs } from '../actors/gates/hands.ts'
import { prunePins } from '../actors/git/pin.ts'
import type { RigGit } from '../actors/git/rig.ts'
import { emptyTrash } from '../actors/git/staging.ts'
import { rigLayout, townLayout } from '../actors/layout.ts'
import { pruneRuns } from '../actors/sessions/session.ts'
import type { Clock, Host } from '../runtime/contract.ts'

const keepDays = 30
const dayMs = 86_400_000
/** How often it is looked whether there is a copy of today. */
const lookMs = 3_600_000

export interface Housekeeping {
  root: string
  host: Host
  clock: Clock
  rigs(): Iterable<string>
  git: RigGit
  /** What was not removed today is removed tomorrow. */
  report(error: unknown): void
}

/** Now, and as often as it takes. Returns how to stop. */
export function startHousekeeping(house: Housekeeping): () => void {
  copy(house)
  tidyUp(house)
  const timers = [setInterval(() => tidyUp(house), dayMs), setInterval(() => copy(house), lookMs)]
  for (const timer of timers) timer.unref()
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}

/** Of the town's records, one a day; one that could not be made is tried again an hour later. */
function copy({ root, clock, report }: Housekeeping): void {
  const { db, dbCopies } = townLayout(root)
  copyOfToday(db, dbCopies, clock.now()).catch((error) =>
    report(new Error(`no copy of ${db} could be made in ${dbCopies}; it is tried again in an hour`, { cause: error })),
  )
}

function tidyUp({ root, host, clock, rigs, git, report }: Housekeeping): void {
  const before = clock.now() - keepDays * dayMs
  const layout = townLayout(root)
  try {
    host.prune(before)
    pruneRuns(layout.sessions, before)
    pruneLogs(layout.gateLogs, before)
    for (const rig of rigs()) {
      emptyTrash(rigLayout(root, rig).trash).catch(report)
      prunePins(git, rig, before).catch(report)
    }
  } catch (error) {
    report(error)
  }
}
