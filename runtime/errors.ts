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
/** The store cannot be used: not a database, damaged, or of a newer version. The file is left as it is. */
export class StoreUnusable extends Error {
  override name = 'StoreUnusable'
}

/** The words of whatever was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
