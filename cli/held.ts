// Accounts as the town knows them: which are held, who works under them, what they have used.
// Never: reads a value of one.

import type { Spent } from '../actors/ledger/spent.ts'
import { mayor, sessionOf } from '../machines/address.ts'
import type { MayorContext } from '../machines/mayor.ts'
import { type Asking, post } from './asking.ts'
import type { TownBehind } from './behind.ts'
import { witnessContext } from './status.ts'

export interface AccountState {
  account: string
  state: 'there' | 'used up' | 'refused'
  /** When one that is used up is tried again, milliseconds since the epoch; null: it is there, or somebody has to say so. */
  until: number | null
  /** Rigs that may use it. */
  rigs: string[]
  /** Workers whose session is, or will be, under it. */
  workers: string[]
  /** Tokens since it was last there again, as they were counted when work was last given out; null: never. */
  used: number | null
  /** Today, all rigs together. */
  today: Spent
}

/** Has it tried again, by all. */
export function letGo(asking: Asking, account: string): void {
  post(asking, { to: mayor, type: 'account.released', body: { account, rigs: [...asking.town.rigs()] } })
}

const holdsIn = ({ host }: TownBehind) => ((host.actor(mayor)?.context ?? {}) as Partial<MayorContext>).holds ?? {}
export const heldIn = (town: TownBehind): string[] => Object.keys(holdsIn(town))

export function accountStates(town: TownBehind, accounts: readonly string[], now: number): AccountState[] {
  const { host } = town
  const holds = holdsIn(town)
  const rigs = town.rigs().map((rig) => ({ rig, witness: witnessContext(host, rig) }))
  return accounts.map((account) => {
    const hold = holds[account]
    const until = hold?.end ? host.shownAt(hold.end) : null
    const state =
      hold === undefined || (until !== null && until <= now) ? 'there' : until === null ? 'refused' : 'used up'
    const used = rigs.flatMap(({ witness }) => witness?.used?.[account] ?? [])
    return {
      account,
      state,
      until: state === 'used up' ? until : null,
      rigs: rigs.filter(({ witness }) => witness?.accounts?.includes(account)).map(({ rig }) => rig),
      workers: rigs.flatMap(({ rig, witness }) =>
        Object.keys(witness?.workers ?? {})
          .filter((name) => isUnder(host.actor(sessionOf(rig, name)), account))
          .map((name) => `${rig}/${name}`),
      ),
      used: used.length === 0 ? null : Math.max(...used),
      today: town.spent({ account, day: town.today() }),
    }
  })
}

const isUnder = (session: ReturnType<TownBehind['host']['actor']>, account: string) =>
  session !== undefined && session.value !== 'absent' && (session.context as { under?: string }).under === account
