// What is found in the place of a store, or replaced by it: kept in a folder of its own.
// Never: deletes anything.
import { moveAside } from '../copies.ts'
import { townLayout } from '../layout.ts'
import { nameOf, type Tier } from './tiers.ts'

/** Moves files or folders aside, those that are there; says where they are now, or undefined when none was. */
export const setAside = (tier: Tier, paths: readonly string[]): string | undefined =>
  moveAside(townLayout(tier.town).aside, nameOf(tier), paths)
