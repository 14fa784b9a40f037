// What is found in the place of something else, or replaced by it: kept in a folder of its own.
// Never: deletes anything.
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { basename, join } from 'node:path'
import { townLayout } from '../layout.ts'
import { nameOf, type Tier } from './tiers.ts'

/** Moves files or folders aside, those that are there; says where they are now, or undefined when none was. */
export function setAside(tier: Tier, paths: readonly string[]): string | undefined {
  const there = paths.filter((path) => existsSync(path))
  if (there.length === 0) return undefined
  const { aside } = townLayout(tier.town)
  mkdirSync(aside, { recursive: true, mode: 0o700 })
  const taken = readdirSync(aside)
  let n = 1
  while (taken.includes(`${nameOf(tier)}-${n}`)) n++
  const to = join(aside, `${nameOf(tier)}-${n}`)
  mkdirSync(to, { mode: 0o700 })
  for (const path of there) renameSync(path, join(to, basename(path)))
  return to
}
