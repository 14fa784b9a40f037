// The words of `gt`, each with the file that is loaded only when it is said.
// Never: imports one. A new command is one new file, and its line here; a test names a file that has none.
import type { Command } from './command.ts'

export const words: Record<string, () => Promise<{ default: Command }>> = {
  install: () => import('./commands/install.ts'),
  'rig add': () => import('./commands/rig-add.ts'),
  rigs: () => import('./commands/rigs.ts'),
  up: () => import('./commands/up.ts'),
  down: () => import('./commands/down.ts'),
  status: () => import('./commands/status.ts'),
  spawn: () => import('./commands/spawn.ts'),
  wait: () => import('./commands/wait.ts'),
  polecats: () => import('./commands/polecats.ts'),
  handoff: () => import('./commands/handoff.ts'),
  'merge-queue add': () => import('./commands/merge-queue-add.ts'),
  'merge-queue list': () => import('./commands/merge-queue-list.ts'),
  'refinery process': () => import('./commands/refinery-process.ts'),
  'session list': () => import('./commands/session-list.ts'),
  'session attach': () => import('./commands/session-attach.ts'),
  'session logs': () => import('./commands/session-logs.ts'),
  'session stop': () => import('./commands/session-stop.ts'),
  stop: () => import('./commands/stop.ts'),
  recover: () => import('./commands/recover.ts'),
  'mail send': () => import('./commands/mail-send.ts'),
  'mail inbox': () => import('./commands/mail-inbox.ts'),
  'mail read': () => import('./commands/mail-read.ts'),
  send: () => import('./commands/mail-send.ts'),
  inbox: () => import('./commands/mail-inbox.ts'),
  log: () => import('./commands/log.ts'),
  replay: () => import('./commands/replay.ts'),
  completion: () => import('./commands/completion.ts'),
  version: () => import('./commands/version.ts'),
}
