// Which of a town's own programs a process belongs to: read of it and its ancestors from the kernel, so it holds
// whatever they unset or call themselves.
// Never: starts a program to find out. Where there is no /proc nothing is found, nor is a process that has left its
// ancestors, its kernel session and its environment behind.
import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type Address, isMemberName, pluginOf, polecatOf } from '../machines/address.ts'
import { rigLayout, townLayout } from './layout.ts'
import { type Entry, entryOf, marksOf, type ProcessIdentity } from './proc.ts'

/** A polecat's session, a plugin's run, or any other program of the town (`what`: a gate, a setup), which is nobody. */
export type Belonging =
  | { kind: 'session'; address: Address; epoch: number }
  | { kind: 'plugin'; address: Address }
  | { kind: 'program'; what: string }

/** What the town itself recorded. */
export interface Recorded {
  /** The first process of each session. */
  leaders: readonly (ProcessIdentity & { leads: Belonging })[]
  /** The daemon: below it there is nobody but what it started. */
  daemon: number
}

/** How many ancestors are looked at; more is no real family. */
const ancestorsMax = 200

/**
 * The eldest that is known of its ancestors counts: the town started it, and all below it can be made to look like
 * something else. Undefined: it belongs to nothing of this town.
 */
export function belongsTo(town: string, pid: number, recorded?: Recorded): Belonging | undefined {
  let eldest: Belonging | undefined
  let entry = entryOf(pid)
  for (let n = 0; entry && n < ancestorsMax; n++) {
    // Also whose parents are gone is below the first process of a machine, whatever that is.
    if (entry.pid === recorded?.daemon && entry.pid > 1)
      return eldest ?? { kind: 'program', what: 'a program of the town' }
    eldest = ledBy(recorded, entry) ?? saidBy(town, marksOf(entry.pid)) ?? eldest
    entry = entry.parent > 0 ? entryOf(entry.parent) : undefined
  }
  return eldest
}

/** By its number, its group or its kernel session; a number that was given away again is somebody else's. */
function ledBy(recorded: Recorded | undefined, { pid, group, session }: Entry): Belonging | undefined {
  return recorded?.leaders.find((leader) => {
    if (leader.pid < 2 || ![pid, group, session].includes(leader.pid)) return false
    const now = entryOf(leader.pid)
    return now === undefined || now.pidStart === leader.pidStart
  })?.leads
}

/** By the mark that the town put into an environment. */
export function saidBy(town: string, marks: ReadonlyMap<string, string>): Belonging | undefined {
  const session = marks.get('GT_SESSION')
  if (session !== undefined && dirname(session) === townLayout(town).sessions)
    return sessionNamed(town, basename(session)) ?? { kind: 'program', what: session }
  const run = marks.get('GT_RUN')?.replace(/#[^#]*$/, '')
  if (run?.startsWith(`${town}/`)) return pluginAt(town, run) ?? { kind: 'program', what: run }
  const gate = marks.get('GT_GATE')
  return gate?.startsWith(`${town}/`) ? { kind: 'program', what: `the gate or setup in ${gate}` } : undefined
}

/** `gt-<rig>-<polecat>-<incarnation>-<epoch>`, of the rig with the longest name that fits. */
function sessionNamed(town: string, id: string): Belonging | undefined {
  const [, member = '', epoch] = /^gt-(.+)-\d+-(\d+)$/.exec(id) ?? []
  for (let at = member.lastIndexOf('-'); at > 0; at = member.lastIndexOf('-', at - 1)) {
    const [rig, name] = [member.slice(0, at), member.slice(at + 1)]
    if (isMemberName(name) && existsSync(rigLayout(town, rig).config))
      return { kind: 'session', address: polecatOf(rig, name), epoch: Number(epoch) }
  }
  return undefined
}

function pluginAt(town: string, dir: string): Belonging | undefined {
  const [rig, name] = [basename(dirname(dirname(dir))), basename(dir)]
  if (dir !== rigLayout(town, rig).plugin(name) || !isMemberName(name)) return undefined
  return { kind: 'plugin', address: pluginOf(rig, name) }
}
