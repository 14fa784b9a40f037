// Larger scopes and stranger payloads, by fast-check: what fails is shrunk to the smallest town, the shortest path,
// the simplest text.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asOneLine } from '../../machines/texts.ts'
import { cover, type Step } from '../../proof/coverage.ts'
import { simulate } from '../../proof/simulation.ts'
import { differs } from '../../proof/twins.ts'
import { cast } from './cast.ts'

test('towns of any size', { timeout: 120_000 }, () => {
  const size = fc.record({
    seed: fc.nat(),
    issues: fc.integer({ min: 1, max: 8 }),
    maxWorkers: fc.integer({ min: 1, max: 5 }),
    steps: fc.integer({ min: 20, max: 600 }),
  })
  fc.assert(
    fc.property(size, (options) => {
      expect(simulate(options).violation).toBeNull()
    }),
    { numRuns: 30 },
  )
})

test.each([
  { seed: 1834013826, issues: 4, maxWorkers: 2, steps: 345 },
  { seed: 1502650240, issues: 2, maxWorkers: 3, steps: 370 },
  { seed: 1523449088, issues: 2, maxWorkers: 5, steps: 83 },
  { seed: 303269440, issues: 4, maxWorkers: 3, steps: 35 },
  { seed: 1775538835, issues: 3, maxWorkers: 5, steps: 330 },
])('a town that once failed: seed $seed, $issues issues, $maxWorkers workers, $steps steps', (options) => {
  expect(simulate(options).violation).toBeNull()
})

/** Fields that hold whatever people, tools and origin say. */
const free = new Set([
  'title',
  'description',
  'subject',
  'body',
  'reason',
  'tail',
  'summary',
  'why',
  'files',
  'dirty',
  'reply',
])

/** Those that are one line. */
const lines = new Set(['title', 'subject'])

/** The step with every free text in it replaced. */
function withText<T>(value: T, text: string, field = ''): T {
  if (typeof value === 'string')
    return (free.has(field) ? (lines.has(field) ? asOneLine(text.slice(0, 400)) || 'x' : text) : value) as T
  if (Array.isArray(value)) return value.map((item) => withText(item as unknown, text, field)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      withText(part, text, typeof part === 'object' && !Array.isArray(part) ? '' : key),
    ]),
  ) as T
}

test.each(cast.filter(({ subject }) => subject.name !== 'overseer'))(
  '$role.name: any text in any mail and answer is kept as it is',
  { timeout: 120_000 },
  (staged) => {
    const { paths } = cover(staged.subject, { statesMax: 600 })
    const text = fc.oneof(
      fc.string({ unit: 'binary', size: 'max', maxLength: 3000 }),
      fc.string({ unit: 'grapheme', size: 'max', maxLength: 500 }),
      fc.constantFrom('', '\u0000', '\ud800', '$(x) `y` ;', '__proto__'),
    )
    fc.assert(
      fc.property(fc.constantFrom(...paths), text, (path, text) => {
        const strange = path.map(
          (step): Step =>
            step.kind === 'mail' && step.type !== 'session.killRequested'
              ? { ...step, body: withText(step.body, text) }
              : step.kind === 'done'
                ? { ...step, output: withText(step.output, text) }
                : step,
        )
        expect(differs(staged, strange)).toBeUndefined()
      }),
      { numRuns: 30 },
    )
  },
)
