// The words of `gt`, each with the file that is loaded only when it is said.
// Never: edited; generated from words/ by `npm run reference`.
import type { Word } from './word.ts'

interface Entry {
  group: Word['group']
  summary: string
  load(): Promise<Word>
}

export const words: Readonly<Record<string, Entry>> = {
  down: {
    group: 'town',
    summary: 'end the town; sessions are stopped, their work is kept',
    load: () => import('./words/down.ts').then(({ word }) => word),
  },
  install: {
    group: 'town',
    summary: 'make a town, or complete the one that is there',
    load: () => import('./words/install.ts').then(({ word }) => word),
  },
  'plugin disable': {
    group: 'town',
    summary: 'let a plugin run no more; its folder stays',
    load: () => import('./words/plugin-disable.ts').then(({ word }) => word),
  },
  'plugin enable': {
    group: 'town',
    summary: 'let a plugin run as it is now; once its folder has changed, not before it is said again',
    load: () => import('./words/plugin-enable.ts').then(({ word }) => word),
  },
  restore: {
    group: 'town',
    summary: 'list the daily copies of the town’s records and of issues, or put one back while the town is down',
    load: () => import('./words/restore.ts').then(({ word }) => word),
  },
  'rig add': {
    group: 'town',
    summary: 'put a repository under the town’s care',
    load: () => import('./words/rig-add.ts').then(({ word }) => word),
  },
  'rig remove': {
    group: 'town',
    summary: 'let go of a rig; its folder, issues and kept work are moved aside, nothing is deleted',
    load: () => import('./words/rig-remove.ts').then(({ word }) => word),
  },
  'rig set': {
    group: 'town',
    summary: 'change settings of a rig',
    load: () => import('./words/rig-set.ts').then(({ word }) => word),
  },
  'rig show': {
    group: 'town',
    summary: 'every setting of a rig, and when a change of it counts',
    load: () => import('./words/rig-show.ts').then(({ word }) => word),
  },
  rigs: {
    group: 'town',
    summary: 'list the rigs',
    load: () => import('./words/rigs.ts').then(({ word }) => word),
  },
  stop: {
    group: 'town',
    summary: 'emergency: end all sessions; nothing starts again until gt up',
    load: () => import('./words/stop.ts').then(({ word }) => word),
  },
  up: {
    group: 'town',
    summary: 'start the town, or let what is stopped or halted go on',
    load: () => import('./words/up.ts').then(({ word }) => word),
  },
  ask: {
    group: 'work',
    summary: 'a polecat asks the Overseer, and waits for the answer',
    load: () => import('./words/ask.ts').then(({ word }) => word),
  },
  handoff: {
    group: 'work',
    summary: 'a polecat is done: hand the work over, or say why there is none, and ask to be shut down',
    load: () => import('./words/handoff.ts').then(({ word }) => word),
  },
  'merge-queue add': {
    group: 'work',
    summary: 'hand a polecat’s committed work to the Refinery',
    load: () => import('./words/merge-queue-add.ts').then(({ word }) => word),
  },
  'merge-queue remove': {
    group: 'work',
    summary: 'take an issue’s work out of the queue; it is kept (gt recover)',
    load: () => import('./words/merge-queue-remove.ts').then(({ word }) => word),
  },
  prime: {
    group: 'work',
    summary: 'who you are here, what you are to do, and what is next',
    load: () => import('./words/prime.ts').then(({ word }) => word),
  },
  recover: {
    group: 'work',
    summary: 'list and bring back work that was kept',
    load: () => import('./words/recover.ts').then(({ word }) => word),
  },
  'refinery process': {
    group: 'work',
    summary: 'have the Refinery process its queue now, what was set aside included',
    load: () => import('./words/refinery-process.ts').then(({ word }) => word),
  },
  spawn: {
    group: 'work',
    summary: 'give an epic or an issue to workers',
    load: () => import('./words/spawn.ts').then(({ word }) => word),
  },
  wait: {
    group: 'work',
    summary: 'wait until an epic or issue has landed, or needs you',
    load: () => import('./words/wait.ts').then(({ word }) => word),
  },
  costs: {
    group: 'look',
    summary: 'what agents have used, in tokens and money',
    load: () => import('./words/costs.ts').then(({ word }) => word),
  },
  log: {
    group: 'look',
    summary: 'what happened, in the town’s own words',
    load: () => import('./words/log.ts').then(({ word }) => word),
  },
  'merge-queue list': {
    group: 'look',
    summary: 'what waits to land',
    load: () => import('./words/merge-queue-list.ts').then(({ word }) => word),
  },
  'plugin status': {
    group: 'look',
    summary: 'what is in a plugin’s folder, and whether it runs',
    load: () => import('./words/plugin-status.ts').then(({ word }) => word),
  },
  plugins: {
    group: 'look',
    summary: 'list the plugins, and whether they run',
    load: () => import('./words/plugins.ts').then(({ word }) => word),
  },
  polecats: {
    group: 'look',
    summary: 'list the polecats of a rig',
    load: () => import('./words/polecats.ts').then(({ word }) => word),
  },
  replay: {
    group: 'look',
    summary: 'play the journal again through the machines, and show that every role is what its mail made it',
    load: () => import('./words/replay.ts').then(({ word }) => word),
  },
  status: {
    group: 'look',
    summary: 'polecats, queue, landings, escalations',
    load: () => import('./words/status.ts').then(({ word }) => word),
  },
  why: {
    group: 'look',
    summary: 'why something is as it is: who said what because of what, back to what came from outside',
    load: () => import('./words/why.ts').then(({ word }) => word),
  },
  'account add': {
    group: 'sessions',
    summary: 'give an agent’s preset one more account, or another key for one it has',
    load: () => import('./words/account-add.ts').then(({ word }) => word),
  },
  'account list': {
    group: 'sessions',
    summary: 'the accounts of agents, and which of them are used up or refused',
    load: () => import('./words/account-list.ts').then(({ word }) => word),
  },
  accounts: {
    group: 'sessions',
    summary: 'gt account list',
    load: () => import('./words/account-list.ts').then(({ word }) => word),
  },
  'account release': {
    group: 'sessions',
    summary: 'try an account again that is used up, or was refused',
    load: () => import('./words/account-release.ts').then(({ word }) => word),
  },
  'account remove': {
    group: 'sessions',
    summary: 'do without an account from now on',
    load: () => import('./words/account-remove.ts').then(({ word }) => word),
  },
  agents: {
    group: 'sessions',
    summary: 'the kinds of agents, and which of them are here',
    load: () => import('./words/agents.ts').then(({ word }) => word),
  },
  'agents try': {
    group: 'sessions',
    summary: 'have an agent do one real turn, and say what came of it',
    load: () => import('./words/agents-try.ts').then(({ word }) => word),
  },
  capture: {
    group: 'sessions',
    summary: 'run a command in a polecat’s worktree, with its session’s environment',
    load: () => import('./words/capture.ts').then(({ word }) => word),
  },
  cycle: {
    group: 'sessions',
    summary: 'have a polecat’s agent note where it is, and begin a new conversation with that',
    load: () => import('./words/cycle.ts').then(({ word }) => word),
  },
  inject: {
    group: 'sessions',
    summary: 'say something to a polecat’s agent, in the middle of its work',
    load: () => import('./words/inject.ts').then(({ word }) => word),
  },
  'session attach': {
    group: 'sessions',
    summary: 'join a session, or watch it; or take its conversation over',
    load: () => import('./words/session-attach.ts').then(({ word }) => word),
  },
  'session list': {
    group: 'sessions',
    summary: 'list the live sessions',
    load: () => import('./words/session-list.ts').then(({ word }) => word),
  },
  'session logs': {
    group: 'sessions',
    summary: 'print what a polecat’s session did: the one that is on, or its last one',
    load: () => import('./words/session-logs.ts').then(({ word }) => word),
  },
  'session peek': {
    group: 'sessions',
    summary: 'what a polecat does now: its turn, its tools, its last words',
    load: () => import('./words/session-peek.ts').then(({ word }) => word),
  },
  'session resume': {
    group: 'sessions',
    summary: 'let one polecat that was stopped go on',
    load: () => import('./words/session-resume.ts').then(({ word }) => word),
  },
  'session stop': {
    group: 'sessions',
    summary: 'stop one polecat’s session; its work is kept',
    load: () => import('./words/session-stop.ts').then(({ word }) => word),
  },
  'mail ack': {
    group: 'mail',
    summary: 'say that mails are read and dealt with; their senders see it',
    load: () => import('./words/mail-ack.ts').then(({ word }) => word),
  },
  'mail archive': {
    group: 'mail',
    summary: 'put read mail away, into daemon/mail: these, or all of yours that is older',
    load: () => import('./words/mail-archive.ts').then(({ word }) => word),
  },
  'mail dead': {
    group: 'mail',
    summary: 'mail that could not be delivered, and why',
    load: () => import('./words/mail-dead.ts').then(({ word }) => word),
  },
  'mail inbox': {
    group: 'mail',
    summary: 'unread mail: yours, or of the address given',
    load: () => import('./words/mail-inbox.ts').then(({ word }) => word),
  },
  inbox: {
    group: 'mail',
    summary: 'gt mail inbox',
    load: () => import('./words/mail-inbox.ts').then(({ word }) => word),
  },
  'mail read': {
    group: 'mail',
    summary: 'read mails; each is out of its inbox when its reader reads it',
    load: () => import('./words/mail-read.ts').then(({ word }) => word),
  },
  'mail redeliver': {
    group: 'mail',
    summary: 'try an undeliverable mail again',
    load: () => import('./words/mail-redeliver.ts').then(({ word }) => word),
  },
  'mail reply': {
    group: 'mail',
    summary: 'answer a mail; it is dealt with by that',
    load: () => import('./words/mail-reply.ts').then(({ word }) => word),
  },
  reply: {
    group: 'mail',
    summary: 'gt mail reply',
    load: () => import('./words/mail-reply.ts').then(({ word }) => word),
  },
  'mail search': {
    group: 'mail',
    summary: 'find mail of the whole town by a text in it, read or not, the newest first',
    load: () => import('./words/mail-search.ts').then(({ word }) => word),
  },
  'mail send': {
    group: 'mail',
    summary: 'send mail to addresses of a town that is up',
    load: () => import('./words/mail-send.ts').then(({ word }) => word),
  },
  send: {
    group: 'mail',
    summary: 'gt mail send',
    load: () => import('./words/mail-send.ts').then(({ word }) => word),
  },
  'mail sent': {
    group: 'mail',
    summary: 'what you sent and how far it has come: delivered, shown, read, acked or expired; the newest first',
    load: () => import('./words/mail-sent.ts').then(({ word }) => word),
  },
  'mail thread': {
    group: 'mail',
    summary: 'a mail, what it answers and what answers it, in the order in which they were sent',
    load: () => import('./words/mail-thread.ts').then(({ word }) => word),
  },
  sim: {
    group: 'machines',
    summary: 'play simulated towns with crashes, your plugin among them',
    load: () => import('./words/sim.ts').then(({ word }) => word),
  },
  viz: {
    group: 'machines',
    summary: 'draw the lifecycles, or watch them live in a browser',
    load: () => import('./words/viz.ts').then(({ word }) => word),
  },
  completion: {
    group: 'other',
    summary: 'print a completion script for your shell',
    load: () => import('./words/completion.ts').then(({ word }) => word),
  },
  version: {
    group: 'other',
    summary: 'print the version',
    load: () => import('./words/version.ts').then(({ word }) => word),
  },
}
