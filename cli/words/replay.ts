// `gt replay`: the journal played again through the machines, without a daemon and without effects.
// Never: writes.
import type { ActorState, Store } from '../../runtime/contract.ts'
import type { ReplayResult } from '../../runtime/open.ts'
import { table } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'replay',
  group: 'look',
  summary: 'play the journal again through the machines, and show that every role is what its mail made it',
  usage: '[--until <turn>]',
  examples: ['gt replay', 'gt replay --until 120 --json    # the town as it was after turn 120'],
  options: {
    until: {
      kind: 'number',
      about: 'stop after this turn (the seq of `gt log --json --all`) and show each role’s state',
    },
  },
  async run({ flags: { until }, town, print }) {
    const { openRecords } = await import('../../actors/records.ts')
    const { readIdentity, replay } = await import('../../runtime/open.ts')
    const { rolesOf } = await import('../roles.ts')
    const root = town()
    const roles = await rolesOf(root)
    const store = openRecords(root, { readOnly: true })
    try {
      if (readIdentity(store).epoch === 0) throw new Error(`${root} has never been up: there is nothing to replay`)
      const result = replay(store, roles, until)
      const before = until === undefined ? [summaryOf(result)] : await asItWas(root, store, until, result)
      print(result, () => [...before, ...result.differing.map(({ address, why }) => `${address}: ${why}`)])
      return result.differing.length === 0 ? 0 : 1
    } finally {
      store.close()
    }
  },
})

const summaryOf = ({ turns, equal, partial, differing }: ReplayResult) =>
  `${turns} turns played again: ${equal.length} roles equal, ${partial.length} not wholly in the journal, ${differing.length} differ`

/** The board, and each role's state, after a turn. */
async function asItWas(root: string, store: Store, turn: number, { states, partial }: ReplayResult): Promise<string[]> {
  const { usableRigs } = await import('../../actors/facts.ts')
  const { rigLines } = await import('../board.ts')
  const { escalations, rigStatus, shownOf } = await import('../status.ts')
  const { shownAt } = await import('../../runtime/open.ts')
  const looked = {
    shownAt: (watchedAt: number) => shownAt(store, watchedAt),
    actor: (address: string) =>
      states.filter((each) => each.address === address).map(({ state, ...rest }) => ({ ...rest, value: state }))[0] as
        | ActorState
        | undefined,
  }
  const rigs = [...usableRigs(root)].map(([name, config]) => rigStatus(looked, name, shownOf(config)))
  return [
    `${root} after turn ${turn}`,
    ...rigLines(rigs, escalations(looked)),
    '',
    ...table(states.map(({ address, state }) => [address, state])),
    ...partial.map((address) => `${address}  began before the journal does, or under another version`),
  ]
}
