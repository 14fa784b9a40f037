// A small share of every benchmark, so that none rots. Figures are not judged here: a time is never asserted.
import { expect, test } from 'vitest'
import { benchmarks } from './run.ts'

test.each(Object.entries(benchmarks))('%s still measures', { timeout: 60_000 }, async (_, benchmark) => {
  const figures = await benchmark('share')
  expect(figures.length).toBeGreaterThan(0)
  for (const figure of figures) expect(figure.value, figure.name).toSatisfy(Number.isFinite)
})
