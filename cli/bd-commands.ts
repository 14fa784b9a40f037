// The commands of `bd`, each with the file that is loaded only when it is said.
// Never: edited; generated from bd/ by `npm run reference`.
import type { Command } from './bd-command.ts'

interface Entry {
  summary: string
  usage: string
  /** Another name for one that is listed. */
  isAlias?: true
  /** Nothing to do for it here. */
  isHidden?: true
  load(): Promise<Command>
}

export const commands: Readonly<Record<string, Entry>> = {
  ready: {
    summary: 'what can be worked on now: open, and nothing it waits for is open',
    usage: '[--parent <epic>] [--claim]',
    load: () => import('./bd/ready.ts').then((file) => file.default),
  },
  create: {
    summary: 'file an issue',
    usage: '"Title" [-t <type>] [-p 0-4] [-d "…"] [--parent <id>] [--deps <id>,…]',
    load: () => import('./bd/create.ts').then((file) => file.default),
  },
  new: {
    summary: 'file an issue',
    usage: '"Title" [-t <type>] [-p 0-4] [-d "…"] [--parent <id>] [--deps <id>,…]',
    isAlias: true,
    load: () => import('./bd/create.ts').then((file) => file.default),
  },
  list: {
    summary: 'issues that are not closed',
    usage: '[--status open,in_progress] [--parent <id>] [--all]',
    load: () => import('./bd/list.ts').then((file) => file.default),
  },
  show: {
    summary: 'an issue with all it holds',
    usage: '<id> …',
    load: () => import('./bd/show.ts').then((file) => file.default),
  },
  view: {
    summary: 'an issue with all it holds',
    usage: '<id> …',
    isAlias: true,
    load: () => import('./bd/show.ts').then((file) => file.default),
  },
  update: {
    summary: 'change issues, all of them or none',
    usage: '<id> … [--status …] [--claim] [--notes …] [--priority …]',
    load: () => import('./bd/update.ts').then((file) => file.default),
  },
  close: {
    summary: 'close issues, all of them or none',
    usage: '<id> … [--reason "…"]',
    load: () => import('./bd/close.ts').then((file) => file.default),
  },
  done: {
    summary: 'close issues, all of them or none',
    usage: '<id> … [--reason "…"]',
    isAlias: true,
    load: () => import('./bd/close.ts').then((file) => file.default),
  },
  reopen: {
    summary: 'open closed issues again, all of them or none',
    usage: '<id> … [--reason "…"]',
    load: () => import('./bd/reopen.ts').then((file) => file.default),
  },
  'dep add': {
    summary: 'an issue waits for another',
    usage: '<later> <earlier> [-t <kind>]',
    load: () => import('./bd/dep-add.ts').then((file) => file.default),
  },
  link: {
    summary: 'an issue waits for another',
    usage: '<later> <earlier> [-t <kind>]',
    isAlias: true,
    load: () => import('./bd/dep-add.ts').then((file) => file.default),
  },
  'dep remove': {
    summary: 'an issue does not wait for another any more',
    usage: '<later> <earlier>',
    load: () => import('./bd/dep-remove.ts').then((file) => file.default),
  },
  'dep rm': {
    summary: 'an issue does not wait for another any more',
    usage: '<later> <earlier>',
    isAlias: true,
    load: () => import('./bd/dep-remove.ts').then((file) => file.default),
  },
  assign: {
    summary: 'who has an issue',
    usage: '<id> <name>',
    load: () => import('./bd/assign.ts').then((file) => file.default),
  },
  blocked: {
    summary: 'what waits for something that is not done, with what that is',
    usage: '[--parent <epic>]',
    load: () => import('./bd/blocked.ts').then((file) => file.default),
  },
  children: {
    summary: 'the parts of an issue',
    usage: '<id> [--all]',
    load: () => import('./bd/children.ts').then((file) => file.default),
  },
  comments: {
    summary: 'what was said of an issue',
    usage: '<id>',
    load: () => import('./bd/comments.ts').then((file) => file.default),
  },
  'comments add': {
    summary: 'say something of an issue',
    usage: '<id> "…"',
    load: () => import('./bd/comments-add.ts').then((file) => file.default),
  },
  comment: {
    summary: 'say something of an issue',
    usage: '<id> "…"',
    isAlias: true,
    load: () => import('./bd/comments-add.ts').then((file) => file.default),
  },
  'config get': {
    summary: 'what a setting is',
    usage: '<key>',
    load: () => import('./bd/config-get.ts').then((file) => file.default),
  },
  'config list': {
    summary: 'every setting',
    usage: '',
    load: () => import('./bd/config-list.ts').then((file) => file.default),
  },
  config: {
    summary: 'every setting',
    usage: '',
    isAlias: true,
    load: () => import('./bd/config-list.ts').then((file) => file.default),
  },
  'config set': {
    summary: 'a setting of this store: types.custom, status.custom, validation.on-create, …',
    usage: '<key> <value>',
    load: () => import('./bd/config-set.ts').then((file) => file.default),
  },
  'config unset': {
    summary: 'a setting less',
    usage: '<key>',
    load: () => import('./bd/config-unset.ts').then((file) => file.default),
  },
  count: {
    summary: 'how many issues there are',
    usage: '[--status open] [--by-status]',
    load: () => import('./bd/count.ts').then((file) => file.default),
  },
  daemon: {
    summary: 'there is no daemon, and none is needed',
    usage: '[start|stop|status]',
    isHidden: true,
    load: () => import('./bd/daemon.ts').then((file) => file.default),
  },
  defer: {
    summary: 'not to be begun before a day, or before somebody says so',
    usage: '<id> … [--until <date>]',
    load: () => import('./bd/defer.ts').then((file) => file.default),
  },
  delete: {
    summary: 'take issues out of every list, all of them or none',
    usage: '<id> … --force',
    load: () => import('./bd/delete.ts').then((file) => file.default),
  },
  dep: {
    summary: 'an issue keeps another from starting; see bd dep add, remove, tree, list, cycles, relate',
    usage: '<earlier> --blocks <later>',
    load: () => import('./bd/dep.ts').then((file) => file.default),
  },
  'dep cycles': {
    summary: 'issues that wait for each other in a circle',
    usage: '',
    load: () => import('./bd/dep-cycles.ts').then((file) => file.default),
  },
  'dep list': {
    summary: 'what an issue hangs on, or what hangs on it',
    usage: '<id> [--direction up]',
    load: () => import('./bd/dep-list.ts').then((file) => file.default),
  },
  'dep relate': {
    summary: 'two issues have to do with each other',
    usage: '<id> <id>',
    load: () => import('./bd/dep-relate.ts').then((file) => file.default),
  },
  relate: {
    summary: 'two issues have to do with each other',
    usage: '<id> <id>',
    isAlias: true,
    load: () => import('./bd/dep-relate.ts').then((file) => file.default),
  },
  'dep tree': {
    summary: 'what an issue hangs on, at all levels',
    usage: '<id> [--direction up] [--max-depth <n>]',
    load: () => import('./bd/dep-tree.ts').then((file) => file.default),
  },
  'dep unrelate': {
    summary: 'two issues have nothing to do with each other any more',
    usage: '<id> <id>',
    load: () => import('./bd/dep-unrelate.ts').then((file) => file.default),
  },
  unrelate: {
    summary: 'two issues have nothing to do with each other any more',
    usage: '<id> <id>',
    isAlias: true,
    load: () => import('./bd/dep-unrelate.ts').then((file) => file.default),
  },
  doctor: {
    summary: 'whether this store is as it should be',
    usage: '[--check conventions]',
    load: () => import('./bd/doctor.ts').then((file) => file.default),
  },
  dolt: {
    summary: 'another way to say it: push is bd sync, pull is bd sync --no-push',
    usage: 'push|pull',
    isHidden: true,
    load: () => import('./bd/dolt.ts').then((file) => file.default),
  },
  duplicate: {
    summary: 'an issue is the same as another, which is kept; it is closed',
    usage: '<id> --of <other>',
    load: () => import('./bd/duplicate.ts').then((file) => file.default),
  },
  'epic close-eligible': {
    summary: 'close epics whose parts are all closed',
    usage: '[--dry-run]',
    load: () => import('./bd/epic-close-eligible.ts').then((file) => file.default),
  },
  'epic status': {
    summary: 'how far each epic is',
    usage: '[--eligible-only]',
    load: () => import('./bd/epic-status.ts').then((file) => file.default),
  },
  epic: {
    summary: 'how far each epic is',
    usage: '[--eligible-only]',
    isAlias: true,
    load: () => import('./bd/epic-status.ts').then((file) => file.default),
  },
  export: {
    summary: 'every issue as a JSON line',
    usage: '[-o <file>]',
    load: () => import('./bd/export.ts').then((file) => file.default),
  },
  forget: {
    summary: 'take away what is remembered under a key',
    usage: '<key>',
    load: () => import('./bd/forget.ts').then((file) => file.default),
  },
  formula: {
    summary: 'there are no formulas here',
    usage: 'list',
    isHidden: true,
    load: () => import('./bd/formula.ts').then((file) => file.default),
  },
  graph: {
    summary: 'what is under an issue, in layers that can be done at the same time',
    usage: '<id>',
    load: () => import('./bd/graph.ts').then((file) => file.default),
  },
  heartbeat: {
    summary: 'its holder is at it still',
    usage: '<id> …',
    load: () => import('./bd/heartbeat.ts').then((file) => file.default),
  },
  hb: {
    summary: 'its holder is at it still',
    usage: '<id> …',
    isAlias: true,
    load: () => import('./bd/heartbeat.ts').then((file) => file.default),
  },
  hooks: {
    summary: 'git hooks: none are needed, the database is all there is',
    usage: '[install|uninstall|list]',
    isHidden: true,
    load: () => import('./bd/hooks.ts').then((file) => file.default),
  },
  human: {
    summary: 'a person is to decide; without an id: which those are',
    usage: '[<id> …]',
    load: () => import('./bd/human.ts').then((file) => file.default),
  },
  import: {
    summary: 'take in issues from JSON lines; older news changes nothing',
    usage: '[file]',
    load: () => import('./bd/import.ts').then((file) => file.default),
  },
  info: {
    summary: 'which store this is, and how much is in it',
    usage: '',
    load: () => import('./bd/info.ts').then((file) => file.default),
  },
  init: {
    summary: 'make a store for issues here',
    usage: '--prefix <prefix>',
    load: () => import('./bd/init.ts').then((file) => file.default),
  },
  'label add': {
    summary: 'a label more',
    usage: '<id> … <label>',
    load: () => import('./bd/label-add.ts').then((file) => file.default),
  },
  tag: {
    summary: 'a label more',
    usage: '<id> … <label>',
    isAlias: true,
    load: () => import('./bd/label-add.ts').then((file) => file.default),
  },
  'label list': {
    summary: 'the labels of an issue',
    usage: '<id>',
    load: () => import('./bd/label-list.ts').then((file) => file.default),
  },
  'label list-all': {
    summary: 'every label there is, with how many issues bear it',
    usage: '',
    load: () => import('./bd/label-list-all.ts').then((file) => file.default),
  },
  'label remove': {
    summary: 'a label less',
    usage: '<id> … <label>',
    load: () => import('./bd/label-remove.ts').then((file) => file.default),
  },
  'label rm': {
    summary: 'a label less',
    usage: '<id> … <label>',
    isAlias: true,
    load: () => import('./bd/label-remove.ts').then((file) => file.default),
  },
  untag: {
    summary: 'a label less',
    usage: '<id> … <label>',
    isAlias: true,
    load: () => import('./bd/label-remove.ts').then((file) => file.default),
  },
  lint: {
    summary: 'issues that lack what their type should say',
    usage: '[<id> …]',
    load: () => import('./bd/lint.ts').then((file) => file.default),
  },
  'mail ack': {
    summary: 'messages that are read and done with',
    usage: '<id> …',
    load: () => import('./bd/mail-ack.ts').then((file) => file.default),
  },
  'mail inbox': {
    summary: 'open messages',
    usage: '[--identity <who>]',
    load: () => import('./bd/mail-inbox.ts').then((file) => file.default),
  },
  mail: {
    summary: 'open messages',
    usage: '[--identity <who>]',
    isAlias: true,
    load: () => import('./bd/mail-inbox.ts').then((file) => file.default),
  },
  'mail read': {
    summary: 'a message with its text',
    usage: '<id>',
    load: () => import('./bd/mail-read.ts').then((file) => file.default),
  },
  'mail reply': {
    summary: 'an answer to a message',
    usage: '<id> -m "…"',
    load: () => import('./bd/mail-reply.ts').then((file) => file.default),
  },
  'mail send': {
    summary: 'a message to somebody',
    usage: '<to> -s "subject" [-m "…"]',
    load: () => import('./bd/mail-send.ts').then((file) => file.default),
  },
  memories: {
    summary: 'what is remembered, all or what contains some words',
    usage: '["words"]',
    load: () => import('./bd/memories.ts').then((file) => file.default),
  },
  mol: {
    summary: 'there are no molecules here: an epic with its parts does the same',
    usage: 'pour <name>',
    isHidden: true,
    load: () => import('./bd/mol.ts').then((file) => file.default),
  },
  note: {
    summary: 'a line more to the notes of an issue',
    usage: '<id> "…"',
    load: () => import('./bd/note.ts').then((file) => file.default),
  },
  onboard: {
    summary: 'a snippet for AGENTS.md',
    usage: '',
    load: () => import('./bd/onboard.ts').then((file) => file.default),
  },
  orphans: {
    summary: 'open issues that commits speak of',
    usage: '',
    load: () => import('./bd/orphans.ts').then((file) => file.default),
  },
  preflight: {
    summary: 'what to look at before work is handed over',
    usage: '',
    load: () => import('./bd/preflight.ts').then((file) => file.default),
  },
  prime: {
    summary: 'how issues are worked with, for agents',
    usage: '',
    load: () => import('./bd/prime.ts').then((file) => file.default),
  },
  priority: {
    summary: 'how urgent an issue is',
    usage: '<id> <0-4>',
    load: () => import('./bd/priority.ts').then((file) => file.default),
  },
  q: {
    summary: 'file an issue at once; prints its id',
    usage: '"Title"',
    load: () => import('./bd/q.ts').then((file) => file.default),
  },
  quickstart: {
    summary: 'the first steps',
    usage: '',
    load: () => import('./bd/quickstart.ts').then((file) => file.default),
  },
  recall: {
    summary: 'what is remembered under a key',
    usage: '<key>',
    load: () => import('./bd/recall.ts').then((file) => file.default),
  },
  reclaim: {
    summary: 'open again what nobody was heard of for',
    usage: '[--older-than 10m]',
    load: () => import('./bd/reclaim.ts').then((file) => file.default),
  },
  remember: {
    summary: 'keep something that agents are to know',
    usage: '"words" [--key <key>]',
    load: () => import('./bd/remember.ts').then((file) => file.default),
  },
  'rename-prefix': {
    summary: 'what the ids of all issues begin with',
    usage: '<prefix>-',
    load: () => import('./bd/rename-prefix.ts').then((file) => file.default),
  },
  search: {
    summary: 'issues by what they say, closed ones too',
    usage: '"words" [--status open]',
    load: () => import('./bd/search.ts').then((file) => file.default),
  },
  setup: {
    summary: 'nothing to set up: a session is told by gt prime, anybody else by bd prime',
    usage: '[claude|codex|cursor]',
    isHidden: true,
    load: () => import('./bd/setup.ts').then((file) => file.default),
  },
  stale: {
    summary: 'what is not done and nobody has touched for long',
    usage: '[--days 30]',
    load: () => import('./bd/stale.ts').then((file) => file.default),
  },
  stats: {
    summary: 'how many issues are open, ready, blocked, closed',
    usage: '',
    load: () => import('./bd/stats.ts').then((file) => file.default),
  },
  status: {
    summary: 'how many issues are open, ready, blocked, closed',
    usage: '',
    isAlias: true,
    load: () => import('./bd/stats.ts').then((file) => file.default),
  },
  statuses: {
    summary: 'in which statuses issues can be here',
    usage: '',
    load: () => import('./bd/statuses.ts').then((file) => file.default),
  },
  supersede: {
    summary: 'an issue is replaced by another; it is closed',
    usage: '<id> --with <other>',
    load: () => import('./bd/supersede.ts').then((file) => file.default),
  },
  sync: {
    summary: 'share issues through a branch of their own in git, and take in what others shared',
    usage: '[--no-push] [--dry-run] [-m "…"]',
    load: () => import('./bd/sync.ts').then((file) => file.default),
  },
  types: {
    summary: 'of which types issues can be here',
    usage: '',
    load: () => import('./bd/types.ts').then((file) => file.default),
  },
  unclaim: {
    summary: 'nobody’s any more, and open',
    usage: '<id> …',
    load: () => import('./bd/unclaim.ts').then((file) => file.default),
  },
  undefer: {
    summary: 'may be begun now',
    usage: '<id> …',
    load: () => import('./bd/undefer.ts').then((file) => file.default),
  },
  where: {
    summary: 'where the issues are',
    usage: '',
    load: () => import('./bd/where.ts').then((file) => file.default),
  },
}
