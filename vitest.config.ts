import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A suite of its own: `npm run faults`.
    exclude: ['test/faults/**'],
    // Most of them wait for programs, so that more run than there are cores.
    maxWorkers: 3,
    // A bound on what hangs: a busy machine takes its time.
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})
