// Mail that people and agents send: what comes in one round of the event loop is one commit, and what comes within a
// short while is handled in one go. Thousands to one address cost the disk little more than a few.
// Never: says that a mail was taken before it is committed; takes a part of what was sent together; lets one that is
// refused take others along.
import type { Draft, Host } from '../runtime/contract.ts'
import { Refusal } from '../runtime/open.ts'

/** How long a mail may wait to be handled, in milliseconds. */
const handledWithinMs = 20

/** Takes in what was sent together, all or none; resolves with its ids once it is committed, and pokes soon after. */
export function openMailroom(host: Pick<Host, 'together' | 'post'>, poke: () => void) {
  interface Waiting {
    drafts: readonly Draft[]
    done: (ids: string[]) => void
    failed: (error: unknown) => void
  }
  let waiting: Waiting[] = []
  let isDue = false

  const committed = (all: readonly Waiting[]): void => {
    let taken: string[][]
    try {
      taken = host.together(() => all.map(({ drafts }) => drafts.map((draft) => host.post(draft).id)))
    } catch (error) {
      // Each by itself: one that is refused is nobody else's trouble.
      if (error instanceof Refusal && all.length > 1) for (const one of all) committed([one])
      else for (const { failed } of all) failed(error)
      return
    }
    for (const [n, { done }] of all.entries()) done(taken[n] ?? [])
  }
  const commit = () => {
    const all = waiting
    waiting = []
    committed(all)
    if (isDue) return
    isDue = true
    setTimeout(() => {
      isDue = false
      poke()
    }, handledWithinMs)
  }
  return (drafts: readonly Draft[]): Promise<string[]> =>
    new Promise((done, failed) => {
      waiting.push({ drafts, done, failed })
      if (waiting.length === 1) setImmediate(commit)
    })
}
