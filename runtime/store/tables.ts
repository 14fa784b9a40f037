// The tables of a host, each behind questions with names. With the rest of this folder, the only place that says SQL:
// another store takes the same questions.
// Never: decides anything.
import type { Store } from '../contract.ts'
import { actorTable } from './actors.ts'
import { effectTable } from './effects.ts'
import { journalTable } from './journal.ts'
import { holdTable, leaseTable } from './lease.ts'
import { mailTable } from './mail.ts'
import { replyTable } from './replies.ts'
import { slotTable } from './slots.ts'
import { timerTable } from './timers.ts'

export type Tables = ReturnType<typeof tablesOf>

export function tablesOf(store: Store) {
  return {
    lease: leaseTable(store),
    holds: holdTable(store),
    mail: mailTable(store),
    actors: actorTable(store),
    timers: timerTable(store),
    effects: effectTable(store),
    slots: slotTable(store),
    replies: replyTable(store),
    journal: journalTable(store),
  }
}
