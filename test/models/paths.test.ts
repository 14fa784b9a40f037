// Every transition of every machine, by shortest paths: on the pure machine, on the real host and store, and live by
// XState itself.
import { describe, expect, test } from 'vitest'
import { cover, holesOf } from '../../proof/coverage.ts'
import { differs, livesUnlike } from '../../proof/twins.ts'
import { cast } from './cast.ts'

const table: string[] = []

describe.each(cast)('$role.name', (staged) => {
  const coverage = cover(staged.subject, { statesMax: 3000, farMax: 10_000 })

  test('every transition is reached, or said to be unreachable and why', () => {
    const { machine, covered, edges, paths, configurations, states } = coverage
    table.push(
      `${machine}: ${covered.size} of ${edges.length} edges by ${paths.length} paths, ${configurations} states in ${states} shapes`,
    )
    expect(holesOf(coverage)).toEqual([])
  })

  test('each path leads to the same on the pure machine and through the real host', () => {
    expect(coverage.paths.flatMap((path) => differs(staged, path) ?? [])).toEqual([])
  })

  test('random lives are the same live, as XState runs them, and through the real host', async () => {
    const seed = Date.now() % 1_000_000
    for (let n = 0; n < 40; n++) expect(await livesUnlike(staged, seed + n)).toBeUndefined()
  })
})

test('the table', () => console.log(table.join('\n')))
