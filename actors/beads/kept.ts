// A store that the daemon keeps open: at each use it is looked whether its file is still the one that was opened. One
// that was deleted is saved from what is still open; what cannot be mended is told, and tried again until it can.
// Never: deletes what it finds in a store's place; opens the file but through SQLite, whose locks that would undo.
import { chmodSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isPassing } from '../../runtime/open.ts'
import { filesOf } from '../copies.ts'
import { onDisk, writePassing } from '../files.ts'
import { setAside } from './aside.ts'
import { BeadsError } from './contract.ts'
import { type Beads, type Mark, openBeads } from './embedded.ts'
import { fileIn, fileName, initBeads } from './file.ts'
import { behind, identityOf, inWords, lost, openTier, placeOf, seenPath, storeOf, type Tier } from './tiers.ts'

export interface Hears {
  /** Something was wrong, and is right again, as these words say. */
  healed(words: string): void
  /** It cannot be used, and why. Told once, until `usable`. */
  unusable(words: string): void
  usable(): void
}

export interface Kept {
  /** Opens it for the first time. Throws a BeadsError with words when it cannot be used; nobody else is told. */
  begin(): void
  /** The open store. Throws a BeadsError with words while it cannot be used. */
  use(): Beads
  /** The open store, as soon as it can be used. Rejects with the words why it cannot when the signal comes first. */
  wait(signal: AbortSignal): Promise<Beads>
  /** In words why it cannot be used now. */
  trouble(): string | undefined
  /** Notes how far it has come, at most once a second. */
  note(): void
  close(): void
}

/** How often one that cannot be used is looked for, and how far one has come is noted: milliseconds. */
const lookMs = 1000
const noteMs = 1000
/**
 * What could not be saved is tried again after so long, after twice as long each time, up to the last: whoever deletes
 * a folder may still be at it. In milliseconds.
 */
const saveAgainMs = { first: 1000, last: 30_000 }

interface Open {
  beads: Beads
  path: string
  file: Stamp
  wal: Stamp
  mark: Mark
  notedAtMs: number
}

export function keepOpen(tier: Tier, hears: Hears): Kept {
  let open: Open | undefined
  let trouble: BeadsError | undefined
  let looking: NodeJS.Timeout | undefined
  /** When it may be tried to be saved again, and how long it was waited for that. */
  let saving = { atMs: 0, waitedMs: 0 }
  let closed = false
  const waiting = new Set<() => void>()
  // Whoever is told may use the store at once.
  const tell = (say: () => void) => void setImmediate(() => closed || say())

  const use = (): Beads => {
    if (open && trouble === undefined && isUnchanged(open)) return open.beads
    try {
      open = open ? mend(open) : openChecked(tier)
    } catch (error) {
      const told = error instanceof BeadsError ? error : inWords(tier, error)
      // Of a lock, or a disk that is full, whoever wanted it tries again.
      if (told instanceof BeadsError && !isPassing(told)) isTroubled(told)
      throw told
    }
    isRight()
    return open.beads
  }

  /** Throws when what was opened is neither there, nor replaced by what can be used, nor can be saved. */
  function mend(was: Open): Open {
    if (isUnchanged(was)) return was
    const now = stampOf(was.path)
    const isSame = now?.inode === was.file.inode
    const next = now === undefined || isSame ? undefined : replaced(was)
    const what = `${was.path} ${changeOf(was, now)} while the town was up`
    if (next) {
      letGo(was)
      tell(() => hears.healed(`${what}; what is there now is used`))
      return next
    }
    if (trouble !== undefined && performance.now() < saving.atMs) throw trouble
    const waitMs = Math.min(2 * saving.waitedMs || saveAgainMs.first, saveAgainMs.last)
    saving = { atMs: performance.now() + waitMs, waitedMs: waitMs }
    let saved: { aside: string | undefined; next: Open }
    try {
      saved = { aside: save(tier, was), next: openChecked(tier) }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const left = stampOf(was.path)
      if (left?.inode !== was.file.inode || left.sizeBytes >= was.file.sizeBytes)
        throw lost(
          tier,
          `${what}, and could not be saved yet (${why}); the town has it open, and tries again by itself`,
        )
      // The same file with something else in it: what was open says nothing any more, and is not to be written there.
      const aside = setAside(tier, filesOf(was.path))
      letGo(was)
      throw lost(tier, `${what} (${why}); what was left of it is in ${aside}`)
    }
    // Not before what was saved is open: somebody may have deleted that too.
    letGo(was)
    const where = saved.aside === undefined ? '' : `; what was in its place is in ${saved.aside}`
    tell(() => hears.healed(`${what}, and was saved from what was still open${where}`))
    return saved.next
  }

  function letGo(was: Open): void {
    open = undefined
    was.beads.close()
  }

  /** What is in its place now, when that can be used. */
  function replaced(was: Open): Open | undefined {
    const { path, wal } = was
    was.mark = was.beads.mark()
    noteSeen(tier, was.mark)
    // SQLite would take the log of writes of the one for the other's.
    if (stampOf(`${path}-wal`)?.inode === wal.inode) setAside(tier, [`${path}-wal`, `${path}-shm`])
    try {
      return openChecked(tier)
    } catch (error) {
      if (error instanceof BeadsError) return undefined
      throw error
    }
  }

  function isTroubled(error: BeadsError): void {
    const isNew = trouble === undefined
    trouble = error
    looking ??= setInterval(look, lookMs)
    if (isNew) tell(() => hears.unusable(error.message))
  }

  function isRight(): void {
    if (trouble === undefined) return
    trouble = undefined
    saving = { atMs: 0, waitedMs: 0 }
    clearInterval(looking)
    looking = undefined
    tell(hears.usable)
    for (const go of [...waiting]) go()
  }

  function look(): void {
    try {
      use()
    } catch (error) {
      if (!(error instanceof BeadsError)) throw error
    }
  }

  function note(): void {
    if (!open || trouble !== undefined || Date.now() - open.notedAtMs < noteMs || !isUnchanged(open)) return
    open.notedAtMs = Date.now()
    open.file = stampOf(open.path) ?? open.file
    const mark = open.beads.mark()
    if (mark.issues === open.mark.issues && mark.events === open.mark.events) return
    if (noteSeen(tier, mark)) open.mark = mark
  }

  return {
    begin() {
      try {
        open = openChecked(tier)
      } catch (error) {
        throw error instanceof BeadsError ? error : inWords(tier, error)
      }
    },
    use,
    wait: (signal) =>
      new Promise((resolve, reject) => {
        const go = () => {
          try {
            resolve(use())
          } catch (error) {
            if (error instanceof BeadsError && !signal.aborted) return
            reject(error)
          }
          waiting.delete(go)
          signal.removeEventListener('abort', go)
        }
        waiting.add(go)
        signal.addEventListener('abort', go)
        go()
      }),
    trouble: () => trouble?.message,
    note,
    close() {
      closed = true
      clearInterval(looking)
      // What could not be saved yet is nowhere else.
      saving.atMs = 0
      if (open && trouble !== undefined) look()
      if (!open) return
      open.notedAtMs = 0
      note()
      open.beads.close()
      open = undefined
    },
  }
}

/**
 * A lock of somebody else is waited for so long, in milliseconds: nobody is answered meanwhile. What a hand could not
 * do for it is tried again (`runtime/driver.ts`).
 */
const busyMs = 250

/** Opens a store and reads all of it. */
function openChecked(tier: Tier): Open {
  const path = fileIn(placeOf(tier))
  const beads = openTier(tier, { busyMs })
  try {
    const damage = beads.damage()
    if (damage !== undefined) throw lost(tier, `${path} is damaged (${damage})`)
    const [file, wal, mark] = [stampOf(path), stampOf(`${path}-wal`), beads.mark()]
    if (file === undefined || wal === undefined) throw lost(tier, `${path} is missing`)
    noteSeen(tier, mark)
    return { beads, path, file, wal, mark, notedAtMs: Date.now() }
  } catch (error) {
    beads.close()
    throw error
  }
}

/** Writes all that is open to the store's place; says where what was found there is now. */
function save(tier: Tier, { beads, path, mark }: Open): string | undefined {
  const store = storeOf(tier)
  const saving = join(store, '.saving')
  rmSync(saving, { recursive: true, force: true })
  mkdirSync(saving, { recursive: true, mode: 0o700 })
  try {
    const saved = join(saving, fileName)
    beads.saveTo(saved)
    chmodSync(saved, 0o600)
    const wrong = wrongWith(saving, tier, mark)
    if (wrong !== undefined) throw new Error(`what was still open ${wrong}`)
    onDisk(saved)
    const aside = setAside(tier, filesOf(path))
    renameSync(saved, path)
    onDisk(dirname(path))
    initBeads(store, beads.config('issue_prefix') ?? '')
    return aside
  } finally {
    rmSync(saving, { recursive: true, force: true })
  }
}

/** In words why a store, saved to this folder, is not all that there was. */
function wrongWith(dir: string, tier: Tier, mark: Mark): string | undefined {
  const expect = identityOf(tier)
  const beads = openBeads(dir, { expect })
  try {
    const damage = beads.damage()
    return damage === undefined ? behind(beads.mark(), mark) : `is damaged (${damage})`
  } finally {
    beads.close()
  }
}

/** Evidence only: what a full disk does not take today, it takes another time. */
function noteSeen(tier: Tier, mark: Mark): boolean {
  try {
    writeSeen(tier, mark)
    return true
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code === 'string') return false
    throw error
  }
}

export function writeSeen(tier: Tier, mark: Mark): void {
  const path = seenPath(tier)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writePassing(path, `${JSON.stringify(mark)}\n`, 0o600)
}

interface Stamp {
  inode: string
  sizeBytes: number
}

function stampOf(path: string): Stamp | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && { inode: `${stat.dev}:${stat.ino}`, sizeBytes: stat.size }
}

/** Its log of writes (`-wal`) is there as long as somebody has it open, and the file itself never shrinks. */
const isUnchanged = ({ path, file, wal }: Open) => {
  const now = stampOf(path)
  return now?.inode === file.inode && now.sizeBytes >= file.sizeBytes && stampOf(`${path}-wal`)?.inode === wal.inode
}

function changeOf({ file }: Open, now: Stamp | undefined): string {
  if (now === undefined) return 'was deleted'
  if (now.inode !== file.inode) return 'was replaced'
  return now.sizeBytes < file.sizeBytes ? 'was cut short' : 'lost its log of writes (-wal)'
}
