// Every transition of every machine, by shortest paths: on the pure machine, on the real host and store, and live by XState itself.
import { describe, expect, test } from 'vitest'
import { cover, holesOf, type Step, stepsFrom } from '../../proof/coverage.ts'
import { hostTwin, liveTwin, pureTwin } from '../../proof/twins.ts'
import { type Json, seededRandom } from '../../runtime/contract.ts'
import { cast, kernel } from './cast.ts'

const table: string[] = []

describe.each(cast)('$role.name', ({ role, address, subject }) => {
  const coverage = cover(subject, { statesMax: 1500 })

  test('every transition is reached, or said to be unreachable and why', () => {
    table.push(
      `${subject.name}: ${coverage.covered.size} of ${coverage.edges.length} edges by ${coverage.paths.length} paths, ${coverage.configurations} states in ${coverage.states} shapes`,
    )
    expect(holesOf(coverage)).toEqual([])
  })

  test('each path leads to the same on the pure machine and through the real host', () => {
    for (const path of coverage.paths) {
      const pure = pureTwin(subject, kernel)
      const host = hostTwin(role, address, subject.input, kernel)
      for (const [n, step] of path.entries()) {
        const where = () =>
          path
            .slice(0, n + 1)
            .map(words)
            .join(' → ')
        const [ours, theirs] = [pure.play(step), host.play(step)]
        expect(sorted(theirs), where()).toEqual(sorted(ours))
      }
      host.close()
    }
  })

  test('random lives are the same live, as XState runs them, and through the real host', async () => {
    const seed = Date.now() % 1_000_000
    for (let n = 0; n < 40; n++) await oneLife(seed + n)
  })

  async function oneLife(seed: number) {
    const random = seededRandom(seed)
    const pure = pureTwin(subject, kernel)
    const host = hostTwin(role, address, subject.input, kernel)
    const live = liveTwin(subject)
    const told: string[] = []
    let at = 1_000_000
    for (let n = 0; n < 30; n++) {
      const next = stepsFrom(subject, pure.snapshot(), told.length === 0).filter((step) => step.kind !== 'timer' || pure.until(step.event) === soonest(pure))
      const step = next[random.uint32() % next.length]
      if (!step || !handles(step)) continue
      const ms = step.kind === 'timer' ? pure.until(step.event) : 0
      at += ms
      told.push(words(step))
      const ours = pure.play(step)
      const where = `seed ${seed}: ${told.join(' → ')}`
      expect(sorted(host.play(step)), where).toEqual(sorted(ours))
      const { status, value, context } = ours
      expect(timeless(await live.play(step, ms, at)), where).toEqual(timeless({ status, value, context }))
      if (status === 'done') break
    }
    host.close()
    live.stop()

    /** What the machine does not understand in this state is for the host to refuse, not for the twins to compare. */
    function handles(step: Step) {
      return step.kind !== 'mail' || role.ignores.includes(step.type) || pure.snapshot().can({ ...step.body, type: step.type, from: step.from, at, mailId: 'm-1' } as never)
    }
    function soonest(twin: typeof pure) {
      const nodes = twin.snapshot()._nodes as { after: { eventType: string }[] }[]
      return Math.min(...nodes.flatMap((node) => node.after.map(({ eventType }) => twin.until(eventType))))
    }
  }
})

test('the table', () => console.log(table.join('\n')))

const words = (step: Step) => (step.kind === 'mail' ? `${step.type} from ${step.from}` : step.kind === 'timer' ? step.event : `${step.invokeId} ${step.kind}`)
const sorted = (seen: { said: string[]; timers: { id: string }[] }) => ({ ...seen, said: [...seen.said].sort(), timers: [...seen.timers].sort((a, b) => (a.id < b.id ? -1 : 1)) })

/** XState's own results carry no moment: what is dated by one is left out. */
function timeless(value: unknown): Json {
  return JSON.parse(JSON.stringify(value, (key, part) => (key === 'at' || key === 'since' ? 0 : part)))
}
