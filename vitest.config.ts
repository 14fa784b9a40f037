import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A suite of its own: `npm run faults`.
    exclude: ['test/faults/**'],
    // Most of them wait for programs, so that more run than there are cores.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
