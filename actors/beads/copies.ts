// Copies of a store, one a day: the file, and all its issues as lines of text. Kept for a week, then one a week for a
// month.
// Never: holds up the town while it copies; has half a copy under a day's name; lets go of the newest.
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { copyDatabase } from '../copies.ts'
import { onDiskBeside, textOf, writePassing } from '../files.ts'
import { type Beads, openBeads } from './embedded.ts'
import { fileIn, fileName } from './file.ts'
import { issueLine } from './jsonl.ts'
import { copiesOf, daysCopied, placeOf, type Tier } from './tiers.ts'

const dayMs = 86_400_000
const daysKept = 7
const daysKeptWeekly = 31

/**
 * Makes today's copy of a tier's store, instead of an earlier one of today, unless nothing was written since, and lets
 * go of copies that are too old.
 */
export async function copyToday(tier: Tier, now: number): Promise<void> {
  const state = stateOf(tier)
  const last = daysCopied(tier).at(-1)
  const isSame = last !== undefined && textOf(join(copiesOf(tier), last, 'of.json')) === state
  if (!isSame) await copyStore(tier, dayOf(now), state)
  for (const day of outdated(daysCopied(tier), now)) rmSync(join(copiesOf(tier), day), { recursive: true })
}

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10)

/** Of these days, in order, those whose copies are kept no longer: of each week that is over, the first one stays. */
export function outdated(days: readonly string[], now: number): string[] {
  const ageOf = (day: string) => Math.floor((Date.parse(dayOf(now)) - Date.parse(day)) / dayMs)
  const weekOf = (day: string) => Math.floor(Date.parse(day) / dayMs / 7)
  return days.filter((day, n) => {
    if (n === days.length - 1 || ageOf(day) < daysKept) return false
    return ageOf(day) > daysKeptWeekly || days.slice(0, n).some((earlier) => weekOf(earlier) === weekOf(day))
  })
}

/** As what a store's file and its log of writes are now: another one after each write. */
function stateOf(tier: Tier): string {
  const path = fileIn(placeOf(tier))
  const stamps = [path, `${path}-wal`].map((each) => statSync(each, { throwIfNoEntry: false }))
  // Who only looks makes an empty log of writes.
  return `${JSON.stringify(stamps.map((stamp) => (stamp?.size ? [stamp.ino, stamp.size, stamp.mtimeMs] : null)))}\n`
}

/** Copies the store to the folder of this name among its copies, whole or not at all; `state` is what it is a copy of. */
async function copyStore(tier: Tier, name: string, state: string): Promise<void> {
  const dir = copiesOf(tier)
  const making = join(dir, `.making-${name}`)
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true, mode: 0o700 })
  await copyDatabase(fileIn(placeOf(tier)), join(making, fileName), 30_000)
  const copy = openBeads(making)
  try {
    await exportTo(join(making, 'issues.jsonl'), copy)
  } finally {
    copy.close()
  }
  writePassing(join(making, 'of.json'), state)
  await onDiskBeside(making)
  const was = join(dir, `.was-${name}`)
  rmSync(was, { recursive: true, force: true })
  if (existsSync(join(dir, name))) renameSync(join(dir, name), was)
  renameSync(making, join(dir, name))
  await onDiskBeside(dir)
  rmSync(was, { recursive: true, force: true })
}

/** Issues written at once, before the town goes on. */
const issuesAtOnce = 50

/** Reads every issue: what cannot be read is no copy. */
async function exportTo(path: string, beads: Beads): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    const ids = beads.ids()
    for (let n = 0; n < ids.length; n += issuesAtOnce) {
      const some = ids.slice(n, n + issuesAtOnce)
      await file.write(some.map((id) => issueLine(beads, id)).join(''))
    }
    await file.sync()
  } finally {
    await file.close()
  }
}
