// `gt spawn`: work for a rig's workers, through the Mayor.
// Never: waits until somebody works; `gt wait` does.
import { z } from 'zod'
import { mayor, whereabouts } from '../../machines/address.ts'
import { issueId } from '../../machines/mail.ts'
import { Refusal } from '../../runtime/open.ts'
import { type Asking, answering, askRole, isHeld, rigOfIssue } from '../asking.ts'
import { Usage } from '../errors.ts'
import { witnessContext } from '../status.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'spawn',
  group: 'work',
  summary: 'give an epic or an issue to workers',
  usage: '(--epic <id> | --issue <id> [--fresh])',
  examples: [
    'gt spawn --epic wyv-1',
    'gt spawn --issue wyv-1.2',
    'gt spawn --issue wyv-1.2 --fresh    # not from kept work',
  ],
  options: {
    epic: { kind: 'text', about: 'every open child of this epic, in waves' },
    issue: { kind: 'text', about: 'this one issue' },
    fresh: { kind: 'flag', about: 'start from main, not from work kept of earlier tries' },
  },
  async run({ flags: { epic, issue, fresh }, ask, print }) {
    if ((epic === undefined) === (issue === undefined)) throw new Usage('say either --epic <id> or --issue <id>')
    const done = await ask('spawn', { ...(epic ? { epic } : {}), ...(issue ? { issue } : {}), fresh })
    print(done, () => [done.text])
    return 0
  },
})

const shape = z
  .object({ epic: z.optional(issueId), issue: z.optional(issueId), fresh: z.boolean().optional() })
  .refine((ask) => (ask.epic === undefined) !== (ask.issue === undefined), 'say either --epic or --issue')

export const answers = {
  /**
   * Exactly one of epic and issue. `text` says who works on it or why nobody does; refused when an issue is held by
   * someone.
   */
  spawn: answering({
    word: 'spawn',
    shape,
    answer: async ({ epic, issue, fresh }, asking) => {
      const rig = rigOfIssue(asking.town, (epic ?? issue) as string)
      await mayBeDone(asking, rig, { epic, issue })
      const { text } = await askRole(asking, mayor, 'work.requested', {
        rig,
        epic: epic ?? null,
        issues: issue ? [issue] : [],
        fresh: fresh ?? false,
      })
      const held = isHeld(asking.town.host, rig)
      return { rig, text: held ? `${text}; the rig is stopped, work starts at \`gt up\`` : text }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}

/** Refused with words for what cannot be given to anybody. */
async function mayBeDone(
  { town }: Asking,
  rig: string,
  { epic, issue }: { epic: string | undefined; issue: string | undefined },
): Promise<void> {
  const id = (epic ?? issue) as string
  const bead = await town.issues.issue(rig, id)
  if (!bead) throw new Refusal(`no issue ${id} in ${rig}; \`bd list\` in the rig shows what there is`)
  if (epic !== undefined && bead.type !== 'epic')
    throw new Refusal(`${id} is a ${bead.type}, not an epic; \`gt spawn --issue ${id}\``)
  if (issue !== undefined && bead.type === 'epic')
    throw new Refusal(`${id} is an epic; \`gt spawn --epic ${id}\` gives its children to workers`)
  if (bead.status === 'closed') throw new Refusal(`${id} is closed already`)
  const witness = witnessContext(town.host, rig)
  const ours = Object.values(witness?.workers ?? {}).some((worker) => worker.issue === id) || witness?.queued[id]
  const holder = whereabouts(bead.assignee ?? '')
  // As an older copy of the issues, or records that were begun anew, leave it: whoever is given it takes it over.
  const isGone = holder?.role === 'polecat' && holder.rig === rig && witness?.workers[holder.name] === undefined
  if (issue !== undefined && bead.status === 'in_progress' && bead.assignee && !ours && !isGone)
    throw new Refusal(`${id} is held by ${bead.assignee}`)
}
