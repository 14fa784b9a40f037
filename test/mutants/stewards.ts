// Mistakes in the Witness and the Mayor.
import type { Mutant } from './mutant.ts'

export const stewards: readonly Mutant[] = [
  {
    name: 'work in the queue is given to another worker',
    file: 'machines/ledger.ts',
    find: `  ...Object.values(workers).map(({ issue }) => issue),\n  ...Object.keys(queued),\n`,
    replace: `  ...Object.values(workers).map(({ issue }) => issue),\n`,
  },
  {
    name: 'a worker too many',
    file: 'machines/witness.ts',
    find: `Object.keys(context.workers).length < context.maxWorkers`,
    replace: `Object.keys(context.workers).length <= context.maxWorkers`,
  },
  {
    name: 'starts do not keep their distance',
    file: 'machines/witness.ts',
    find: `context.spawnDelayMs > 0`,
    replace: `context.spawnDelayMs > 1e9`,
  },
  {
    name: 'a try too many',
    file: 'machines/endings.ts',
    find: `(tries[issue] as number) >= triesMax`,
    replace: `(tries[issue] as number) > triesMax`,
  },
  {
    name: 'given back once too often',
    file: 'machines/endings.ts',
    find: `(tries[issue] as number) >= triesMax`,
    replace: `(tries[issue] as number) > triesMax`,
  },
  {
    name: 'a conflict with a main that moved counts as a try',
    file: 'machines/endings.ts',
    find: `const counted: Ledger = mainMoved ? { ...before, conflicts } : { ...before, tries }`,
    replace: `const counted: Ledger = mainMoved ? { ...before, conflicts, tries } : { ...before, tries }`,
  },
  {
    name: 'a conflict with the same main is nobody’s fault',
    file: 'machines/endings.ts',
    find: `(met.base === null || met.base !== returned.base)`,
    replace: `(met.base === null || returned.base !== '')`,
  },
  {
    name: 'what cannot be put on main is begun anew for ever',
    file: 'machines/endings.ts',
    find: `worker?.returned?.kind === 'conflict' && !before.fresh.includes(issue)`,
    replace: `worker?.returned?.kind === 'conflict'`,
  },
  {
    name: 'what waits for another issue is the Overseer’s',
    file: 'machines/endings.ts',
    find: `if (blockedBy === null || tries >= before.triesMax) return escalate()`,
    replace: `if (blockedBy !== '' || tries >= before.triesMax) return escalate()`,
  },
  {
    name: 'what was given up is begun again by what came back before',
    file: 'machines/endings.ts',
    find: `  returned: ledger.returned.filter((candidate) => candidate.issue !== issue),\n  escalated: [`,
    replace: `  escalated: [`,
  },
  {
    name: 'what was left behind after a handoff is not told',
    file: 'machines/endings.ts',
    find: `return kept.length === 0 ? told : { ...told, mail: [leftBehind(event)] }`,
    replace: `return told`,
  },
  {
    name: 'a retired worker keeps its place',
    file: 'machines/witness.ts',
    find: `          type: 'freeSlot',`,
    replace: `          type: 'claimSlot',`,
  },
  {
    name: 'stopped workers are not told to go on',
    file: 'machines/witness.ts',
    find: `                { type: 'note', params: { text: 'goes on' } },\n                { type: 'mail', params: ({ context }) => toEach(context, 'work.resumed') },`,
    replace: `                { type: 'note', params: { text: 'goes on' } },`,
  },
  {
    name: 'an issue in somebody’s hands is promised to who asks for it',
    file: 'machines/ledger.ts',
    find: `if (worker) return \`\${issue} is held by`,
    replace: `if (worker === null) return \`\${issue} is held by`,
  },
  {
    name: 'a claim whose answer was lost is not made again',
    file: 'machines/witness.ts',
    find: `            onError: {\n              target: 'claiming_again',`,
    replace: `            onError: {\n              target: 'choosing',`,
  },
  {
    name: 'nobody looks after a landing',
    file: 'machines/witness.ts',
    find: `({ ...landed(context, event.issue), look: true })`,
    replace: `landed(context, event.issue)`,
  },
  {
    name: 'an issue that was let go stays an escalation',
    file: 'machines/ledger.ts',
    find: `before.escalated.filter((issue) => closed.includes(issue))`,
    replace: `before.escalated.filter(() => false)`,
  },
  {
    name: 'what its own worker closed is taken for done',
    file: 'machines/witness.ts',
    find: `underway: [...underway(context), ...context.returned.map(({ issue }) => issue)],`,
    replace: `underway: [],`,
  },
  {
    name: 'work of an issue that somebody closed lands all the same',
    file: 'machines/ledger.ts',
    find: `.filter((issue) => before.queued[issue])`,
    replace: `.filter(() => false)`,
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
    find: `context.workers[event.polecat] !== undefined,`,
    replace: `context.workers[event.polecat] === undefined,`,
  },
  {
    name: 'an issue that somebody took is wanted no more',
    file: 'machines/ledger.ts',
    find: `      ready: context.ready.filter((each) => each.issue !== issue),\n`,
    replace: `      ready: context.ready.filter((each) => each.issue !== issue),\n      wanted: { ...context.wanted, issues: lacking(context.wanted.issues, issue) },\n`,
  },
  {
    name: 'the Witness takes one worker more than it may',
    file: 'machines/witness.ts',
    find: `maxWorkers: ({ event }) => event.maxWorkers,`,
    replace: `maxWorkers: ({ event }) => event.maxWorkers + 1,`,
  },
  {
    name: 'an epic is reported complete before it is closed',
    file: 'machines/ledger.ts',
    find: `complete.filter((epic) => over.includes(epic))`,
    replace: `complete`,
  },
  // The Mayor
  {
    name: 'an escalation goes no further than the Mayor',
    file: 'machines/mayor.ts',
    find: `                  to: overseer,\n                  type: 'escalation.raised',\n                  body: { cause, rig, issue, subject, body },`,
    replace: `                  to: witnessOf(rig),\n                  type: 'work.assigned',\n                  body: {},`,
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
]
