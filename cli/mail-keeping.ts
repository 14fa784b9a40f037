// What time does to mail: unread mail that is of no use any more leaves its inbox, and its sender is told, once for all
// that was sent as one; what was read long ago goes to the archive.
// How long a mail is of use counts watched time, as all that is due: a night in which the machine sleeps takes nothing
// from anybody's inbox, nor does a clock that was set. How long read mail is kept is housekeeping's, by the wall clock.
// Never: tells of what the town itself has to say; expires what it did not file.
import { archiveOld } from '../actors/beads/archive.ts'
import { BeadsError } from '../actors/beads/contract.ts'
import type { Beads } from '../actors/beads/embedded.ts'
import { come, expiredIn, type Mail } from '../actors/beads/mail.ts'
import { daemon, rigOf, whereabouts } from '../machines/address.ts'
import { subjectLengthMax } from '../machines/texts.ts'
import type { Draft, Host } from '../runtime/contract.ts'
import { Refusal } from '../runtime/open.ts'

/** A rig's store; the town's own for undefined. */
type Of = string | undefined

export interface MailStores {
  root: string
  tiers(): readonly Of[]
  /** Throws a BeadsError while it cannot be used. */
  of(rig: Of): Beads
}

/** How often it is looked what has expired, in milliseconds. */
const lookMs = 2000

export interface Expiring extends MailStores {
  host: Pick<Host, 'watched' | 'post'>
  secret: string
  newMailId(to: string, seed: string): string
  now(): number
  poke(): void
  report(error: unknown): void
}

/** Looks again and again; returns how to stop. */
export function startExpiry(expiring: Expiring): () => void {
  const look = () => {
    try {
      if (expire(expiring)) expiring.poke()
    } catch (error) {
      expiring.report(error)
    }
  }
  look()
  const looking = setInterval(look, lookMs)
  looking.unref()
  return () => clearInterval(looking)
}

/** Takes out what has expired; whether there was any. Safe to repeat: who was told of these is not told of them again. */
export function expire(expiring: Expiring): boolean {
  const { host, secret, now } = expiring
  const found = inEach(expiring, (beads, rig) =>
    expiredIn(beads, secret, host.watched())
      // One that was carried into another store proves nothing there.
      .filter(({ to }) => rigOf(to) === rig)
      .map((mail) => ({ beads, mail })),
  )
  const sent = Map.groupBy(found, ({ mail: { id, group } }) => group ?? id)
  for (const [first, copies] of sent) {
    // Before they are taken out: a daemon that is killed in between tells it again, under the same id.
    tell(
      expiring,
      first,
      copies.map(({ mail }) => mail),
    )
    for (const { beads, mail } of copies)
      come(beads, secret, [mail], { step: 'expired', by: daemon, at: new Date(now()) })
  }
  return found.length > 0
}

function tell({ host, newMailId }: Expiring, first: string, copies: readonly Mail[]): void {
  const [{ from, subject, thread } = { from: '', subject: '', thread: null }] = copies
  const body = [
    copies.length === 1
      ? 'This mail was not read while it was of use:'
      : 'Of this mail these were not read while it was of use:',
    ...copies.map(({ id, to }) => `  ${id} to ${to}`),
  ].join('\n')
  const said = { subject: `Not read in time: ${subject}`.slice(0, subjectLengthMax), body, threadId: thread ?? first }
  // The town says nothing that expires, and so is never told of it.
  if (whereabouts(from) === undefined || from === daemon) return
  const draft: Draft = {
    // Of what is told: a copy that is found later, for its store was locked, is told by itself.
    id: newMailId(from, `expired:${copies.map(({ id }) => id).sort()}`),
    from: daemon,
    to: from,
    type: 'message.sent',
    body: said,
  }
  try {
    host.post(draft)
  } catch (error) {
    // Its rig is gone, and so is whoever sent it.
    if (!(error instanceof Refusal)) throw error
  }
}

/** Puts away what was read before then, in parts, others in between. */
export function putAway(stores: MailStores, before: Date, now: Date, report: (error: unknown) => void): void {
  try {
    const more = inEach(stores, (beads, rig) =>
      archiveOld(beads, { town: stores.root, rig }, before, now) ? [rig] : [],
    )
    if (more.length > 0) setImmediate(putAway, { ...stores, tiers: () => more }, before, now, report).unref()
  } catch (error) {
    report(error)
  }
}

/** What cannot be used now is looked at another time. */
function inEach<T>({ tiers, of }: MailStores, work: (beads: Beads, rig: Of) => T[]): T[] {
  return tiers().flatMap((rig) => {
    try {
      return work(of(rig), rig)
    } catch (error) {
      if (error instanceof BeadsError) return []
      throw error
    }
  })
}
