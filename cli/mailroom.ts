// Mail that people and agents send: what comes in one round of the event loop is one commit, and what comes within a
// short while is handled in one go. Thousands to one address cost the disk little more than a few.
// Never: says that a mail was taken before it is committed; lets one that is refused take others along.
import type { Draft, Host } from '../runtime/contract.ts'
import { Refusal } from '../runtime/open.ts'

/** How long a mail may wait to be handled, in milliseconds. */
const handledWithinMs = 20

/** Takes mail in for the host; resolves with its id once it is committed, and has it handled soon after by `poke`. */
export function openMailroom(host: Pick<Host, 'together' | 'post'>, poke: () => void) {
  interface Waiting {
    draft: Draft
    done: (id: string) => void
    failed: (error: unknown) => void
  }
  let waiting: Waiting[] = []
  let isDue = false

  const commit = () => {
    const all = waiting
    waiting = []
    try {
      const taken = host.together(() => all.map(({ draft }) => postOrRefuse(host, draft)))
      for (const [n, { done, failed }] of all.entries()) {
        const one = taken[n] as ReturnType<typeof postOrRefuse>
        if (one instanceof Refusal) failed(one)
        else done(one)
      }
    } catch (error) {
      for (const { failed } of all) failed(error)
    }
    if (isDue) return
    isDue = true
    setTimeout(() => {
      isDue = false
      poke()
    }, handledWithinMs)
  }
  return (draft: Draft): Promise<string> =>
    new Promise((done, failed) => {
      waiting.push({ draft, done, failed })
      if (waiting.length === 1) setImmediate(commit)
    })
}

/** A refusal comes before anything is written; any other trouble is the whole commit's. */
function postOrRefuse(host: Pick<Host, 'post'>, draft: Draft): string | Refusal {
  try {
    return host.post(draft).id
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}
