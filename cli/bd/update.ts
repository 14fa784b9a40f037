// `bd update`: changes issues, all that were named or none.
// Never: changes mail; says that something was done before it is committed.
import { BeadsError, type Issue } from '../../actors/beads/contract.ts'
import type { Beads } from '../../actors/beads/embedded.ts'
import { command, defined, fieldsOf, ids, jsonOf, parentOf, resolved, split, texts } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'update',
  summary: 'change issues, all of them or none',
  usage: '<id> … [--status …] [--claim] [--notes …] [--priority …]',
  writes: true,
  options: {
    ...texts,
    status: { kind: 'text', short: 's', about: 'open, in_progress, blocked, deferred, closed, pinned' },
    claim: { kind: 'flag', about: 'take it; refused when somebody else has it' },
    'append-notes': { kind: 'text', about: 'a line more to its notes' },
    'add-label': { kind: 'text', many: true, about: 'labels more, by comma' },
    parent: { kind: 'text', about: 'what it is a part of from now on' },
  },
  args: ids,
  run({ flags, args, beads, actor, print }) {
    const issues = resolved(beads, args.ids, 'update <id> …')
    const more = flags['append-notes']
    if (more !== undefined && flags.notes !== undefined) throw new Usage('say --notes or --append-notes, not both')
    const changes = defined({ ...fieldsOf(flags), status: flags.status })
    const labels = split(flags['add-label'])
    const parent = flags.parent === undefined ? undefined : parentOf(beads, flags.parent)
    const isAsked =
      Object.keys(changes).length + labels.length > 0 || more !== undefined || parent !== undefined || flags.claim
    const change = (id: string): Issue => {
      if (flags.claim) claim(beads, id, actor)
      const notes = more === undefined ? {} : { notes: [beads.get(id)?.notes, more].filter(Boolean).join('\n') }
      if (labels.length > 0 && beads.get(id)?.issue_type === 'message')
        throw new BeadsError(`${id} is mail, and stays as it was sent`)
      for (const label of labels) beads.addLabel(id, label)
      if (parent !== undefined) putUnder(beads, id, parent, actor)
      const all = { ...changes, ...notes }
      return Object.keys(all).length > 0 ? beads.update(id, all, actor) : (beads.get(id) as Issue)
    }
    const changed = isAsked ? beads.written(() => issues.map(change)) : issues.map((id) => beads.get(id) as Issue)
    print(
      () => jsonOf(beads, changed),
      () => (isAsked ? changed.map(({ id }) => `✓ Updated issue: ${id}`) : ['No updates specified']),
    )
  },
})

function claim(beads: Beads, id: string, actor: string): void {
  const refused = beads.claim(id, actor)
  if (refused === null) return
  const why =
    'held' in refused ? `issue already claimed by ${refused.held}` : `issue not claimable: ${refused.unavailable}`
  throw new BeadsError(`Error claiming ${id}: ${why}`)
}

function putUnder(beads: Beads, id: string, parent: string, actor: string): void {
  const former = beads.dependencies(id).filter(({ type }) => type === 'parent-child')
  if (former.some(({ depends_on_id: on }) => on === parent)) return
  for (const { depends_on_id: on } of former) beads.removeDep(id, on, actor)
  beads.addDep(id, parent, 'parent-child', actor)
}
