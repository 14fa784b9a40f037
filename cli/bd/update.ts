// `bd update`: changes issues, all that were named or none.
// Never: changes mail; says that something was done before it is committed.
import { BeadsError, type Issue } from '../../actors/beads/contract.ts'
import type { Beads } from '../../actors/beads/embedded.ts'
import { exactly } from '../../actors/beads/jsonl.ts'
import { type Call, command, defined, fieldsOf, ids, jsonOf, parentOf, resolved, split, texts } from '../bd-command.ts'
import { Mismatch, Usage } from '../errors.ts'

export default command({
  name: 'update',
  summary: 'change issues, all of them or none',
  usage: '<id> … [--status …] [--claim] [--notes …] [--priority …]',
  writes: true,
  options: {
    ...texts,
    status: { kind: 'text', short: 's', about: 'open, in_progress, blocked, deferred, closed, pinned' },
    claim: { kind: 'flag', about: 'take it; refused when somebody else has it' },
    'if-assignee': {
      kind: 'text',
      about: 'only while this one has it; empty: while nobody has it. Exit code 13 otherwise',
    },
    'if-status': { kind: 'text', about: 'only while it is in this status. Exit code 13 otherwise' },
    'append-notes': { kind: 'text', about: 'a line more to its notes' },
    'add-label': { kind: 'text', many: true, about: 'labels more, by comma' },
    'remove-label': { kind: 'text', many: true, about: 'labels less, by comma' },
    'set-labels': { kind: 'text', many: true, about: 'these labels and no others, by comma; empty: none' },
    'set-metadata': { kind: 'text', many: true, about: 'a field of its metadata: key=value' },
    'unset-metadata': { kind: 'text', many: true, about: 'a field less' },
    parent: { kind: 'id', about: 'what it is a part of from now on; empty: of nothing' },
    persistent: { kind: 'flag', about: 'not --ephemeral any more' },
    session: { kind: 'text', about: 'nothing to do here: a session is known by itself' },
  },
  args: ids,
  run(call) {
    const { flags, args, beads, actor, print } = call
    const issues = resolved(beads, args.ids, 'update <id> …')
    const more = flags['append-notes']
    if (more !== undefined && flags.notes !== undefined) throw new Usage('say --notes or --append-notes, not both')
    const changes = defined({
      ...fieldsOf(flags),
      status: flags.status,
      ephemeral: flags.persistent ? (0 as const) : undefined,
    })
    const all = { ...changes, ...(flags.ephemeral ? { ephemeral: 1 as const } : {}) }
    const [add, remove] = [split(flags['add-label']), split(flags['remove-label'])]
    const isSet = flags['set-labels'].length > 0
    const exactly = split(flags['set-labels'])
    const parent = flags.parent === undefined || flags.parent === '' ? flags.parent : parentOf(beads, flags.parent)
    const fields = flags['set-metadata'].map(fieldIn)
    const isAsked =
      Object.keys(all).length + add.length + remove.length + fields.length + flags['unset-metadata'].length > 0 ||
      isSet ||
      more !== undefined ||
      parent !== undefined ||
      flags.claim
    const change = (id: string): Issue => {
      expected(call, id)
      if (flags.claim) claim(call, id)
      const before = beads.get(id) as Issue
      const notes = more === undefined ? {} : { notes: [before.notes, more].filter(Boolean).join('\n') }
      const metadata =
        fields.length + flags['unset-metadata'].length === 0
          ? {}
          : { metadata: withFields(before, fields, flags['unset-metadata']) }
      const now = beads.labels(id)
      const gone = isSet ? now.filter((label) => !exactly.includes(label)) : remove
      if (add.length + gone.length + exactly.length > 0)
        beads.relabel(id, { add: [...add, ...exactly], remove: gone }, actor)
      if (parent !== undefined) putUnder(beads, id, parent, actor)
      const whole = { ...all, ...notes, ...metadata }
      return Object.keys(whole).length > 0 ? beads.update(id, whole, actor) : (beads.get(id) as Issue)
    }
    const changed = isAsked ? beads.written(() => issues.map(change)) : issues.map((id) => beads.get(id) as Issue)
    print(
      () => jsonOf(beads, changed),
      () => (isAsked ? changed.map(({ id }) => `✓ Updated issue: ${id}`) : ['No updates specified']),
    )
  },
})

/** Throws, and nothing is written, when somebody else was there first. */
function expected({ flags, beads }: Pick<Call, 'flags' | 'beads'>, id: string): void {
  const { assignee, status } = beads.get(id) as Issue
  const { 'if-assignee': who, 'if-status': was } = flags as Readonly<Record<string, string | undefined>>
  const words = (name: string, is: string | null, want: string) =>
    `${name} is ${is ? `"${is}"` : 'empty'}, not ${want ? `"${want}"` : 'empty'}`
  if (who !== undefined && (assignee ?? '') !== who)
    throw new Mismatch(id, `${id}: ${words('assignee', assignee, who)}; nothing was written`)
  if (was !== undefined && status !== was)
    throw new Mismatch(id, `${id}: ${words('status', status, was)}; nothing was written`)
}

function claim({ beads, actor, writer }: Pick<Call, 'beads' | 'actor' | 'writer'>, id: string): void {
  const refused = beads.claim(id, actor, writer)
  if (refused === null) return
  const why =
    'held' in refused ? `issue already claimed by ${refused.held}` : `issue not claimable: ${refused.unavailable}`
  throw new BeadsError(`Error claiming ${id}: ${why}`)
}

function fieldIn(given: string): readonly [string, unknown] {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(given) ?? []
  if (key === undefined || value === undefined) throw new Usage(`--set-metadata is key=value, not "${given}"`)
  try {
    return [key, exactly(value)]
  } catch {
    return [key, value]
  }
}

function withFields(
  { metadata }: Issue,
  set: readonly (readonly [string, unknown])[],
  unset: readonly string[],
): string | null {
  const all = { ...(exactly(metadata ?? '{}') as Record<string, unknown>), ...Object.fromEntries(set) }
  const kept = Object.entries(all).filter(([key]) => !unset.includes(key))
  return kept.length === 0 ? null : JSON.stringify(Object.fromEntries(kept))
}

function putUnder(beads: Beads, id: string, parent: string, actor: string): void {
  const former = beads.dependencies(id).filter(({ type }) => type === 'parent-child')
  if (former.some(({ depends_on_id: on }) => on === parent)) return
  for (const { depends_on_id: on } of former) beads.removeDep(id, on, actor)
  if (parent !== '') beads.addDep(id, parent, 'parent-child', actor)
}
