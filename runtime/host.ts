// The host: plays turns one mail at a time and commits each whole, behind the lease on its store.
// Never: waits, or looks at a clock but the one handed in; a driver or a simulation moves it.
import type { AnyMachineSnapshot } from 'xstate'
import { type ActorRow, readActors, stateOf } from './actors.ts'
import type { Host, HostOptions, JournalEntry, Json, JsonObject, Reply, Role, Trouble } from './contract.ts'
import { LeaseLost, Refusal, StoreUnusable, wordsOf } from './errors.ts'
import { readJournal } from './journal.ts'
import { envelopeOf, type MailRow, makeMailbox } from './mailbox.ts'
import { isOpen, makeOutbox } from './outbox.ts'
import { forget } from './store/forget.ts'
import { begin, type Promised, persist, play, restore, statePath, type Turn } from './turn.ts'

interface Commit {
  entries: JournalEntry[]
  replies: { to: string; reply: Reply }[]
  cancelled: string[]
}

/**
 * Takes the lease on the store and opens what a former host left. Throws a Refusal while another holder may be alive.
 */
export function openHost(options: HostOptions): Host {
  const { store, clock } = options
  const attemptsMax = options.attemptsMax ?? 3
  const residentMax = options.residentMax ?? 2000
  const outbox = makeOutbox(options)
  const mailbox = makeMailbox(options, (envelope) => {
    options.project?.(envelope).forEach((effect, index) => {
      outbox.promise(`mail:${envelope.id}:${index}`, envelope.to, null, effect.name, effect.input)
    })
  })
  /**
   * Live snapshots, least recently used first. One of a revision that was rolled back is not that of its row, and is
   * read back from the store.
   */
  const resident = new Map<string, { revision: number; incarnation: number; snapshot: AnyMachineSnapshot }>()
  const cancelListeners: ((keys: readonly string[]) => void)[] = []
  const commitListeners = new Set<
    (entries: readonly JournalEntry[], replies: readonly { to: string; reply: Reply }[]) => void
  >()
  const epoch = takeLease()
  let ranAt = 0
  let tookAt = 0
  let pending: Commit = { entries: [], replies: [], cancelled: [] }

  function takeLease(): number {
    return store.transaction(() => {
      const lease = store.get<{ holder: string; epoch: number }>("SELECT holder, epoch FROM lease WHERE name = 'host'")
      if (lease && lease.holder !== options.holder && !options.holderGone(lease.holder))
        throw new Refusal(`another host (${lease.holder}) holds this store`)
      const next = (lease?.epoch ?? 0) + 1
      store.run(
        "INSERT INTO lease (name, holder, epoch) VALUES ('host', ?, ?) ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = excluded.epoch",
        options.holder,
        next,
      )
      outbox.reopen()
      return next
    })
  }

  /** One transaction behind the lease; listeners hear of it after the commit, and of nothing when it is rolled back. */
  function committed<T>(work: () => T): T {
    pending = { entries: [], replies: [], cancelled: [] }
    const result = store.transaction(() => {
      const lease = store.get<{ holder: string; epoch: number }>("SELECT holder, epoch FROM lease WHERE name = 'host'")
      if (lease?.holder !== options.holder || lease.epoch !== epoch)
        throw new LeaseLost('another host has taken this store over; this one stops')
      return work()
    })
    const { entries, replies, cancelled } = pending
    if (cancelled.length > 0) for (const listener of cancelListeners) listener(cancelled)
    if (entries.length + replies.length > 0) for (const listener of [...commitListeners]) listener(entries, replies)
    return result
  }

  const rowOf = (address: string) => store.get<ActorRow>('SELECT * FROM actor WHERE address = ?', address)

  function snapshotOf(row: ActorRow, role: Role): AnyMachineSnapshot {
    const live = resident.get(row.address)
    if (live && live.revision === row.revision && live.incarnation === row.incarnation) return live.snapshot
    let persisted = JSON.parse(row.snapshot) as JsonObject
    if (row.version < role.version) persisted = role.migrate?.(persisted, row.version) ?? persisted
    return restore(role.machine, persisted)
  }

  function remember(address: string, incarnation: number, revision: number, snapshot: AnyMachineSnapshot): void {
    resident.delete(address)
    resident.set(address, { incarnation, revision, snapshot })
    if (resident.size > residentMax) resident.delete(resident.keys().next().value as string)
  }

  /** Plays one mail: everything it leads to is written inside the caller's transaction. */
  function playMail(mail: MailRow, role: Role): void {
    // One moment a turn: what the machine is told and what the journal says are the same.
    const at = clock.now()
    const row = rowOf(mail.to_address)
    const asleep = !row || row.status === 'done' || row.status === 'ended'
    const internal = mail.type.startsWith('xstate.') || mail.timer_id !== null
    if (asleep) {
      if (internal || (role.ignores.includes(mail.type) && !(role.begins ?? role.accepts).includes(mail.type)))
        return void mailbox.done(mail.id, internal ? 'stale' : 'done')
      if (row?.status === 'ended') return void mailbox.dead(mail.id, `${mail.to_address} has ended`)
      if (!(role.begins ?? [...role.accepts, ...role.ignores]).includes(mail.type))
        return void mailbox.dead(mail.id, `${mail.to_address} is not there; ${mail.type} does not begin it`)
    }
    const incarnation = asleep ? (row?.incarnation ?? 0) + 1 : row.incarnation
    const input = asleep ? role.input(mail.to_address, incarnation) : null
    const opening: Turn | undefined = input ? begin(role.machine, input) : undefined
    const before = opening?.snapshot ?? snapshotOf(row as ActorRow, role)
    const event = {
      ...(JSON.parse(mail.body) as JsonObject),
      type: mail.type,
      from: mail.from_address,
      at,
      mailId: mail.id,
    }
    const turn =
      before.status === 'active'
        ? play(role.machine, before, event)
        : { snapshot: before, promises: [], handled: false }
    if (!turn.handled && !opening) {
      if (internal) return void mailbox.done(mail.id, 'stale')
      if (role.ignores.includes(mail.type)) return void mailbox.done(mail.id, 'done')
      return void mailbox.dead(
        mail.id,
        `nothing in state ${statePath(before.value)} of ${mail.to_address} understands ${mail.type}`,
      )
    }
    if (!turn.handled && !internal && !role.ignores.includes(mail.type))
      mailbox.dead(
        mail.id,
        `nothing in state ${statePath(before.value)} of ${mail.to_address} understands ${mail.type}`,
      )
    else mailbox.done(mail.id, 'done')

    const revision = asleep ? 1 : (row as ActorRow).revision + 1
    const status = turn.snapshot.status === 'active' ? 'active' : 'done'
    if (asleep) store.run('DELETE FROM timer WHERE address = ?', mail.to_address)
    store.run(
      `INSERT INTO actor (address, role, version, incarnation, revision, status, snapshot, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (address) DO UPDATE SET role = excluded.role, version = excluded.version, incarnation = excluded.incarnation, revision = excluded.revision,
         status = excluded.status, snapshot = excluded.snapshot, updated_at = excluded.updated_at`,
      mail.to_address,
      role.name,
      role.version,
      incarnation,
      revision,
      status,
      persist(role.machine, turn.snapshot),
      clock.now(),
    )
    remember(mail.to_address, incarnation, revision, turn.snapshot)
    const kept = keep(
      mail,
      role,
      [...(opening?.promises ?? []), ...turn.promises],
      `${mail.to_address}:${incarnation}.${revision}`,
    )
    journal(
      mail,
      incarnation,
      revision,
      opening ? '' : statePath(before.value),
      statePath(turn.snapshot.value),
      kept,
      at,
      input,
      role.version,
    )
  }

  /** Writes what a turn promised; returns its words for people and for the journal. */
  function keep(
    mail: MailRow,
    role: Role,
    promises: readonly Promised[],
    key: string,
  ): { notes: JournalEntry['notes']; promised: string[] } {
    const address = mail.to_address
    const notes: JournalEntry['notes'] = []
    const promised: string[] = []
    let index = 0
    for (const promise of promises) {
      switch (promise.kind) {
        case 'timer':
          store.run('DELETE FROM timer WHERE address = ? AND id = ?', address, promise.id)
          store.run(
            'INSERT INTO timer (address, id, due_at, event) VALUES (?, ?, ?, ?)',
            address,
            promise.id,
            clock.now() + promise.delayMs,
            JSON.stringify(promise.event),
          )
          promised.push(`timer ${promise.id} ${promise.delayMs}`)
          break
        case 'cancelTimer':
          store.run('DELETE FROM timer WHERE address = ? AND id = ?', address, promise.id)
          store.run(
            "UPDATE mail SET state = 'stale', handled_at = ? WHERE to_address = ? AND timer_id = ? AND state = 'new'",
            clock.now(),
            address,
            promise.id,
          )
          promised.push(`cancel ${promise.id}`)
          break
        case 'invoke':
          allowed(promise.name)
          outbox.promise(`${key}:${index++}`, address, promise.id, promise.name, promise.input)
          promised.push(`invoke ${promise.name}`)
          break
        case 'stop':
          pending.cancelled.push(...outbox.cancel(address, promise.id))
          break
        case 'word':
          for (const params of Array.isArray(promise.params) ? promise.params : [promise.params])
            sayWord(promise.name, params)
      }
    }
    return { notes, promised }

    function allowed(name: string): void {
      if (role.promises && !role.promises.includes(name)) throw new Error(`${role.name} may not promise ${name}`)
    }

    function sayWord(name: string, params: unknown): void {
      allowed(name)
      const said = params as {
        to?: string | null
        type?: string
        body?: JsonObject
        ok?: boolean
        text?: string
        data?: Json
        issue?: string
        pool?: string
        holder?: string
        places?: number
      }
      if (name === 'mail') {
        mailbox.send({
          from: address,
          to: String(said.to),
          type: String(said.type),
          body: said.body ?? {},
          causeId: mail.id,
        })
        promised.push(`mail ${said.to} ${said.type}`)
      } else if (name === 'reply') {
        if (said.to === null || said.to === undefined) return
        const reply: Reply = { ok: said.ok === true, text: said.text ?? '', data: said.data ?? null, at: clock.now() }
        store.run(
          'INSERT OR REPLACE INTO reply (mail_id, reply, at) VALUES (?, ?, ?)',
          said.to,
          JSON.stringify(reply),
          clock.now(),
        )
        pending.replies.push({ to: said.to, reply })
        promised.push(`reply ${reply.ok ? 'ok' : 'no'}`)
      } else if (name === 'note') notes.push({ text: said.text ?? '', issue: said.issue || null })
      else if (name === 'claimSlot') claimSlot(String(said.pool), String(said.holder))
      else if (name === 'acceptCapacity') acceptCapacity(String(said.pool), Number(said.places))
      else if (name === 'freeSlot')
        store.run('DELETE FROM slot WHERE pool = ? AND holder = ?', String(said.pool), String(said.holder))
      else {
        outbox.promise(`${key}:${index++}`, address, null, name, params)
        promised.push(name)
      }
    }
  }

  function claimSlot(pool: string, holder: string): void {
    const places = store.all<{ place: number; holder: string }>('SELECT place, holder FROM slot WHERE pool = ?', pool)
    if (places.some((slot) => slot.holder === holder)) return
    const configured = options.slotCapacity(pool)
    const accepted = store.get<{ places: number }>('SELECT places FROM pool WHERE name = ?', pool)
    if (!accepted) acceptCapacity(pool, configured)
    const capacity = Math.max(configured, accepted?.places ?? 0)
    const free = Array.from({ length: capacity }, (_, place) => place).find(
      (place) => !places.some((slot) => slot.place === place),
    )
    if (free === undefined || places.length >= capacity) throw new Error(`all ${capacity} places of ${pool} are taken`)
    store.run('INSERT INTO slot (pool, place, holder) VALUES (?, ?, ?)', pool, free, holder)
  }

  /** A machine says when it goes by a smaller number; never that there are more than are, or were, configured. */
  function acceptCapacity(pool: string, places: number): void {
    const before = store.get<{ places: number }>('SELECT places FROM pool WHERE name = ?', pool)?.places ?? 0
    const most = Math.max(options.slotCapacity(pool), before)
    store.run(
      'INSERT INTO pool (name, places) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET places = excluded.places',
      pool,
      Math.min(places, most),
    )
  }

  function journal(
    mail: MailRow,
    incarnation: number,
    revision: number,
    before: string,
    after: string,
    kept: { notes: JournalEntry['notes']; promised: string[] },
    at: number,
    input: JsonObject | null,
    version: number,
  ): void {
    const { lastInsertRowid } = store.run(
      'INSERT INTO journal (at, address, incarnation, revision, mail_id, mail_type, from_address, cause_id, before, after, notes, promised, input, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      at,
      mail.to_address,
      incarnation,
      revision,
      mail.id,
      mail.type,
      mail.from_address,
      mail.cause_id,
      before,
      after,
      JSON.stringify(kept.notes),
      JSON.stringify(kept.promised),
      input && JSON.stringify(input),
      version,
    )
    pending.entries.push({
      seq: lastInsertRowid,
      at,
      address: mail.to_address,
      incarnation,
      revision,
      mailId: mail.id,
      mailType: mail.type,
      from: mail.from_address,
      causeId: mail.cause_id,
      before,
      after,
      ...kept,
    })
  }

  /**
   * A turn that failed: rolled back by its savepoint, tried again later, in the end a dead letter and a crash of the
   * actor.
   */
  function failed(mail: MailRow, role: Role | undefined, error: string): void {
    const attempt = mail.attempt + 1
    if (role && attempt < attemptsMax) return void mailbox.backOff(mail.id, attempt, error)
    mailbox.dead(mail.id, error)
    if (!role) return
    const row = rowOf(mail.to_address)
    if (!row) return
    const now = clock.now()
    const crashes = [...(JSON.parse(row.crashes) as number[]), now].filter((at) => at > now - role.intensity.periodMs)
    const status =
      role.restart === 'temporary' ? 'ended' : crashes.length > role.intensity.crashesMax ? 'halted' : row.status
    store.run(
      'UPDATE actor SET crashes = ?, status = ?, updated_at = ? WHERE address = ?',
      JSON.stringify(crashes),
      status,
      now,
      row.address,
    )
    if (status === 'ended')
      store.run(
        "UPDATE mail SET state = 'dead', reason = ? WHERE to_address = ? AND state = 'new'",
        `${row.address} has ended`,
        row.address,
      )
    if (status === 'halted' && row.status !== 'halted') tell({ kind: 'halted', address: row.address, error })
  }

  function tell(trouble: Trouble): void {
    const alert = options.alert?.(trouble)
    if (alert) mailbox.send(alert)
  }

  return {
    post: (draft) => committed(() => mailbox.post(draft)),
    run(turnsMax) {
      ranAt = clock.now()
      if (mailbox.next() === undefined) return 0
      return committed(() => {
        let handled = 0
        for (; handled < turnsMax; handled++) {
          const mail = mailbox.next()
          if (!mail) break
          const role = mailbox.roleOf(mail.to_address)
          const said = {
            entries: pending.entries.length,
            replies: pending.replies.length,
            cancelled: pending.cancelled.length,
          }
          try {
            if (!role) throw new Error(`nobody is at ${mail.to_address}`)
            store.transaction(() => playMail(mail, role))
          } catch (error) {
            // Neither is the actor's fault: nothing of it is counted against the mail.
            if (error instanceof LeaseLost || error instanceof StoreUnusable) throw error
            pending.entries.length = said.entries
            pending.replies.length = said.replies
            pending.cancelled.length = said.cancelled
            failed(mail, role, wordsOf(error))
          }
        }
        return handled
      })
    },
    fireTimers() {
      const due = store.all<{ address: string; id: string; event: string; due_at: number }>(
        'SELECT * FROM timer WHERE due_at <= ? ORDER BY due_at, address, id',
        clock.now(),
      )
      if (due.length === 0) return 0
      return committed(() => {
        for (const timer of due) {
          store.run('DELETE FROM timer WHERE address = ? AND id = ?', timer.address, timer.id)
          const { type, ...body } = JSON.parse(timer.event) as JsonObject & { type: string }
          mailbox.insert({ from: timer.address, to: timer.address, type, body }, { timerId: timer.id })
        }
        return due.length
      })
    },
    nextDueAt() {
      const times = [
        store.get<{ at: number | null }>('SELECT min(due_at) AS at FROM timer'),
        // What was due when it was last looked for and still waits, waits for something else: that something wakes
        // the driver.
        store.get<{ at: number | null }>(
          "SELECT min(due_at) AS at FROM mail WHERE state = 'new' AND due_at > ?",
          ranAt,
        ),
        store.get<{ at: number | null }>(
          `SELECT min(due_at) AS at FROM effect WHERE ${isOpen} AND state = 'pending' AND due_at > ?`,
          tookAt,
        ),
      ].flatMap((row) => (row?.at === null || row === undefined ? [] : [row.at]))
      return times.length === 0 ? null : Math.min(...times)
    },
    takeEffects(max) {
      tookAt = clock.now()
      return outbox.somethingPending() ? committed(() => outbox.take(max)) : []
    },
    settle(key, outcome) {
      committed(() => {
        const { mail, trouble } = outbox.settle(key, outcome)
        if (mail) mailbox.insert({ id: `effect:${key}`, from: mail.to, ...mail }, { effectKey: key })
        if (trouble) tell(trouble)
      })
    },
    onCancelled: (listener) => void cancelListeners.push(listener),
    onCommit: (listener) => {
      commitListeners.add(listener)
      return () => void commitListeners.delete(listener)
    },
    hold: (scope) => void committed(() => store.run('INSERT OR IGNORE INTO hold (scope) VALUES (?)', scope)),
    release: (scope) => void committed(() => store.run('DELETE FROM hold WHERE scope = ?', scope)),
    holds: () => store.all<{ scope: string }>('SELECT scope FROM hold ORDER BY scope').map((row) => row.scope),
    actor(address) {
      const row = rowOf(address)
      return row && stateOf(row)
    },
    actors: (prefix) => readActors(store, prefix),
    forget(prefix) {
      committed(() => {
        pending.cancelled.push(...forget(store, prefix, clock.now()))
        for (const address of [...resident.keys()]) if (address.startsWith(prefix)) resident.delete(address)
      })
    },
    resume(address) {
      committed(() => {
        const { changes } = store.run(
          "UPDATE actor SET status = 'active', crashes = '[]' WHERE address = ? AND status = 'halted'",
          address,
        )
        if (changes > 0) tell({ kind: 'resumed', address })
      })
    },
    reply(mailId) {
      const row = store.get<{ reply: string }>('SELECT reply FROM reply WHERE mail_id = ?', mailId)
      return row && (JSON.parse(row.reply) as Reply)
    },
    mail(id) {
      const row = store.get<MailRow>('SELECT * FROM mail WHERE id = ?', id)
      return row && { ...envelopeOf(row), state: row.state }
    },
    journal: (query) => readJournal(store, query),
    deadLetters: () => mailbox.deadLetters(),
    redeliver: (mailId) => committed(() => mailbox.redeliver(mailId)),
    slots: (pool) =>
      store
        .all<{ holder: string }>('SELECT holder FROM slot WHERE pool = ? ORDER BY place', pool)
        .map((row) => row.holder),
    depth() {
      const count = (sql: string) => (store.get<{ n: number }>(sql) as { n: number }).n
      return {
        mail: count("SELECT count(*) AS n FROM mail WHERE state = 'new'"),
        effectsPending: count(`SELECT count(*) AS n FROM effect WHERE ${isOpen} AND state = 'pending'`),
        effectsStarted: count(`SELECT count(*) AS n FROM effect WHERE ${isOpen} AND state = 'started'`),
        timers: count('SELECT count(*) AS n FROM timer'),
      }
    },
    prune(olderThan) {
      committed(() => {
        store.run('DELETE FROM journal WHERE at < ?', olderThan)
        store.run("DELETE FROM mail WHERE state IN ('done', 'stale') AND handled_at < ?", olderThan)
        store.run("DELETE FROM effect WHERE state IN ('settled', 'cancelled') AND at < ?", olderThan)
        store.run('DELETE FROM reply WHERE at < ?', olderThan)
      })
    },
    close: () => store.close(),
  }
}
