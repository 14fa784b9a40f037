// Evidence: what a store's mail and journal tell of the past. For the invariants that a moment alone cannot show; the
// simulation and the torture of real towns both read it.
// Never: writes, or believes a snapshot.
import type { PromisedEffect, Role, Store } from '../runtime/contract.ts'
import { replay } from '../runtime/open.ts'
import { type TownHistory, Violation } from './invariants.ts'
import { accountMisdeeds, type Turn } from './wallet.ts'

type Read = <T>(sql: string) => T[]

interface Firing {
  address: string
  id: string
  at: number
}

/** `said`: the mails with which the Overseer last said something. */
export function evidenceOf(read: Read, said: readonly string[]): Omit<TownHistory, 'spawnDelayMs' | 'starts'> {
  const asked: Record<string, number> = {}
  const everAsked: string[] = []
  const heard = heardAt(read, said)
  // Who asks by the Mayor had reason to before the Mayor hears of it.
  for (const { since, body } of read<{ since: number; body: string }>(
    `SELECT ask.body, coalesce(reason.seq, turn.seq, 0) AS since FROM mail ask
       LEFT JOIN journal turn ON turn.mail_id = ask.cause_id
       LEFT JOIN mail told ON told.id = ask.cause_id LEFT JOIN journal reason ON reason.mail_id = told.cause_id
     WHERE ask.to_address = 'overseer' AND ask.type = 'escalation.raised' AND ask.state <> 'dead'`,
  )) {
    const { cause } = JSON.parse(body) as { cause: string }
    everAsked.push(cause)
    if (since > heard) asked[cause] = (asked[cause] ?? 0) + 1
  }
  return { asked, everAsked }
}

/** The turn with which the last of these mails was heard. */
function heardAt(read: Read, said: readonly string[]): number {
  const turns = read<{ seq: number }>(
    `SELECT seq FROM journal WHERE mail_id IN (${said.map((id) => `'${id}'`).join(', ')})`,
  )
  return turns.length < said.length ? Number.POSITIVE_INFINITY : Math.max(0, ...turns.map(({ seq }) => seq))
}

/**
 * What is known of a past that was pruned: each session's last epoch, and the workers (with their incarnation) that
 * gave up.
 */
interface Remembered {
  epochs: ReadonlyMap<string, number>
  gaveUp: readonly string[]
}

/**
 * What must never have happened, in words. Reads everything: for the end of a story. `remembered`: the store does not
 * have its whole past any more.
 */
export function misdeeds(read: Read, remembered?: Remembered): string[] {
  const twice = read<{ mail_id: string }>('SELECT mail_id FROM journal GROUP BY mail_id HAVING count(*) > 1').map(
    ({ mail_id }) => `${mail_id} was handled twice (invariant 1)`,
  )
  const lost = read<{ lost: number }>('SELECT coalesce(max(seq), 0) - count(*) AS lost FROM mail').flatMap(
    ({ lost }) => (lost === 0 || remembered ? [] : [`${lost} mails are gone (invariant 1)`]),
  )
  const given = [...(remembered?.gaveUp ?? []), ...gaveUp(read)]
    .filter((who, n, all) => all.indexOf(who) !== n)
    .map((who) => `${who} gave up more than once (invariant 6)`)
  return [
    ...twice,
    ...lost,
    ...given,
    ...epochs(read, new Map(remembered?.epochs)),
    ...(remembered ? [] : [...timers(read), ...accountMisdeeds(moneyTurns(read))]),
  ]
}

/** Turns of Witnesses and of the Mayor, as far as they tell of accounts. */
function moneyTurns(read: Read): Turn[] {
  const sent = Map.groupBy(
    read<{ cause: string; from: string; to: string; type: string; body: string }>(
      `SELECT cause_id AS cause, from_address AS "from", to_address AS "to", type, body FROM mail
        WHERE type = 'account.given' OR (from_address = 'mayor/' AND to_address = 'overseer' AND type = 'message.sent')`,
    ).map(({ body, ...rest }) => ({ ...rest, body: JSON.parse(body) })),
    ({ cause, from }) => `${from} ${cause}`,
  )
  return read<Omit<Turn, 'body' | 'input' | 'sent'> & { id: string; body: string; input: string | null }>(
    `SELECT j.address, coalesce(j.watched_at, j.at) AS at, j.mail_type AS type, j.from_address AS "from",
      j.mail_id AS id, m.body, j.input, j.after
      FROM journal j JOIN mail m ON m.id = j.mail_id
      WHERE j.address = 'mayor/' OR j.address LIKE '%/witness' ORDER BY j.seq`,
  ).map(({ id, body, input, ...turn }) => ({
    ...turn,
    body: JSON.parse(body),
    input: JSON.parse(input ?? '{}'),
    sent: sent.get(`${turn.address} ${id}`) ?? [],
  }))
}

/** A session is begun under the account that its Witness gave it last, and not while it was told to wait. */
export function mustBeGiven(read: Store['all'], { name, key, address, input }: PromisedEffect): void {
  if (name !== 'startSession') return
  const revision = Number(/\.(\d+):\d+$/.exec(key)?.[1])
  const [last] = read<{ account: string | null }>(
    `SELECT m.body ->> 'account' AS account FROM journal j JOIN mail m ON m.id = j.mail_id
      WHERE j.address = ? AND j.mail_type = 'account.given' AND j.revision <= ? ORDER BY j.seq DESC LIMIT 1`,
    ...[address, revision],
  )
  if (last && last.account !== input['account'])
    throw new Violation(
      `${address} begins under "${input['account']}", and was given ${last.account ?? 'nothing'} (invariant 14)`,
    )
}

/** All mail, or what pruning takes. */
type Which = 'true' | "state IN ('done', 'stale')"

const gaveUp = (read: Read, which: Which = 'true') =>
  read<{ from_address: string; incarnation: number }>(
    `SELECT from_address, body ->> 'incarnation' AS incarnation FROM mail WHERE type = 'shutdown.requested' AND ${which}`,
  ).map(({ from_address, incarnation }) => `${from_address} (${incarnation})`)

/** One story's past, also what the store does not tell any more because it was pruned. */
export function makePast(roles: readonly Role[]) {
  let forgotten: string[] = []
  let remembered: Remembered | undefined
  let workers: number | undefined
  return {
    /** Other records begin, of a past of their own. */
    begin(): void {
      forgotten = []
      remembered = undefined
      workers = undefined
    },
    seen(store: Store, said: readonly string[] = []) {
      const { asked, everAsked } = evidenceOf(store.all, said)
      return { asked, everAsked: [...forgotten, ...everAsked] }
    },
    /** When this mail was sent, in watched time: the moment of the turn that sent it; nothing where that was pruned. */
    saidAt: (store: Store, mailId: string): number[] =>
      store
        .all<{ at: number }>(
          `SELECT coalesce(j.watched_at, j.at) AS at FROM mail m JOIN journal j ON j.mail_id = m.cause_id WHERE m.id = ?`,
          mailId,
        )
        .map(({ at }) => at),
    /** `max_workers` of the last configuration the Witness has heard of, since it began. */
    workersHeard(store: Store): number | undefined {
      const row = store.get<{ body: string }>(
        "SELECT body FROM mail WHERE type = 'rig.configured' AND state = 'done' ORDER BY seq DESC LIMIT 1",
      )
      if (row) workers = (JSON.parse(row.body) as { maxWorkers: number }).maxWorkers
      return workers
    },
    /**
     * Throws a Violation: something that must never have happened did, or the snapshots are not what the journal
     * makes of them.
     */
    judge(store: Store): void {
      const [misdeed] = misdeeds(store.all, remembered)
      if (misdeed) throw new Violation(misdeed)
      const [differing] = replay(store, roles).differing
      if (differing) throw new Violation(`replayed, ${differing.address} is another: ${differing.why} (invariant 11)`)
    },
    /** The store is about to be pruned. */
    forget(store: Store): void {
      forgotten = this.seen(store).everAsked
      const latest = new Map(remembered?.epochs)
      const over = "state IN ('done', 'stale')"
      epochs(store.all, latest, over)
      remembered = { epochs: latest, gaveUp: [...(remembered?.gaveUp ?? []), ...gaveUp(store.all, over)] }
    },
  }
}

/** Raises `latest` to each session's last epoch on the way. */
function epochs(read: Read, latest: Map<string, number>, which: Which = 'true'): string[] {
  const found: string[] = []
  for (const { address, epoch } of read<{ address: string; epoch: number }>(
    `SELECT from_address AS address, body ->> 'epoch' AS epoch FROM mail WHERE type = 'session.started' AND ${which} ORDER BY seq`,
  )) {
    if (epoch <= (latest.get(address) ?? 0))
      found.push(`${address} has epoch ${epoch} after ${latest.get(address)} (invariant 7)`)
    latest.set(address, epoch)
  }
  return found
}

interface Arming {
  at: number
  dueAt: number
  /** When it was cancelled, or replaced by the next. */
  endAt: number
}

/** Each firing needs an arming of its own that was due by then and was not over. */
function timers(read: Read): string[] {
  const armed = new Map<string, Arming[]>()
  for (const { address, at, promised } of read<{ address: string; at: number; promised: string }>(
    "SELECT address, coalesce(watched_at, at) AS at, promised FROM journal WHERE promised LIKE '%timer %' OR promised LIKE '%cancel %' ORDER BY seq",
  )) {
    for (const promise of JSON.parse(promised) as string[]) {
      const [, cancelled] = /^cancel (.+)$/.exec(promise) ?? []
      const [, id = cancelled, delayMs] = /^timer (.+) (\d+)$/.exec(promise) ?? []
      if (id === undefined) continue
      const all = armed.get(`${address} ${id}`) ?? []
      const last = all.at(-1)
      if (last && last.endAt === Number.POSITIVE_INFINITY) last.endAt = at
      if (delayMs !== undefined) all.push({ at, dueAt: at + Number(delayMs), endAt: Number.POSITIVE_INFINITY })
      armed.set(`${address} ${id}`, all)
    }
  }
  return read<Firing>(
    // One that came too late was heard by nobody.
    "SELECT to_address AS address, timer_id AS id, due_at AS at FROM mail WHERE timer_id IS NOT NULL AND state <> 'stale' ORDER BY seq",
  ).flatMap(({ address, id, at }) => {
    const armings = armed.get(`${address} ${id}`) ?? []
    const its = armings.findIndex((arming) => arming.at <= at && arming.dueAt <= at && at <= arming.endAt)
    if (its !== -1) {
      armings.splice(its, 1)
      return []
    }
    return [`${id} of ${address} fired at ${at}, when no timer of it was due (invariant 10)`]
  })
}

/** What has begun and is not over. */
export const underWay = (store: Store) => ({
  waiting: store.get<{ n: number }>("SELECT count(*) AS n FROM mail WHERE state = 'new'")?.n ?? 0,
  openEffects: store
    .all<{ address: string }>("SELECT address FROM effect WHERE state IN ('pending', 'started')")
    .map(({ address }) => address),
})
export const timersIn = (store: Store) => store.all<{ address: string; id: string }>('SELECT address, id FROM timer')
