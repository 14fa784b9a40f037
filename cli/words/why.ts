// `gt why`: the chain of causes behind a mail, an issue or an actor's state; also while the town is down.
// Never: writes.
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
      if (!found) {
        const { addressesIn } = await import('../../actors/facts.ts')
        const { didYouMeanAddress } = await import('../../actors/nearest.ts')
        const hint = didYouMeanAddress(spelledOut(what), addressesIn(root))
        throw new Error(`nothing in the log is called "${what}"; give a mail’s id, an issue, or an address${hint}`)
      }
      print(found, linesOf)
      return 0
    } finally {
      store.close()
    }
  },
})

function linesOf({ chain, mail }: Causes): string[] {
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
