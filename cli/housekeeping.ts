// What is done once a day: copies of the town's records, costs and issues are made, mail that was read long ago goes
// to its archive, and what a town does not keep for ever goes: old rows of the journal, outputs of sessions, logs of
// gates, pins of work that is on main.
// Never: work itself.
import { copyOfToday } from '../actors/copies.ts'
import { pruneLogs } from '../actors/gates/hands.ts'
import { prunePins } from '../actors/git/pin.ts'
import type { RigGit } from '../actors/git/rig.ts'
import { emptyTrash } from '../actors/git/staging.ts'
import { rigLayout, townLayout } from '../actors/layout.ts'
import type { Ledger } from '../actors/ledger/ledger.ts'
import { pruneRuns } from '../actors/sessions/runs.ts'
import type { Clock, Host } from '../runtime/contract.ts'

const keepDays = 30
const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** How often it is looked whether there is a copy of today, in milliseconds. */
const lookMs = hourMs
/** Before anything is judged by its age the clock has gone on as it should for so long, in watched milliseconds. */
const plausibleMs = 6 * hourMs
/** By how much it may move in that time, in milliseconds: nights in which the machine sleeps, days without the town. */
const movedMaxMs = 7 * dayMs

export interface Housekeeping {
  root: string
  host: Host
  clock: Clock
  rigs(): Iterable<string>
  git: RigGit
  ledger: Pick<Ledger, 'gather'>
  copyIssues(): Promise<void>
  /** Mail that was read long ago leaves the stores. */
  putMailAway(now: number): void
  /** What was not removed today is removed tomorrow. */
  report(error: unknown): void
}

/** Now, and as often as it takes; what goes by age waits where the clock cannot be believed. Returns how to stop. */
export function startHousekeeping(house: Housekeeping): () => void {
  let timer: NodeJS.Timeout
  const look = () => {
    const doubt = clockDoubt(house.host)
    if (doubt === undefined) tidyUp(house)
    else house.report(new Error(doubt))
    timer = setTimeout(look, doubt === undefined ? dayMs : plausibleMs)
    timer.unref()
  }
  look()
  copy(house)
  const copying = setInterval(() => copy(house), lookMs)
  copying.unref()
  return () => {
    clearTimeout(timer)
    clearInterval(copying)
  }
}

/** One a day; one that could not be made is tried again an hour later. */
function copy({ root, clock, copyIssues, report }: Housekeeping): void {
  copyIssues().catch(report)
  const { db, dbCopies, costs, costsCopies } = townLayout(root)
  for (const [file, copies] of [
    [db, dbCopies],
    [costs, costsCopies],
  ] as const)
    copyOfToday(file, copies, clock.now()).catch((error) =>
      report(
        new Error(`no copy of ${file} could be made in ${copies}; it is tried again in an hour`, { cause: error }),
      ),
    )
}

/**
 * Why the ages of things are not to be believed now, in words; undefined: they are. A clock that was set a year forward
 * makes everything old at once.
 */
function clockDoubt(host: Pick<Host, 'clockMoved'>): string | undefined {
  const movedMs = host.clockMoved(plausibleMs) ?? 0
  if (Math.abs(movedMs) <= movedMaxMs) return undefined
  const days = Math.round(Math.abs(movedMs) / dayMs)
  const how = movedMs > 0 ? 'forward' : 'back'
  return `the clock has gone ${how} by ${days} days while nobody watched: the town was down or asleep for so long, or the clock was set. What is kept for ${keepDays} days is kept until the clock has gone on as it should for ${plausibleMs / hourMs} hours`
}

function tidyUp({ root, host, clock, rigs, git, ledger, putMailAway, report }: Housekeeping): void {
  const before = clock.now() - keepDays * dayMs
  const layout = townLayout(root)
  try {
    host.prune(before)
    pruneRuns(layout.sessions, before)
    pruneLogs(layout.gateLogs, before)
    gatherUsage(ledger, before, report)
    putMailAway(clock.now())
    for (const rig of rigs()) {
      emptyTrash(rigLayout(root, rig).trash).catch(report)
      prunePins(git, rig, before).catch(report)
    }
  } catch (error) {
    report(error)
  }
}

/** A part, and the rest when others had their turn. */
function gatherUsage(ledger: Housekeeping['ledger'], before: number, report: Housekeeping['report']): void {
  try {
    if (ledger.gather(before)) setImmediate(gatherUsage, ledger, before, report).unref()
  } catch (error) {
    report(error)
  }
}
