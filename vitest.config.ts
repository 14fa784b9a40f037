import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import { memoryFolder } from './test/fixture/in-memory.ts'

/** Those that wait for whole towns go first: begun last, one of them would be waited for alone. */
class TownsFirst extends BaseSequencer {
  override async sort(files: Parameters<BaseSequencer['sort']>[0]) {
    const isOfTown = (file: (typeof files)[number]) => /\/test\/e2e\//.test(file.moduleId)
    const sorted = await super.sort(files)
    return [...sorted.filter(isOfTown), ...sorted.filter((file) => !isOfTown(file))]
  }
}

const folder = process.env.TMPDIR ?? memoryFolder()

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Suites of their own: `npm run faults`, `strangers` and `test:bd`.
    exclude: ['test/faults/**', 'test/strangers/**', 'test/real-bd/**'],
    // Modules are read once for each worker; a test leaves nothing behind in one.
    isolate: false,
    // Node reads TypeScript by itself.
    experimental: { viteModuleRunner: false },
    env: folder === undefined ? {} : { TMPDIR: folder },
    sequence: { sequencer: TownsFirst },
    // Most of them wait for programs, so that more run than there are cores.
    maxWorkers: 4,
    // A bound on what hangs: a busy machine takes its time.
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})
