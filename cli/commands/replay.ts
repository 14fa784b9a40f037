import { existsSync } from 'node:fs'
import { readConfig, rigConfig, rigsConfig } from '../../actors/config.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import type { ActorState } from '../../runtime/contract.ts'
import type { ReplayResult } from '../../runtime/open.ts'
import { rigLines } from '../board.ts'
import { command, table, Usage } from '../command.ts'
import { escalations, rigStatus } from '../status.ts'

export default command({
  summary: 'play the journal again through the machines, and show that every role is what its mail made it',
  usage: '[--until <turn>]',
  examples: ['gt replay', 'gt replay --until 120 --json    # the town as it was after turn 120'],
  options: {
    until: {
      type: 'string',
      about: 'stop after this turn (the seq of `gt log --json --all`) and show each role’s state',
    },
  },
  args: [0, 0],
  async run({ flags, town, print }) {
    const { openSqliteStore, replay } = await import('../../runtime/open.ts')
    const { rolesOf } = await import('../roles.ts')
    const root = town()
    const { db } = townLayout(root)
    const until = flags.until === undefined ? undefined : Number(flags.until)
    if (until !== undefined && !Number.isSafeInteger(until))
      throw new Usage(`--until is the number of a turn, not "${flags.until}"`)
    if (!existsSync(db)) throw new Error(`${root} has never been up: there is nothing to replay`)
    const roles = await rolesOf(root)
    const store = openSqliteStore(db, { readOnly: true })
    try {
      const result = replay(store, roles, until)
      print(result, () => [
        ...(until === undefined
          ? [
              `${result.turns} turns played again: ${result.equal.length} roles equal, ${result.partial.length} not wholly in the journal, ${result.differing.length} differ`,
            ]
          : asItWas(root, until, result)),
        ...result.differing.map(({ address, why }) => `${address}: ${why}`),
      ])
      return result.differing.length === 0 ? 0 : 1
    } finally {
      store.close()
    }
  },
})

/** The board, and each role's state, after a turn. */
function asItWas(root: string, turn: number, { states, partial }: ReplayResult): string[] {
  const looked = {
    actor: (address: string) =>
      states.filter((each) => each.address === address).map(({ state, ...rest }) => ({ ...rest, value: state }))[0] as
        | ActorState
        | undefined,
  }
  const rigs = Object.keys(readConfig(townLayout(root).rigsJson, rigsConfig).rigs).map((name) => {
    const { beads, gates, no_gate, max_workers } = readConfig(rigLayout(root, name).config, rigConfig)
    return rigStatus(looked, name, {
      prefix: beads.prefix,
      gates: Object.keys(gates),
      gated: !no_gate,
      maxWorkers: max_workers,
    })
  })
  return [
    `${root} after turn ${turn}`,
    ...rigLines(rigs, escalations(looked)),
    '',
    ...table(states.map(({ address, state }) => [address, state])),
    ...partial.map((address) => `${address}  began before the journal does, or under another version`),
  ]
}
