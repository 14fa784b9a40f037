// Mistakes in sessions, keepers, polecats, and who may speak.
import type { Mutant } from './mutant.ts'

export const workers: readonly Mutant[] = [
  // A session
  {
    name: 'a session keeps its epoch',
    file: 'machines/hearing.ts',
    find: `epoch: context.epoch + 1,`,
    replace: `epoch: Math.max(1, context.epoch),`,
  },
  {
    name: 'who asked for the end is not told',
    file: 'machines/hearing.ts',
    find: `polecatOf(context.rig, context.polecat), ...context.killers])`,
    replace: `polecatOf(context.rig, context.polecat)])`,
  },
  {
    name: 'a start that failed is not called off',
    file: 'machines/session.ts',
    find: `        onError: {\n          target: 'killing',`,
    replace: `        onError: {\n          target: 'absent',`,
  },
  {
    name: 'an older session speaks still',
    file: 'machines/session.ts',
    find: `(session.context as Context).epoch === epoch`,
    replace: `(session.context as Context).epoch >= epoch`,
  },
  // Who may speak
  {
    name: 'anybody of a role may end a session',
    file: 'machines/speakers.ts',
    find: `!('name' in hearer) || speaker.name === hearer.name`,
    replace: `!('name' in hearer) || speaker.name !== ''`,
  },
  {
    name: 'rigs speak to one another',
    file: 'machines/speakers.ts',
    find: `if (speaker.rig !== hearer.rig) return false`,
    replace: ``,
  },
  {
    name: 'nobody asks who speaks',
    file: 'machines/speakers.ts',
    find: `if (!allowed || allowed.includes('anyone')) return undefined`,
    replace: `if (!allowed || allowed.length > 0) return undefined`,
  },
  {
    name: 'anybody may hand a polecat’s work over',
    file: 'machines/mail.ts',
    find: `    ['polecat', 'overseer'],\n    z.object({\n      outcome:`,
    replace: `    ['polecat', 'overseer', 'witness'],\n    z.object({\n      outcome:`,
  },
  // A keeper
  {
    name: 'a worker’s place is cleared before its session has ended',
    file: 'machines/keeper.ts',
    find: `guard: 'handedOver',\n            target: 'killing',`,
    replace: `guard: 'handedOver',\n            target: 'clearing',`,
  },
  {
    name: 'a failed worker is killed before its work is pinned',
    file: 'machines/keeper.ts',
    find: `            target: 'pinning',\n            description: 'Whatever it leaves is kept first.',`,
    replace: `            target: 'killing',\n            description: 'Whatever it leaves is kept first.',`,
  },
  {
    name: 'the worktree goes before the session',
    file: 'machines/keeper.ts',
    find: `              target: '#keeper.killing',`,
    replace: `              target: '#keeper.clearing',`,
  },
  {
    name: 'a worker is gone before its place is',
    file: 'machines/keeper.ts',
    find: `on: { 'session.ended': { target: 'clearing' } }`,
    replace: `on: { 'session.ended': { target: 'retired' } }`,
  },
  {
    name: 'what is found at the end is not told',
    file: 'machines/keeper.ts',
    find: `              target: '#keeper.retired',\n              actions: [\n                assign({ kept: ({ context, event }) => withKept(context, found(event.output)) }),`,
    replace: `              target: '#keeper.retired',\n              actions: [`,
  },
  {
    name: 'a worker between two sessions is not told to stop',
    file: 'machines/keeper.ts',
    find: `                { to: polecatOf(context.rig, context.polecat), type: 'work.paused', body: {} },\n`,
    replace: '',
  },
  {
    name: 'a session that begins just when it is stopped goes on',
    file: 'machines/keeper.ts',
    find: `description: 'Its session was begun when the Overseer stopped it: ended all the same.',\n            actions: { type: 'mail', params: ({ context }) => kill(context, 'stopped') },`,
    replace: `description: 'Its session was begun when the Overseer stopped it: ended all the same.',\n            actions: assign({}),`,
  },
  {
    name: 'one whose session ends late is not told to go on',
    file: 'machines/keeper.ts',
    find: `actions: { type: 'mail', params: ({ event }) => ({ to: event.from, type: 'work.resumed', body: {} }) },`,
    replace: `actions: assign({}),`,
  },
  {
    name: 'what could not be taken down is not tried again',
    file: 'machines/keeper.ts',
    find: `          target: 'pinning',\n          description: 'The Overseer says that it is to be tried once more.',`,
    replace: `          description: 'The Overseer says that it is to be tried once more.',`,
  },
  {
    name: 'what could be taken down after all stays an escalation',
    file: 'machines/keeper.ts',
    find: `params: ({ context }) => cleared(causes.remains(context.rig, context.polecat)) },`,
    replace: `params: [] },`,
  },
  // A polecat
  {
    name: 'what an agent heard before it was ended is said to it again',
    file: 'machines/hearing.ts',
    find: `const context = { ...before, ...looked(before, output) }
  const why`,
    replace: `const context = before
  const why`,
  },
  {
    name: 'what an agent’s program had, and its model not, is forgotten when it dies',
    file: 'machines/said.ts',
    find: `one.state === 'taken' ? { ...one, state: 'queued' as const } : one`,
    replace: `one.state === 'taken' ? { ...one, state: 'expired' as const } : one`,
  },
  {
    name: 'an agent that waits is never spoken to',
    file: 'machines/hearing.ts',
    find: `pause: null, isIdle: true }, mail: [mail] }`,
    replace: `pause: null, isIdle: true } }`,
  },
  {
    name: 'an agent is reminded for ever',
    file: 'machines/worker.ts',
    find: `(context.reminded ?? 0) < (context.remindersMax ?? 3)`,
    replace: `(context.reminded ?? 0) >= 0`,
  },
  {
    name: 'a refused key costs a try',
    file: 'machines/worker.ts',
    find: `['stopped', 'refused'].includes`,
    replace: `['stopped'].includes`,
  },
  {
    name: 'a used-up allowance costs a try',
    file: 'machines/hearing.ts',
    find: `return { to: 'paused', changes: { limits: limits + 1, pause: waits }, mail: [mail] }`,
    replace: `return { to: 'killing', changes: { killReason: 'failed', trouble: why }, mail: [mail] }`,
  },
  {
    name: 'a new conversation costs a try',
    file: 'machines/worker.ts',
    find: `      starts: ({ context }) => Math.max(0, context.starts - 1),\n`,
    replace: '',
  },
  {
    name: 'what tmux’s server takes along costs a try',
    file: 'machines/worker.ts',
    find: `({ starts: Math.max(0, starts - 1), spared: spared + 1 })`,
    replace: `({ starts, spared: spared + 1 })`,
  },
  {
    name: 'to be stopped costs a try',
    file: 'machines/polecat.ts',
    find: `assign({ starts: ({ context }) => Math.max(0, context.starts - 1) }),`,
    replace: `assign({}),`,
  },
  {
    name: 'a refused key ends the conversation',
    file: 'machines/hearing.ts',
    find: `  failed: 'it could not go on',\n`,
    replace: `  failed: 'it could not go on',\n  refused: 'it had no key',\n`,
  },
  {
    name: 'new conversations are begun for ever',
    file: 'machines/worker.ts',
    find: `(context.cycles ?? 0) < (context.cyclesMax ?? 10)`,
    replace: `(context.cycles ?? 0) >= 0`,
  },
  {
    name: 'what state.json asks for is not done where a turn is over',
    file: 'machines/hearing.ts',
    find: `if (asksToCycle) return { to: 'killing'`,
    replace: `if (asksToCycle && end === 'interrupted') return { to: 'killing'`,
  },
  {
    name: 'whose context was made shorter is not told again',
    file: 'machines/hearing.ts',
    find: `if (!output.isCompacted || rest.to`,
    replace: `if (output.isCompacted || rest.to`,
  },
  {
    name: 'a conversation that is full is resumed',
    file: 'machines/hearing.ts',
    find: `  overlong: 'its context was full',\n`,
    replace: '',
  },
  {
    name: 'a conversation begins anew after a crash',
    file: 'machines/hearing.ts',
    find: `...(incarnation === context.incarnation ?`,
    replace: `...(incarnation < 0 ?`,
  },
  {
    name: 'a start too many',
    file: 'machines/worker.ts',
    find: `context.starts < context.startsMax`,
    replace: `context.starts <= context.startsMax`,
  },
  {
    name: 'a polecat rests before the Refinery has its work',
    file: 'machines/polecat.ts',
    find: `guard: 'somethingPinned',\n                target: 'queueing',`,
    replace: `guard: 'somethingPinned',\n                target: '#polecat.pending_shutdown',`,
  },
  {
    name: 'silence during a handoff is forgotten',
    file: 'machines/incarnation.ts',
    find: `(context.silent ? says.isStuck({ context }) : [])`,
    replace: `(context.silent?.ms === -1 ? says.isStuck({ context }) : [])`,
  },
  {
    name: 'a session starts where its worktree was',
    file: 'machines/polecat.ts',
    find: `after: { startBackoff: 'preparing' }`,
    replace: `after: { startBackoff: 'starting' }`,
  },
  {
    name: 'a session begins though the setup failed',
    file: 'machines/polecat.ts',
    find: `{ guard: { type: 'answered', params: 'ready' }, target: 'starting' },`,
    replace: `{ guard: { type: 'answered', params: 'failed' }, target: 'starting' },`,
  },
  {
    name: 'only the last who asks for a handoff is answered',
    file: 'machines/worker.ts',
    find: `{ askIds: [...context.askIds, event.mailId] }`,
    replace: `{ askIds: [event.mailId] }`,
  },
  {
    name: 'a stopped worker whose session ends otherwise starts the next',
    file: 'machines/worker.ts',
    find: `context.paused || ['stopped', 'refused']`,
    replace: `['stopped', 'refused']`,
  },
  {
    name: 'what a worker closed itself is not looked at for work',
    file: 'machines/polecat.ts',
    find: `            guard: 'closedByItself',\n            target: 'wrapping_up',`,
    replace: `            guard: 'closedByItself',\n            target: 'pending_shutdown',`,
  },
  {
    name: 'nobody asks a worker’s issue why it went',
    file: 'machines/worker.ts',
    find: `context.lastEnd?.cause === 'gone' && !context.asked`,
    replace: `context.lastEnd?.cause === 'none' && !context.asked`,
  },
  {
    name: 'nothing to change is believed of a worker with commits',
    file: 'machines/worker.ts',
    find: `context.outcome === 'no_change' && inTheWay(context, event) === undefined,`,
    replace: `context.outcome === 'no_change',`,
  },
  {
    name: 'uncommitted files do not matter',
    file: 'machines/handoff.ts',
    find: `if (found.dirty.length > 0) {`,
    replace: `if (found.dirty.length > 1000) {`,
  },
  {
    name: 'why work came back is forgotten',
    file: 'machines/polecat.ts',
    find: `            returned: event.returned,\n`,
    replace: '',
  },
]
