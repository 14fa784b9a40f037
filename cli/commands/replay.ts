import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { command, table } from '../command.ts'

export default command({
  summary: 'play the journal again through the machines, and show that every role is what its mail made it',
  usage: '[--until <turn>]',
  examples: ['gt replay', 'gt replay --until 120 --json    # the town as it was after turn 120'],
  options: { until: { type: 'string', about: 'stop after this turn (the seq of `gt log --json --all`) and show each role’s state' } },
  args: [0, 0],
  async run({ flags, town, print }) {
    const { bind } = await import('../../actors/binding.ts')
    const { readConfig, rigConfig, rigsConfig } = await import('../../actors/config.ts')
    const { rigLayout, townLayout } = await import('../../actors/layout.ts')
    const { openSqliteStore, replay } = await import('../../runtime/contract.ts')
    const root = town()
    const until = flags.until === undefined ? undefined : Number(flags.until)
    const { rigs } = readConfig(townLayout(root).rigsJson, rigsConfig)
    const facts = {
      rigs: () => Object.keys(rigs),
      rig: (name: string) => {
        const {
          max_workers: maxWorkers,
          worker_spawn_delay: spawnDelayMs,
          session_tries: sessionTries,
          merge_tries: mergeTries,
        } = readConfig(rigLayout(root, name).config, rigConfig)
        return { maxWorkers, spawnDelayMs, sessionTries, mergeTries }
      },
      hasPlugin: (rig: string, name: string) => existsSync(rigLayout(root, rig).plugin(name)) && !existsSync(join(rigLayout(root, rig).plugin(name), 'actor.mjs')),
      hasCrew: () => true,
    }
    const store = openSqliteStore(townLayout(root).db)
    try {
      const result = replay(store, bind({ facts, prefixOf: () => '' }).roles, until)
      print(result, () =>
        until === undefined
          ? [
              `${result.turns} turns played again: ${result.equal.length} roles equal, ${result.partial.length} not wholly in the journal, ${result.differing.length} differ`,
              ...result.differing.map(({ address, why }) => `${address}: ${why}`),
            ]
          : table(result.states.map(({ address, state }) => [address, state])),
      )
      return result.differing.length === 0 ? 0 : 1
    } finally {
      store.close()
    }
  },
})
