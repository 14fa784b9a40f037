// `gt prime`: who somebody is here, what they are to do, and what comes next; also while the town is down.
// Never: asks the daemon; marks mail as read: what it names to an agent in its own session was shown, no more.
import { existsSync, realpathSync } from 'node:fs'
import process from 'node:process'
import { whoIsHere } from '../here.ts'
import { verbatim } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'prime',
  group: 'work',
  summary: 'who you are here, what you are to do, and what is next',
  usage: '[--short]',
  examples: ['gt prime', 'gt prime --short    # once you have had the issue’s own words', 'gt prime --json'],
  options: { short: { kind: 'flag', about: 'without the issue’s description' } },
  async run({ flags, town, print }) {
    const { primeFacts } = await import('../../actors/agents/prime-facts.ts')
    const { primeText } = await import('../../actors/agents/prime.ts')
    const root = town()
    const cwd = process.cwd()
    const facts = primeFacts(root, await whoAsks(root, cwd), cwd)
    print(facts, (facts) => [verbatim(primeText(facts, flags))])
    const named = facts.role === 'polecat' ? (facts.mail?.first ?? []) : []
    if (named.length > 0) {
      const { noteShown, withMail } = await import('../mail.ts')
      await withMail(root, (box) =>
        noteShown(
          root,
          box,
          named.map(({ id }) => ({ id, to: facts.address })),
        ),
      )
    }
    return 0
  },
})

/** A session knows by its variables who it is; one that has lost them is known by its ancestors, others by folder. */
async function whoAsks(root: string, folder: string) {
  const { GT_TOWN: town, GT_ADDRESS: address, GT_ASSIGNMENT: assignment } = process.env
  const isOfHere = town !== undefined && existsSync(town) && realpathSync(town) === root
  if (isOfHere && address && assignment) return { address, assignment }
  const who = whoIsHere(root)
  if (who?.kind === 'program')
    throw new Error(`${who.what} is nobody in the town; \`gt prime\` is for agents and people`)
  if (who?.kind === 'plugin')
    throw new Error(`${who.address} is a plugin: what it is to do is the mail it is given; \`gt prime\` is for agents`)
  if (!who) return isOfHere && address ? { address, assignment } : { folder }
  const { assignmentOf } = await import('../../actors/agents/prime-facts.ts')
  return { address: who.address, assignment: assignmentOf(root, who.address, who.epoch) }
}
