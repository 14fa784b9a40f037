// What ends a command with an exit code of its own. Everything else that is thrown ends it with 1.
// Never: words of their own; whoever throws says what, where, what next.

/** The command was said wrongly: exit code 2. */
export class Usage extends Error {
  override name = 'Usage'
}

/** A flag that the command does not have; whoever says so to a person names the nearest that it has. */
export class UnknownFlag extends Usage {
  readonly flag: string
  readonly known: readonly string[]
  constructor(message: string, flag: string, known: readonly string[]) {
    super(message)
    this.flag = flag
    this.known = known
  }
}

/** An issue is not as it was said to be, and nothing was written: exit code 13, as other versions of `bd` have it. */
export class Mismatch extends Error {
  override name = 'Mismatch'
  readonly id: string
  constructor(id: string, message: string) {
    super(message)
    this.id = id
  }
}

/** Nobody answers on the town's socket: exit code 3. */
export class TownUnreachable extends Error {
  override name = 'TownUnreachable'
  /** Its daemon is there and says nothing. */
  readonly silent: boolean
  readonly town: string
  constructor(message: string, { town, silent = false }: { town: string; silent?: boolean }) {
    super(message)
    this.town = town
    this.silent = silent
  }
}
