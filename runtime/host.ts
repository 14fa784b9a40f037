// The host: plays turns one mail at a time and commits each whole, behind the lease on its store.
// Never: waits, or looks at a clock but the one handed in; a driver or a simulation moves it.
import { continued } from './clock.ts'
import type { Host, HostOptions, Role, Trouble } from './contract.ts'
import { LeaseLost, Refusal, StoreUnusable, wordsOf } from './errors.ts'
import { makeMailbox } from './mailbox.ts'
import { makeOutbox } from './outbox.ts'
import { plan } from './plan.ts'
import { makeResidents } from './residents.ts'
import { makeSlots } from './slots.ts'
import { readActors } from './store/actors.ts'
import { forget } from './store/forget.ts'
import { readJournal, shownAt } from './store/journal.ts'
import type { KeptMail } from './store/mail.ts'
import { type Tables, tablesOf } from './store/tables.ts'
import { type Rooms, type Told, writeTurn } from './write.ts'

/**
 * Takes the lease on the store and opens what a former host left. Throws a Refusal while another holder may be alive.
 */
export function openHost(given: HostOptions): Host {
  const { store } = given
  const tables = tablesOf(store)
  const clock = continued(given.clock, tables.journal.lastMoments())
  const options = { ...given, clock }
  const outbox = makeOutbox(options, tables)
  const mailbox = makeMailbox(options, tables, outbox)
  const slots = makeSlots(options, tables)
  const rooms: Rooms = {
    options,
    tables,
    mailbox,
    outbox,
    slots,
    residents: makeResidents(options.residentMax ?? 2000),
  }
  const epoch = store.transaction(() => {
    const taken = takeLease(options, tables)
    tables.effects.reopen()
    return taken
  })
  const listeners = makeListeners()
  /** When mail, and when effects, were last looked for. */
  let ranAt = 0
  let tookAt = 0

  /** What listeners are to hear of the transaction that is open; undefined between two. */
  let open: Told | undefined

  /**
   * One transaction behind the lease, or a part of the one that is open; listeners hear of it after the commit, and of
   * nothing when it is rolled back.
   */
  function committed<T>(work: (told: Told) => T): T {
    if (open) return work(open)
    const told: Told = { entries: [], replies: [], cancelled: [] }
    open = told
    let result: T
    try {
      result = store.transaction(() => {
        const lease = tables.lease.read()
        if (lease?.holder !== options.holder || lease.epoch !== epoch)
          throw new LeaseLost('another host has taken this store over; this one stops')
        return work(told)
      })
    } finally {
      open = undefined
    }
    listeners.tell(told)
    return result
  }

  return {
    together: (work) => committed(work),
    post: (draft) => committed(() => mailbox.post(draft)),
    run(turnsMax) {
      ranAt = clock.watched()
      if (!tables.mail.isReady(ranAt)) return 0
      return committed((told) => {
        let handled = 0
        for (; handled < turnsMax; handled++) {
          const mail = tables.mail.next(clock.watched())
          if (!mail) break
          playOrFail(rooms, mail, told)
        }
        return handled
      })
    },
    fireTimers() {
      const due = tables.timers.due(clock.watched())
      if (due.length === 0) return 0
      return committed(() => {
        for (const { address, id, event } of due) {
          const { type, ...body } = event
          tables.timers.disarm(address, id)
          mailbox.insert(
            { from: address, to: address, type: String(type), body },
            { timerId: id, firedAt: clock.watched() },
          )
        }
        return due.length
      })
    },
    nextDueAt() {
      const times = [tables.timers.nextDueAt(), tables.mail.nextDueAt(ranAt), tables.effects.nextDueAt(tookAt)]
      const known = times.filter((at) => at !== null)
      return known.length === 0 ? null : Math.min(...known) - clock.behindMs
    },
    takeEffects(max) {
      tookAt = clock.watched()
      return tables.effects.isAnyPending() ? committed(() => outbox.take(max)) : []
    },
    settle(key, outcome) {
      committed(() => {
        const { mail, trouble } = outbox.settle(key, outcome)
        if (mail) mailbox.insert({ id: `effect:${key}`, from: mail.to, ...mail }, { effectKey: key })
        if (trouble) alert(rooms, trouble)
      })
    },
    onCancelled: listeners.onCancelled,
    onCommit: listeners.onCommit,
    hold: (scope) => void committed(() => tables.holds.add(scope)),
    release: (scope) => void committed(() => tables.holds.remove(scope)),
    holds: tables.holds.all,
    actor: tables.actors.state,
    actors: (prefix, role) => readActors(store, prefix, role),
    forget(prefix) {
      committed((told) => {
        told.cancelled.push(...forget(store, prefix, clock.now()))
        rooms.residents.forget(prefix)
      })
    },
    resume(address) {
      committed(() => {
        if (tables.actors.goOn(address)) alert(rooms, { kind: 'resumed', address })
      })
    },
    reply: tables.replies.of,
    mail: tables.mail.find,
    journal: (query) => readJournal(store, query),
    deadLetters: tables.mail.deadLetters,
    redeliver: (mailId) => committed(() => mailbox.redeliver(mailId)),
    slots: slots.holders,
    depth: () => ({
      mail: tables.mail.waiting(),
      effectsPending: tables.effects.pending(),
      effectsStarted: tables.effects.started(),
      timers: tables.timers.count(),
    }),
    prune(olderThan) {
      committed(() => {
        for (const table of [tables.journal, tables.mail, tables.replies]) table.prune(olderThan)
      })
    },
    watched: clock.watched,
    shownAt: (watchedAt) => shownAt(store, watchedAt),
    clockMoved(withinMs) {
      const since = tables.journal.moments(clock.watched() - withinMs)
      return since === undefined ? null : clock.now() - since.at - (clock.watched() - since.watchedAt)
    },
    close: () => store.close(),
  }
}

/** The number of this tenure: one more than the last. */
function takeLease({ holder, holderGone }: HostOptions, { lease }: Tables): number {
  const last = lease.read()
  if (last && last.holder !== holder && !holderGone(last.holder))
    throw new Refusal(`another host (${last.holder}) holds this store`)
  const epoch = (last?.epoch ?? 0) + 1
  lease.write(holder, epoch)
  return epoch
}

/** Plays one mail inside a savepoint of its own: a turn that fails leaves nothing of itself, and others are kept. */
function playOrFail(rooms: Rooms, mail: KeptMail, told: Told): void {
  const role = rooms.mailbox.roleOf(mail.to)
  try {
    if (!role) throw new Error(`nobody is at ${mail.to}`)
    const { entries, replies, cancelled } = rooms.options.store.transaction(() => playMail(rooms, role, mail))
    told.entries.push(...entries)
    told.replies.push(...replies)
    told.cancelled.push(...cancelled)
  } catch (error) {
    // Neither is the actor's fault: nothing of it is counted against the mail.
    if (error instanceof LeaseLost || error instanceof StoreUnusable) throw error
    failed(rooms, role, mail, wordsOf(error))
  }
}

function playMail(rooms: Rooms, role: Role, mail: KeptMail): Told {
  const actor = rooms.tables.actors.find(mail.to)
  const life = actor && {
    incarnation: actor.incarnation,
    revision: actor.revision,
    status: actor.status,
    snapshot: () => rooms.residents.snapshotOf(actor, role),
  }
  // One moment a turn: what the machine is told, what the journal says and what its timers count from are the same.
  return writeTurn(rooms, role, mail, plan(rooms.options, role, life, mail, rooms.options.clock.watched()))
}

/** A turn that failed is tried again later; in the end its mail is a dead letter, and that is a crash of the actor. */
function failed({ options, tables, ...rooms }: Rooms, role: Role | undefined, mail: KeptMail, error: string): void {
  const now = options.clock.watched()
  const attempt = mail.attempt + 1
  if (role && attempt < (options.attemptsMax ?? 3))
    return void tables.mail.backOff(mail.id, attempt, now + 100 * 4 ** attempt, error)
  tables.mail.dead(mail.id, error, options.clock.now())
  const actor = role && tables.actors.find(mail.to)
  if (!role || !actor) return
  const crashes = [...actor.crashes, now].filter((at) => at > now - role.intensity.periodMs)
  const halts = crashes.length > role.intensity.crashesMax
  tables.actors.crashed(mail.to, crashes, halts ? 'halted' : actor.status, options.clock.now())
  if (halts && actor.status !== 'halted')
    alert({ options, tables, ...rooms }, { kind: 'halted', address: mail.to, error })
}

/** Says what the kernel itself has to say of its trouble. */
function alert({ options, mailbox }: Rooms, trouble: Trouble): void {
  const draft = options.alert?.(trouble)
  if (draft) mailbox.send({ ...draft, body: options.parseMail(draft.type, draft.body) })
}

type OnCommit = Parameters<Host['onCommit']>[0]
type OnCancelled = Parameters<Host['onCancelled']>[0]

function makeListeners() {
  const ofCommits = new Set<OnCommit>()
  const ofCancellations: OnCancelled[] = []
  return {
    onCommit(listener: OnCommit): () => void {
      ofCommits.add(listener)
      return () => void ofCommits.delete(listener)
    },
    onCancelled: (listener: OnCancelled) => void ofCancellations.push(listener),
    tell({ entries, replies, cancelled }: Told): void {
      if (cancelled.length > 0) for (const listener of ofCancellations) listener(cancelled)
      if (entries.length + replies.length > 0) for (const listener of [...ofCommits]) listener(entries, replies)
    },
  }
}
