// Mutants: small wrong changes, each a mistake somebody could make. `npm run mutants` makes them one at a time in a copy; each must be caught.
// The text to find must be there exactly once: a mutant that no longer fits fails loudly.
export interface Mutant {
  /** The mistake, in words. */
  name: string
  file: string
  find: string
  replace: string
}

export const mutants: readonly Mutant[] = [
  // The host
  {
    name: 'a stale result is taken',
    file: 'runtime/outbox.ts',
    find: `\`SELECT * FROM effect WHERE key = ? AND \${isOpen}\`, key`,
    replace: `'SELECT * FROM effect WHERE key = ?', key`,
  },
  {
    name: 'a repeated mail counts again',
    file: 'runtime/mailbox.ts',
    find: `if (draft.id !== undefined && store.get('SELECT 1 FROM mail WHERE id = ?', draft.id)) return { id: draft.id, repeated: true }`,
    replace: `if (draft.id !== undefined) store.run('DELETE FROM mail WHERE id = ?', draft.id)`,
  },
  {
    name: 'a left state keeps its timer',
    file: 'runtime/host.ts',
    find: `          store.run('DELETE FROM timer WHERE address = ? AND id = ?', address, promise.id)\n          store.run("UPDATE mail`,
    replace: `          store.run("UPDATE mail`,
  },
  {
    name: 'a queued firing of a left state is delivered',
    file: 'runtime/host.ts',
    find: `          store.run("UPDATE mail SET state = 'stale' WHERE to_address = ? AND timer_id = ? AND state = 'new'", address, promise.id)\n`,
    replace: '',
  },
  {
    name: 'a timer fires early',
    file: 'runtime/host.ts',
    find: `FROM timer WHERE due_at <= ? ORDER BY due_at, address, id', clock.now())`,
    replace: `FROM timer WHERE due_at <= ? ORDER BY due_at, address, id', clock.now() + 60_000)`,
  },
  {
    name: 'a left state keeps its effect',
    file: 'runtime/outbox.ts',
    find: `for (const { key } of rows) store.run("UPDATE effect SET state = 'cancelled' WHERE key = ?", key)`,
    replace: '',
  },
  { name: 'a place too many is given', file: 'runtime/host.ts', find: `places.length >= capacity) throw`, replace: `false) throw` },
  {
    name: 'a place is never freed',
    file: 'runtime/host.ts',
    find: `store.run('DELETE FROM slot WHERE pool = ? AND holder = ?', String(said.pool), String(said.holder))`,
    replace: `void 0`,
  },
  {
    name: 'the lease is not checked',
    file: 'runtime/host.ts',
    find: `if (lease?.holder !== options.holder || lease.epoch !== epoch) throw`,
    replace: `if (lease === undefined) throw`,
  },
  { name: 'a mail is tried once too often', file: 'runtime/host.ts', find: `attempt < attemptsMax`, replace: `attempt <= attemptsMax` },
  {
    name: 'effects of a former host are forgotten',
    file: 'runtime/outbox.ts',
    find: `store.run(\`UPDATE effect SET state = 'pending' WHERE \${isOpen} AND state = 'started'\`)`,
    replace: `void 0`,
  },
  {
    name: 'a failed turn leaves half of itself: effects of a turn that was not committed run',
    file: 'runtime/store/sqlite.ts',
    find: `db.exec(\`ROLLBACK TO \${name}; RELEASE \${name}\`)`,
    replace: `db.exec(\`RELEASE \${name}\`)`,
  },
  { name: 'the newest mail goes first', file: 'runtime/mailbox.ts', find: `e.state = 'new' AND e.seq < m.seq`, replace: `e.state = 'new' AND e.seq > m.seq` },
  { name: 'lanes are ignored', file: 'runtime/outbox.ts', find: `if (row.lane && (busy.get(row.lane) ?? 0) >= spec.laneLimit) continue`, replace: '' },
  { name: 'the brake does not hold starts', file: 'runtime/outbox.ts', find: `if (spec.starts && holds`, replace: `if (!spec.starts && holds` },
  {
    name: 'a new life keeps its old number',
    file: 'runtime/host.ts',
    find: `const incarnation = asleep ? (row?.incarnation ?? 0) + 1 : row.incarnation`,
    replace: `const incarnation = asleep ? (row?.incarnation ?? 1) : row.incarnation`,
  },
  {
    name: 'a role may promise anything',
    file: 'runtime/host.ts',
    find: `if (role.promises && !role.promises.includes(name)) throw`,
    replace: `if (role.promises && name === '') throw`,
  },
  {
    name: 'a turn is not one transaction',
    file: 'runtime/host.ts',
    find: `store.transaction(() => playMail(mail, role))`,
    replace: `playMail(mail, role)`,
  },
  {
    name: 'listeners hear of a turn before it is committed',
    file: 'runtime/host.ts',
    find: `      return work()\n    })\n    const { entries, replies, cancelled } = pending`,
    replace: `      const early = work()\n      for (const listener of [...commitListeners]) listener(pending.entries, pending.replies)\n      pending.entries = []\n      return early\n    })\n    const { entries, replies, cancelled } = pending`,
  },
  {
    name: 'what is begun counts as done',
    file: 'runtime/outbox.ts',
    find: `UPDATE effect SET state = 'started', attempt = attempt + 1 WHERE key = ?`,
    replace: `UPDATE effect SET state = CASE WHEN invoke_id IS NULL THEN 'settled' ELSE 'started' END, attempt = attempt + 1 WHERE key = ?`,
  },
  {
    name: 'what is to be tried again loses its place in its lane',
    file: 'runtime/outbox.ts',
    find: `row.state === 'started' || (row.due_at > clock.now() && row.attempt < failuresMax)`,
    replace: `row.state === 'started'`,
  },
  {
    name: 'a life begins with what its role would give it now',
    file: 'runtime/replay.ts',
    find: `row.input ? (JSON.parse(row.input) as JsonObject) : role.input`,
    replace: `role.input`,
  },
  // The machines
  {
    name: 'anybody may end a session',
    file: 'machines/session.ts',
    find: `fromTheWitness: ({ context, event }) => 'from' in event && (`,
    replace: `fromTheWitness: ({ context, event }) => 'from' in event && (event.from !== '' || `,
  },
  { name: 'a session keeps its epoch', file: 'machines/session.ts', find: `epoch: context.epoch + 1,`, replace: `epoch: Math.max(1, context.epoch),` },
  {
    name: 'who asked for the end is not told',
    file: 'machines/session.ts',
    find: `polecatOf(context.rig, context.polecat), ...context.killers])`,
    replace: `polecatOf(context.rig, context.polecat)])`,
  },
  {
    name: 'a start that failed is not called off',
    file: 'machines/session.ts',
    find: `onError: { target: 'killing', actions: assign({ killReason: 'failed'`,
    replace: `onError: { target: 'absent', actions: assign({ killReason: 'failed'`,
  },
  {
    name: 'the worktree goes before the session',
    file: 'machines/retirement.ts',
    find: `onDone: { target: '#retirement.killing',`,
    replace: `onDone: { target: '#retirement.removing',`,
  },
  {
    name: 'what was written to the end is not pinned',
    file: 'machines/retirement.ts',
    find: `on: { 'session.ended': { target: 'pinning_the_rest' } }`,
    replace: `on: { 'session.ended': { target: 'removing' } }`,
  },
  {
    name: 'the branch goes first',
    file: 'machines/retirement.ts',
    find: `target: '#retirement.removing', actions: assign({ pin: ({ context`,
    replace: `target: '#retirement.deleting_branch', actions: assign({ pin: ({ context`,
  },
  {
    name: 'uncommitted files do not matter',
    file: 'machines/retirement.ts',
    find: `found.kind === 'found' && found.dirty.length > 0`,
    replace: `found.kind === 'found' && found.dirty.length > 1000`,
  },
  {
    name: 'a failed worker is killed before its work is pinned',
    file: 'machines/retirement.ts',
    find: `            guard: 'fromItsWitness',\n            target: 'pinning',`,
    replace: `            guard: 'fromItsWitness',\n            target: 'removing',`,
  },
  {
    name: 'an issue is closed before origin confirmed the push',
    file: 'machines/refinery.ts',
    find: `guard: { type: 'answered', params: 'pushed' }, target: 'confirming'`,
    replace: `guard: { type: 'answered', params: 'pushed' }, target: 'closing'`,
  },
  {
    name: 'the gates are skipped',
    file: 'machines/refinery.ts',
    find: `            guard: { type: 'answered', params: 'built' },\n            target: 'testing',`,
    replace: `            guard: { type: 'answered', params: 'built' },\n            target: 'landing',`,
  },
  {
    name: 'main moved, and the old candidate is pushed again',
    file: 'machines/refinery.ts',
    find: `            guard: { type: 'answered', params: 'moved' },\n            target: 'replanning',`,
    replace: `            guard: { type: 'answered', params: 'moved' },\n            target: 'testing',`,
  },
  {
    name: 'red work stays in the queue',
    file: 'machines/refinery.ts',
    find: `assign({ queue: ({ context }) => context.queue.filter((request) => !isMember(context, request, first(context).issue)) }),`,
    replace: '',
  },
  {
    name: 'what landed stays in the queue',
    file: 'machines/refinery.ts',
    find: `queue: context.queue.filter((request) => !context.members.some((member) => member.sha === request.sha && member.issue === request.issue)),`,
    replace: 'queue: context.queue,',
  },
  { name: 'what origin refused is tried for ever', file: 'machines/refinery.ts', find: `{ ...request, held: true }`, replace: `{ ...request, held: false }` },
  {
    name: 'work in the queue is given to another worker',
    file: 'machines/witness.ts',
    find: `...Object.values(context.workers).map((worker) => worker.issue), ...Object.keys(context.queued)]`,
    replace: `...Object.values(context.workers).map((worker) => worker.issue)]`,
  },
  {
    name: 'a worker too many',
    file: 'machines/witness.ts',
    find: `Object.keys(context.workers).length < context.maxWorkers`,
    replace: `Object.keys(context.workers).length <= context.maxWorkers`,
  },
  { name: 'starts do not keep their distance', file: 'machines/witness.ts', find: `context.spawnDelayMs > 0`, replace: `context.spawnDelayMs > 1e9` },
  {
    name: 'an escalation goes no further than the Mayor',
    file: 'machines/mayor.ts',
    find: `to: overseer, type: 'escalation.raised'`,
    replace: `to: witnessOf(rig), type: 'issues.changed'`,
  },
  { name: 'a try too many', file: 'machines/witness.ts', find: `+ 1 < context.triesMax`, replace: `+ 1 <= context.triesMax` },
  {
    name: 'a retired worker keeps its place',
    file: 'machines/witness.ts',
    find: `        { type: 'freeSlot', params: ({ context, event }) => ({ pool: workersPool(context.rig), holder: polecatOf(context.rig, event.polecat) }) },\n`,
    replace: '',
  },
  {
    name: 'stopped workers are not told to go on',
    file: 'machines/witness.ts',
    find: `{ type: 'note', params: { text: 'goes on' } }, { type: 'mail', params: ({ context }) => resumeAll(context) },`,
    replace: `{ type: 'note', params: { text: 'goes on' } },`,
  },
  {
    name: 'a failed worker’s issue is refused to who asks for it again',
    file: 'machines/witness.ts',
    find: `if (worker && worker[1].phase !== 'failed') return`,
    replace: `if (worker) return`,
  },
  {
    name: 'a claim whose answer was lost is not made again',
    file: 'machines/witness.ts',
    find: `onError: { target: 'claiming_again', actions`,
    replace: `onError: { target: 'choosing', actions`,
  },
  {
    name: 'nobody looks after a landing',
    file: 'machines/witness.ts',
    find: `          escalated: ({ context, event }) => context.escalated.filter((issue) => issue !== event.issue),\n          look: true,`,
    replace: `          escalated: ({ context, event }) => context.escalated.filter((issue) => issue !== event.issue),`,
  },
  { name: 'a start too many', file: 'machines/polecat.ts', find: `context.starts < context.startsMax`, replace: `context.starts <= context.startsMax` },
  {
    name: 'a polecat rests before the Refinery has its work',
    file: 'machines/polecat.ts',
    find: `onDone: [\n              { guard: 'somethingPinned', target: 'queueing',`,
    replace: `onDone: [\n              { guard: 'somethingPinned', target: '#polecat.pending_shutdown',`,
  },
  {
    name: 'silence during a handoff is forgotten',
    file: 'machines/polecat.ts',
    find: `(context.silent ? stuck(context) : [])`,
    replace: `(context.silent?.ms === -1 ? stuck(context) : [])`,
  },
  {
    name: 'anybody may hand a polecat’s work over',
    file: 'machines/polecat.ts',
    find: `'from' in event && (event.from === context.address || event.from === 'overseer')`,
    replace: `'from' in event`,
  },
  {
    name: 'the Overseer is asked again and again',
    file: 'machines/mayor.ts',
    find: `context.escalations.some((open) => open.cause === event.cause)`,
    replace: `context.escalations.some((open) => open.cause === event.rig)`,
  },
  {
    name: 'a cleared cause stays',
    file: 'machines/mayor.ts',
    find: `context.escalations.filter((open) => open.cause !== event.cause)`,
    replace: `context.escalations.filter((open) => open.cause !== '')`,
  },
  {
    name: 'an issue that was let go stays an escalation',
    file: 'machines/witness.ts',
    find: `context.escalated.filter((issue) => closed.includes(issue))`,
    replace: `context.escalated.filter(() => false)`,
  },
  {
    name: 'a claim counts though there is no room any more',
    file: 'machines/witness.ts',
    find: `noRoom: ({ context }) => !hasRoom(context)`,
    replace: `noRoom: ({ context }) => context.maxWorkers === 0`,
  },
  {
    name: 'what could not be taken down is forgotten',
    file: 'machines/witness.ts',
    find: `event.type === 'session.stopRequested' && context.workers[event.polecat]?.stranded === true`,
    replace: `event.type === 'session.stopRequested' && context.workers[event.polecat] === undefined`,
  },
  {
    name: 'a session starts where its worktree was',
    file: 'machines/polecat.ts',
    find: `after: { startBackoff: 'preparing' }`,
    replace: `after: { startBackoff: 'starting' }`,
  },
  {
    name: 'only the last who asks for a handoff is answered',
    file: 'machines/polecat.ts',
    find: `{ askIds: [...context.askIds, event.mailId] }`,
    replace: `{ askIds: [event.mailId] }`,
  },
  {
    name: 'a worker is sent back once too often',
    file: 'machines/polecat.ts',
    find: `context.refusals < 2`,
    replace: `context.refusals <= 3`,
  },
  // The hands
  {
    name: 'a worktree goes without a last look',
    file: 'actors/git/worktree.ts',
    find: `if (!(await isSafe(deps, place.rig, found.head))) throw`,
    replace: `if (found.head === '') throw`,
  },
  {
    name: 'only what is checked out is pinned',
    file: 'actors/git/pin.ts',
    find: `there ? await revision(path, 'HEAD') : undefined, await revision`,
    replace: `there ? await revision(path, 'HEAD') : await revision(clone, \`refs/heads/\${input.branch}\`), there ? undefined : await revision`,
  },
  { name: 'a push is forced', file: 'actors/git/landing.ts', find: `\`--force-with-lease=\${main}:\${base ?? ''}\``, replace: `'--force'` },
]
