// `npm run test:bd`: real programs take their time, and each other's.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/contracts/town-issues.test.ts', 'test/real-bd/*.test.ts'],
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
})
