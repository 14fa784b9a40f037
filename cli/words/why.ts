// `gt why`: the chain of causes behind a mail, an issue or an actor's state; also while the town is down.
// Never: writes.
import type { Beads } from '../../actors/beads/embedded.ts'
import { spelledOut } from '../../machines/address.ts'
import type { Causes } from '../../runtime/open.ts'
import { clock } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'why',
  group: 'look',
  summary: 'why something is as it is: who said what because of what, back to what came from outside',
  usage: '<mail id | issue | address>',
  examples: [
    'gt why wyv-4k2.1                    # what led to the last turn about this issue',
    'gt why wyvern/refinery',
    'gt why gm-0x1f3a2b --json',
  ],
  args: { what: { kind: 'text' } },
  async run({ args: { what }, town, print }) {
    const { openRecords } = await import('../../actors/records.ts')
    const { causes, readIdentity } = await import('../../runtime/open.ts')
    const root = town()
    const store = openRecords(root, { readOnly: true })
    try {
      if (readIdentity(store).epoch === 0) throw new Error(`${root} has never been up: nothing has happened yet`)
      const found = causes(store, spelledOut(what))
      const waits = await waitsNow(root, what)
      if (!found && waits === undefined) {
        const { addressesIn } = await import('../../actors/facts.ts')
        const { didYouMeanAddress } = await import('../../actors/nearest.ts')
        const hint = didYouMeanAddress(spelledOut(what), addressesIn(root))
        throw new Error(`nothing in the log is called "${what}"; give a mail’s id, an issue, or an address${hint}`)
      }
      const told = { ...(found ?? { chain: [] }), ...(waits === undefined ? {} : { waits }) }
      print(told, (all) => [...linesOf(all), ...(waits === undefined ? [] : [`${what} waits: ${waits}`])])
      return 0
    } finally {
      store.close()
    }
  },
})

/** Why an issue cannot be begun now; undefined: it can, or is none of this town's. */
async function waitsNow(town: string, id: string): Promise<string | undefined> {
  const { openTier, rigsIn } = await import('../../actors/beads/tiers.ts')
  const { whyNot } = await import('../../actors/beads/hands.ts')
  const { BeadsError } = await import('../../actors/beads/contract.ts')
  for (const rig of rigsIn(town)) {
    let beads: Beads | undefined
    try {
      beads = openTier({ town, rig }, { readonly: true })
      const issue = beads.get(id)
      const isIdle = issue !== undefined && issue.status !== 'closed' && !issue.assignee
      if (issue) return isIdle ? await whyNot(beads, issue, new Date()) : undefined
    } catch (error) {
      // What is wrong with a store others say: here it is about the log.
      if (!(error instanceof BeadsError)) throw error
    } finally {
      beads?.close()
    }
  }
  return undefined
}

function linesOf({ chain, mail }: Pick<Causes, 'chain'> & Partial<Causes>): string[] {
  const first = chain[0]
  const lines =
    first && !first.mailType.startsWith('xstate.')
      ? [`${clock(first.at)}  ${first.from} says ${first.mailType} to ${first.address}`]
      : []
  for (const [n, turn] of chain.entries()) {
    const next = chain[n + 1]
    const moved = turn.before === turn.after ? 'stays' : `${turn.before || 'begins'} → ${turn.after}`
    lines.push(`${clock(turn.at)}  ${turn.address}: ${moved}${turn.notes.map(({ text }) => `; ${text}`).join('')}`)
    if (next) lines.push(`${' '.repeat(10)}${heard(next.mailType, next.address, turn.address)}`)
  }
  if (mail && chain.at(-1)?.mailId !== mail.id)
    lines.push(
      `${' '.repeat(10)}${heard(mail.type, mail.to, mail.from)}: ${fate[mail.state]}${mail.reason ? ` (${mail.reason})` : ''}`,
    )
  return lines
}

const fate = { new: 'not handled yet', done: 'heard', dead: 'a dead letter', stale: 'nobody waited for it any more' }

function heard(type: string, to: string, from: string): string {
  const [, kind, id] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(type) ?? []
  if (kind) return `so it had “${id}” done, which ${kind === 'done' ? 'answered' : 'failed'}`
  if (type.startsWith('xstate.after.')) return `so it waited (${type.split('.')[2]})`
  return to === from ? `so it told itself ${type}` : `so it sent ${type} to ${to}`
}
