// `gt recover`: work that was kept when a worker went, and how it comes back. Works while the town is down.
// Never: changes a branch that is there.

import { table } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'recover',
  group: 'work',
  summary: 'list and bring back work that was kept',
  usage: '(<rig>/<polecat> | <issue>) [--restore]',
  examples: ['gt recover wyv-1.2', 'gt recover wyvern/Nux --restore    # the newest as a branch of mayor/rig'],
  options: { restore: { kind: 'flag', about: 'bring the newest back as a branch of the rig’s clone' } },
  args: { what: { kind: 'text' } },
  async run({ args: { what }, flags, town, print }) {
    const { rigOfIssue, usableRigs } = await import('../../actors/facts.ts')
    const { rigLayout } = await import('../../actors/layout.ts')
    const { keptWork, recover } = await import('../../actors/git/pin.ts')
    const root = town()
    const rigs = usableRigs(root)
    const [rigName = '', ...rest] = what.split('/')
    const name = what.includes('/') ? rigName : (rigOfIssue(rigs, what) ?? '')
    const rig = rigs.get(name)
    if (!rig)
      throw new Error(
        `"${what}" is neither <rig>/<polecat> nor an issue of a rig; rigs: ${[...rigs.keys()].join(', ')}`,
      )
    const deps = { town: root, defaultBranch: () => rig.default_branch }
    const kept = await keptWork(deps, name, what.includes('/') ? { polecat: rest.at(-1) ?? '' } : { issue: what })
    if (kept.length === 0) throw new Error(`nothing is kept of ${what}`)
    if (!flags.restore) {
      print(kept, (kept) => table(kept.map(rowOf)))
      return 0
    }
    const newest = kept.find(({ kind }) => kind !== 'nested') ?? kept[0]
    const branch = newest && (await recover(deps, name, newest))
    print({ branch, ...newest }, () => [
      `${newest?.kind} of ${newest?.issue} are on branch ${branch} of ${rigLayout(root, name).clone}`,
    ])
    return 0
  },
})

type Kept = Awaited<ReturnType<typeof import('../../actors/git/pin.ts').keptWork>>[number]

const rowOf = ({ kind, ref, issue, polecat, at, sha, subject, landed }: Kept): string[] => [
  kind === 'nested' ? ref.slice('refs/gt/nested/'.length) : kind,
  issue,
  polecat,
  at,
  sha.slice(0, 10),
  landed ? `${subject} (on main)` : subject,
]
