// Commits of the simulated world, named by what they hold, so that two ways to the same history are one. They only
// grow, and are shared by all worlds that grew from one.
// Never: forgets one.
import { createHash } from 'node:crypto'

/** Pieces of work, and whether each issue's part passes the gate. */
export interface Commit {
  sha: string
  ancestors: ReadonlySet<string>
  work: ReadonlySet<string>
  /** Whose part it is, and whether that part fails. */
  red: ReadonlyMap<string, boolean>
  /** Somebody else's commit that an issue's work does not merge with. */
  conflictsWith: string | null
}

export class Commits {
  private readonly all = new Map<string, Commit>()

  /** The first parent's verdicts go before the others'. */
  add(
    parents: readonly string[],
    work: readonly string[],
    red: ReadonlyMap<string, boolean>,
    conflictsWith: string | null = null,
  ): string {
    const named = createHash('sha1').update(JSON.stringify([parents, [...work].sort(), [...red], conflictsWith]))
    const sha = named.digest('hex')
    if (this.all.has(sha)) return sha
    const from = parents.map((parent) => this.get(parent))
    const ancestors = new Set([sha, ...from.flatMap((parent) => [...parent.ancestors])])
    this.all.set(sha, {
      sha,
      ancestors,
      work: new Set([...from.flatMap((parent) => [...parent.work]), ...work]),
      red: new Map([...(from.at(-1)?.red ?? []), ...(from[0]?.red ?? []), ...red]),
      conflictsWith,
    })
    return sha
  }

  get(sha: string): Commit {
    const commit = this.all.get(sha)
    if (!commit) throw new Error(`no object ${sha}`)
    return commit
  }

  contains(descendant: string, ancestor: string): boolean {
    return this.get(descendant).ancestors.has(ancestor)
  }
}
