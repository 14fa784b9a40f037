// What the daemon answers, by the name of the request: the halves of the words that are its own.
// Never: edited; generated from words/ by `npm run reference`.
import { answers as accountAdd } from './words/account-add.ts'
import { answers as accountList } from './words/account-list.ts'
import { answers as accountRelease } from './words/account-release.ts'
import { answers as accountRemove } from './words/account-remove.ts'
import { answers as ask } from './words/ask.ts'
import { answers as cycle } from './words/cycle.ts'
import { answers as down } from './words/down.ts'
import { answers as handoff } from './words/handoff.ts'
import { answers as inject } from './words/inject.ts'
import { answers as log } from './words/log.ts'
import { answers as mailDead } from './words/mail-dead.ts'
import { answers as mailRedeliver } from './words/mail-redeliver.ts'
import { answers as mailSend } from './words/mail-send.ts'
import { answers as mergeQueueAdd } from './words/merge-queue-add.ts'
import { answers as mergeQueueList } from './words/merge-queue-list.ts'
import { answers as mergeQueueRemove } from './words/merge-queue-remove.ts'
import { answers as pluginDisable } from './words/plugin-disable.ts'
import { answers as pluginEnable } from './words/plugin-enable.ts'
import { answers as polecats } from './words/polecats.ts'
import { answers as refineryProcess } from './words/refinery-process.ts'
import { answers as rigAdd } from './words/rig-add.ts'
import { answers as rigRemove } from './words/rig-remove.ts'
import { answers as rigSet } from './words/rig-set.ts'
import { answers as sessionList } from './words/session-list.ts'
import { answers as sessionResume } from './words/session-resume.ts'
import { answers as sessionStop } from './words/session-stop.ts'
import { answers as spawn } from './words/spawn.ts'
import { answers as status } from './words/status.ts'
import { answers as stop } from './words/stop.ts'
import { answers as up } from './words/up.ts'
import { answers as wait } from './words/wait.ts'

export const answers = {
  ...accountAdd,
  ...accountList,
  ...accountRelease,
  ...accountRemove,
  ...ask,
  ...cycle,
  ...down,
  ...handoff,
  ...inject,
  ...log,
  ...mailDead,
  ...mailRedeliver,
  ...mailSend,
  ...mergeQueueAdd,
  ...mergeQueueList,
  ...mergeQueueRemove,
  ...pluginDisable,
  ...pluginEnable,
  ...polecats,
  ...refineryProcess,
  ...rigAdd,
  ...rigRemove,
  ...rigSet,
  ...sessionList,
  ...sessionResume,
  ...sessionStop,
  ...spawn,
  ...status,
  ...stop,
  ...up,
  ...wait,
}
