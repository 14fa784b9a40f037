// Writing: carries a turn's plan into the store, inside the caller's transaction.
// Never: decides anything but what the store alone knows: whether a place is free, and whether mail can be delivered.
import type { HostOptions, JournalEntry, Reply, Role } from './contract.ts'
import type { Mailbox } from './mailbox.ts'
import type { Outbox } from './outbox.ts'
import type { Write } from './plan.ts'
import type { Residents } from './residents.ts'
import type { Slots } from './slots.ts'
import type { Tables } from './store/tables.ts'

/** What listeners are to hear once it is committed. */
export interface Told {
  entries: JournalEntry[]
  replies: { to: string; reply: Reply }[]
  /** Keys of effects that nobody waits for any more. */
  cancelled: string[]
}

export interface Rooms {
  options: HostOptions
  tables: Tables
  mailbox: Mailbox
  outbox: Outbox
  slots: Slots
  residents: Residents
}

/** Throws when all places are taken, or the store fails: the caller's transaction is to be rolled back. */
export function writeTurn(rooms: Rooms, role: Role, mail: { id: string; to: string }, writes: readonly Write[]): Told {
  const told: Told = { entries: [], replies: [], cancelled: [] }
  for (const write of writes) writeOne(rooms, role, mail, write, told)
  return told
}

function writeOne(rooms: Rooms, role: Role, mail: { id: string; to: string }, write: Write, told: Told): void {
  const { tables, mailbox, outbox, slots } = rooms
  const { clock } = rooms.options
  const address = mail.to
  switch (write.kind) {
    case 'handled':
      tables.mail.handled(mail.id, write.as, clock.now())
      break
    case 'undelivered':
      tables.mail.dead(mail.id, write.reason, clock.now())
      break
    case 'begin':
      tables.timers.disarmAll(address)
      break
    case 'actor': {
      const { kind: _, snapshot, text, ...actor } = write
      const { name, version } = role
      tables.actors.put({ ...actor, address, role: name, version, snapshot: text, at: clock.now() })
      rooms.residents.keep(address, { ...actor, snapshot })
      break
    }
    case 'mail':
      mailbox.send({ from: address, to: write.to, type: write.type, body: write.body, causeId: mail.id })
      break
    case 'reply':
      {
        const reply = { ...write.reply, at: clock.now() }
        tables.replies.put(write.to, reply)
        told.replies.push({ to: write.to, reply })
      }
      break
    case 'claimSlot':
      slots.claim(write.pool, write.holder)
      break
    case 'freeSlot':
      slots.free(write.pool, write.holder)
      break
    case 'acceptCapacity':
      slots.accept(write.pool, write.places)
      break
    case 'effect':
      outbox.keep(address, write)
      break
    case 'cancelEffect':
      told.cancelled.push(...outbox.cancel(address, write.invokeId))
      break
    case 'timer':
      tables.timers.arm({ address, id: write.id, dueAt: write.dueAt, event: write.event })
      break
    case 'cancelTimer':
      tables.timers.disarm(address, write.id)
      tables.mail.dropFiring(address, write.id, clock.now())
      break
    case 'journal':
      told.entries.push(tables.journal.add({ ...write.entry, at: clock.now() }, write.input, write.version))
  }
}
