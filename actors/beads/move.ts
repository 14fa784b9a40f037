// Brings the stores of an older version to where they are kept now: first all of them are copied there, then each takes
// its place. What a crash leaves half done is done again.
// Never: writes into an old store but that it has moved; deletes one.
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onDisk } from '../files.ts'
import { setAside } from './aside.ts'
import { BeadsError } from './contract.ts'
import { fileName, formerName, identify, initBeads, openFile } from './file.ts'
import { identityOf, linksOf, lost, placeOf, storeOf, type Tier } from './tiers.ts'

/** Moves what is not moved yet, all or nothing; says what was done. Throws a BeadsError when one cannot be. */
export function moveStores(tiers: readonly { tier: Tier; prefix: string }[]): string[] {
  const moves: Move[] = []
  try {
    for (const { tier, prefix } of tiers) if (isFormer(tier)) moves.push(prepare(tier, prefix))
    const said = moves.map(settle)
    for (const { tier } of tiers) clearFormer(tier)
    return said
  } finally {
    for (const { held, making } of moves) {
      if (held.isOpen) held.close()
      rmSync(making, { recursive: true, force: true })
    }
  }
}

/** A store that is about to move. */
interface Move {
  tier: Tier
  from: string
  /** The old file, kept from being written. */
  held: DatabaseSync
  /** The new folder, complete, but under another name. */
  making: string
}

const isFormer = (tier: Tier) => placeOf(tier) !== storeOf(tier)

function prepare(tier: Tier, prefix: string): Move {
  const from = realpathSync(placeOf(tier))
  const path = join(from, formerName)
  const making = join(dirname(storeOf(tier)), `.making-${basename(storeOf(tier))}`)
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true, mode: 0o700 })
  const old = opened(tier, path)
  try {
    old.exec('BEGIN IMMEDIATE')
    copyInto(tier, path, join(making, fileName), prefix)
    if (existsSync(join(from, 'config.yaml'))) cpSync(join(from, 'config.yaml'), join(making, 'config.yaml'))
    initBeads(making, prefix, identityOf(tier))
    return { tier, from, held: old, making }
  } catch (error) {
    old.close()
    rmSync(making, { recursive: true, force: true })
    throw error instanceof BeadsError ? error : lost(tier, `${path} cannot be moved: ${String(error)}`)
  }
}

function opened(tier: Tier, path: string): DatabaseSync {
  try {
    return openFile(path, { asItIs: true })
  } catch (error) {
    throw error instanceof BeadsError ? lost(tier, error.message) : error
  }
}

function copyInto(tier: Tier, path: string, to: string, prefix: string): void {
  const reader = new DatabaseSync(path, { readOnly: true })
  try {
    const known = reader.prepare("SELECT value FROM config WHERE key = 'issue_prefix'").get()?.value
    if (known !== prefix) throw lost(tier, `${path} has issues ${known}-…, and not ${prefix}-…`)
    reader.prepare('VACUUM INTO ?').run(to)
  } finally {
    reader.close()
  }
  const made = new DatabaseSync(to)
  try {
    made.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE')
    identify(made, identityOf(tier))
    made.exec('COMMIT')
  } finally {
    made.close()
  }
  chmodSync(to, 0o600)
  onDisk(to)
}

/** From here on the new one counts. Whoever still writes to the old one is told. */
function settle({ tier, from, held, making }: Move): string {
  const store = storeOf(tier)
  // Empty, or with other things than a store in it.
  setAside(tier, [store])
  renameSync(making, store)
  onDisk(dirname(store))
  for (const table of ['issues', 'dependencies', 'labels'])
    for (const change of ['INSERT', 'UPDATE', 'DELETE'])
      held.exec(
        `CREATE TRIGGER moved_${table}_${change} BEFORE ${change} ON ${table} BEGIN SELECT RAISE(ABORT, 'the issues have moved; say it again'); END`,
      )
  held.exec('COMMIT')
  held.close()
  return `the issues in ${from} are kept in ${store} now, where no git clean reaches`
}

/** Moves old stores out of the way of the links; a project's own folder is none. */
function clearFormer(tier: Tier): void {
  if (!existsSync(join(storeOf(tier), fileName))) return
  for (const path of linksOf(tier))
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() && isStore(join(path, formerName)))
      setAside(tier, [path])
}

function isStore(path: string): boolean {
  try {
    openFile(path, { readonly: true }).close()
    return true
  } catch (error) {
    if (error instanceof BeadsError) return false
    throw error
  }
}
