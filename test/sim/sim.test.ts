// A share of the simulation with the tests: fixed seeds, and fresh ones whose first is printed. A failing seed prints its story and how to replay it.
import { expect, test } from 'vitest'
import { simulate } from '../../proof/simulation.ts'

const run = (first: number, count: number) => {
  for (let seed = first; seed < first + count; seed++) {
    const { violation, story } = simulate({ seed })
    if (violation) throw new Error(`${story.slice(-40).join('\n')}\n\nseed ${seed}: ${violation}\nnpm run sim -- --seed ${seed} --trace`)
  }
}

test('300 fixed seeds', { timeout: 120_000 }, () => run(1, 300))

test('100 fresh seeds', { timeout: 120_000 }, () => {
  const first = Date.now() % 1_000_000_000
  console.log(`seeds from ${first}`)
  run(first, 100)
})

test('one seed is one story', () => {
  const [one, two] = [simulate({ seed: 7, trace: true }), simulate({ seed: 7, trace: true })]
  expect(two).toEqual(one)
  expect(one.story.length).toBeGreaterThan(50)
  expect(simulate({ seed: 8, trace: true }).story).not.toEqual(one.story)
})
