// A small share of every benchmark, so that none rots. Counts are judged here, for they are the same on any machine; a
// time never is.
import { expect, test } from 'vitest'
import { met } from './measure.ts'
import { benchmarks } from './run.ts'

test.each(Object.entries(benchmarks))('%s still measures', { timeout: 60_000 }, async (_, benchmark) => {
  const figures = await benchmark('share')
  expect(figures.length).toBeGreaterThan(0)
  for (const figure of figures) expect(figure.value, figure.name).toSatisfy(Number.isFinite)
  for (const figure of figures.filter(({ counted }) => counted))
    expect(met(figure), `${figure.name}: ${figure.value} (${figure.detail})`).toBe(true)
})
