import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Who may hold a lock is judged by every git of this machine: one that another test just leaves may be in the way.
  test: { include: ['test/**/*.test.ts'], maxWorkers: 2, retry: 2, testTimeout: 30_000, hookTimeout: 30_000 },
})
