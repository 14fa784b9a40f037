// The kernel's own errors, each with the words a person needs.
// Never: thrown for trouble that an actor is to handle; that is a returned fact.

/**
 * The caller asked for something that cannot be: unknown address, wrong body, full mailbox. Says what, where, what
 * next.
 */
export class Refusal extends Error {
  override name = 'Refusal'
}
/** Another host has taken this store over; this one must stop at once. */
export class LeaseLost extends Error {
  override name = 'LeaseLost'
}
/** The store cannot be used: missing, not a database, damaged, or of a newer version. The file is left as it is. */
export class StoreUnusable extends Error {
  override name: string = 'StoreUnusable'
}
/**
 * The store cannot be used just now: its disk is full or fails, or another process has locked it. Nothing of the
 * transaction is kept, and the same may go well later.
 */
export class StoreBusy extends StoreUnusable {
  override name = 'StoreBusy'
}

/** What a full, failing or write-protected disk and a lock refuse: SQLite's results by their number, the system's by their name. */
const passingResults = new Set([5, 6, 8, 10, 13]) // BUSY, LOCKED, READONLY, IOERR, FULL
const passingCodes = new Set(['ENOSPC', 'EDQUOT', 'EROFS'])

/** Whether the same may go well later without anybody having decided otherwise: no room on a disk, or a lock. */
export function isPassing(error: unknown): boolean {
  if (error instanceof StoreBusy) return true
  if (!(error instanceof Error)) return false
  const { errcode, code } = error as { errcode?: number; code?: string }
  // The low byte is the result, the rest its kind.
  return (errcode !== undefined && passingResults.has(errcode & 0xff)) || passingCodes.has(code ?? '')
}

/** The words of whatever was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
