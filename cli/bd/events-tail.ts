// `bd events tail`: what was written, in the order in which it was committed, for who follows it.
// Never: tells a change twice to who asks with the number of the last one it was told; leaves one out.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Beads } from '../../actors/beads/embedded.ts'
import type { Change } from '../../actors/beads/feed.ts'
import { issueJson } from '../../actors/beads/jsonl.ts'
import { command } from '../bd-command.ts'
import { json, raw } from '../print.ts'

const atOnce = 500
const lookMs = 1000

export default command({
  name: 'events tail',
  summary: 'what was written, as JSON lines, after the change with this number',
  usage: '[--since <seq>] [--limit <n>] [--follow]',
  writes: false,
  options: {
    since: {
      kind: 'number',
      range: [0, Number.MAX_SAFE_INTEGER],
      about: 'after this one; 0, from the beginning, if left out',
    },
    limit: { kind: 'number', range: [0, 1_000_000], short: 'n', about: 'so many at most; 0, all, if left out' },
    follow: { kind: 'flag', about: 'go on as others write, once a second, until it is ended' },
  },
  examples: ['bd events tail --since 120', 'bd events tail --since 120 --follow | my-mirror'],
  async run({ flags, beads }) {
    let left = flags.limit || Number.POSITIVE_INFINITY
    for (let cursor = flags.since ?? 0; ; ) {
      const { rows, more, cursor: next } = beads.changesSince(cursor, Math.min(left, atOnce))
      for (const change of rows) raw(`${json(told(beads, change))}\n`)
      left -= rows.length
      cursor = next
      if (left <= 0 || (!more && !flags.follow)) return undefined
      if (!more) await sleep(lookMs)
    }
  },
})

/** As other versions call what was done; `event` is what it was here. */
const ops: Readonly<Record<string, string>> = {
  ...{ created: 'create', closed: 'close', deleted: 'delete', commented: 'comment' },
  ...{ dependency_added: 'dep_add', dependency_removed: 'dep_remove' },
}

function told(beads: Beads, { id, event, issue, actor, detail, at }: Change) {
  const now = beads.get(issue)
  const [kind, target] = event === 'dependency_added' ? (detail ?? '').split(/:(.*)/s) : ['', detail]
  const op = ops[event] ?? 'update'
  return {
    ...{ seq: id, ts: at, op, event, issue_id: issue, actor },
    // As it is now: what it was then nobody kept.
    issue: now ? issueJson(beads, now) : null,
    ...(op.startsWith('dep_') ? { dep: { kind, target } } : {}),
    ...(event === 'renamed' ? { renamed: detail } : {}),
  }
}
