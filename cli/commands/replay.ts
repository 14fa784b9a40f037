import { existsSync } from 'node:fs'
import { command, table, Usage } from '../command.ts'

export default command({
  summary: 'play the journal again through the machines, and show that every role is what its mail made it',
  usage: '[--until <turn>]',
  examples: ['gt replay', 'gt replay --until 120 --json    # the town as it was after turn 120'],
  options: { until: { type: 'string', about: 'stop after this turn (the seq of `gt log --json --all`) and show each role’s state' } },
  args: [0, 0],
  async run({ flags, town, print }) {
    const { townLayout } = await import('../../actors/layout.ts')
    const { openSqliteStore, replay } = await import('../../runtime/contract.ts')
    const { rolesOf } = await import('../roles.ts')
    const root = town()
    const { db } = townLayout(root)
    const until = flags.until === undefined ? undefined : Number(flags.until)
    if (until !== undefined && !Number.isSafeInteger(until)) throw new Usage(`--until is the number of a turn, not "${flags.until}"`)
    if (!existsSync(db)) throw new Error(`${root} has never been up: there is nothing to replay`)
    const roles = await rolesOf(root)
    const store = openSqliteStore(db)
    try {
      const result = replay(store, roles, until)
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
