// `npm run strangers`: every story of every kind, three towns at a time, and a table of how each ended; with `STRANGERS=share` the quick ones.
import process from 'node:process'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/strangers/*.test.ts'],
    env: { STRANGERS: process.env['STRANGERS'] ?? 'all' },
    maxWorkers: 3,
    testTimeout: 120_000,
    reporters: ['./test/strangers/table.ts'],
  },
})
