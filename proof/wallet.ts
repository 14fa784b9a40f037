// Wallet: what turns tell of the accounts of agents: whoever was given one while it was held, or kept from work by one
// while there was another, and what the Overseer was told twice. Part of the evidence.
// Never: asks the machines what they believe; it counts holds by itself.

/** One turn of a Witness or of the Mayor, with the mail that it sent. */
export interface Turn {
  address: string
  at: number
  type: string
  from: string
  /** Of the mail that was handled. */
  body: Body
  /** What its actor began with, in its first turn. */
  input: Body
  after: string
  sent: readonly { to: string; type: string; body: Body }[]
}
interface Body {
  agent?: string
  account?: string | null
  accounts?: string[]
  what?: string
  until?: number | null
  leftMs?: number | null
  times?: number
  subject?: string
}

interface Seen {
  agent: string
  accounts: readonly string[]
  /** When each hold ends, in watched time. */
  ends: Map<string, number>
  /** How often in a row each was used up as soon as it was there again. */
  rows: Map<string, number>
  isHalted: boolean
}

export function accountMisdeeds(turns: readonly Turn[]): string[] {
  const seen = new Map<string, Seen>()
  return turns.flatMap((turn) => {
    const rig = seen.get(turn.address) ?? { agent: '', accounts: [], ends: new Map(), rows: new Map(), isHalted: false }
    const known = { ...rig, ends: new Map(rig.ends) }
    seen.set(turn.address, follow(rig, turn))
    const now = seen.get(turn.address) as Seen
    return turn.address === 'mayor/' ? toldTwice(known, turn) : wronglyGiven({ ...now, isHalted: rig.isHalted }, turn)
  })
}

function follow(rig: Seen, { address, at, type, body, input, after }: Turn): Seen {
  const { agent = rig.agent, accounts = rig.accounts } = { ...input, ...(type === 'rig.configured' ? body : {}) }
  const next = { ...rig, agent, accounts, isHalted: after.includes('brake.halted') }
  if (type === 'account.held' && typeof body.account === 'string') {
    const before = rig.ends.get(body.account) ?? -Infinity
    if (body.what === 'limited' && at >= before) {
      const isSoon = at - before < 300_000 && (lasts(body, at) <= 900_000 || (body.times ?? 0) > 0)
      rig.rows.set(body.account, isSoon ? (rig.rows.get(body.account) ?? 0) + 1 : 0)
    }
    const row = rig.rows.get(body.account) ?? 0
    const pauseMs = row === 0 ? 0 : Math.min(64, 2 ** (row - 1)) * 60_000
    const end = body.what === 'refused' ? Infinity : at + Math.max(lasts(body, at), pauseMs)
    rig.ends.set(body.account, Math.max(end, before))
  }
  const isAll = type === 'rig.resumed' || (type === 'account.released' && body.account === null)
  if (isAll && (type !== 'rig.resumed' || address !== 'mayor/')) rig.ends.clear()
  if (type === 'account.released' && typeof body.account === 'string') rig.ends.delete(body.account)
  if (type === 'rig.configured' && rig.ends.get('') === Infinity) rig.ends.delete('')
  return next
}

/** A quarter of an hour where nobody knows, and at most eight days. */
function lasts({ until, leftMs }: Body, at: number): number {
  const told = leftMs ?? (typeof until === 'number' ? until - at : 900_000)
  return Math.min(8 * 86_400_000, Math.max(10_000, told))
}

function wronglyGiven({ agent, accounts, ends, isHalted }: Seen, turn: Turn): string[] {
  const { address, at, type, body, after, sent } = turn
  const isHeld = (account: string) => (ends.get(account) ?? 0) > at
  const given = sent.find(({ type, body }) => type === 'account.given' && body.account != null && isHeld(body.account))
  if (given) return [`${given.to} is given the account "${given.body.account}" while it is held (invariant 14)`]
  const ours = accounts.filter((account) => account.startsWith(`${agent}/`))
  const all = ours.length > 0 ? ours : ['']
  const strange = sent.find(
    ({ type, body }) => type === 'account.given' && !all.includes(body.account ?? (all[0] as string)),
  )
  if (strange) return [`${strange.to} is given "${strange.body.account}", which it may not use (invariant 14)`]
  if (after.includes('brake.released') && all.every((account) => ends.get(account) === Infinity))
    return [`${address} goes on though all its accounts are refused (invariant 14)`]
  const there = all.find((account) => !ends.has(account))
  if (after.includes('allowance.used_up') && there !== undefined)
    return [`${address} is in ${after} while it has the account "${there}" (invariant 14)`]
  const isHaltedBy = type === 'account.held' && body.account !== null && !isHalted && after.includes('brake.halted')
  if (isHaltedBy && there !== undefined)
    return [`${address} is halted while it has the account "${there}" (invariant 14)`]
  const waits = all.every(isHeld) && all.some((account) => ends.get(account) !== Infinity)
  return waits && !after.includes('allowance.used_up') ? [`${address} goes on without an account (invariant 14)`] : []
}

function toldTwice({ ends }: Seen, { at, body, sent }: Turn): string[] {
  const isTold = sent.some(({ to, type }) => to === 'overseer' && type === 'message.sent')
  return isTold && typeof body.account === 'string' && (ends.get(body.account) ?? 0) > at
    ? [`the Overseer is told twice that ${body.account} is used up (invariant 14)`]
    : []
}
