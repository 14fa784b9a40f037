// Mail as people and agents read it: beads of the type `message`, sealed by the daemon when it files them, and so is
// what is said of how far they have come. A store that agents can write tells nothing about who wrote what; a seal
// does.
// (spec: Mail)
// Never: shows as sent by somebody what the town did not file, or what was changed since.
import process from 'node:process'
import { asOneLine } from '../../machines/texts.ts'
import type { Issue, NewMessage, Receipt, ReceiptStep } from './contract.ts'
import type { Beads } from './embedded.ts'
import type { InboxFilter, KeptMessage, MessageFilter } from './messages.ts'

export interface Mail {
  id: string
  from: string
  to: string
  subject: string
  body: string
  priority: number
  sent_at: string
  /** The first mail of what belongs together; null: nobody answered yet, and it answers none. */
  thread: string | null
  reply_to: string | null
  /** The first of the mails that were sent as one, to several. */
  group: string | null
  expires_at: string | null
  /** It is out of its inbox. */
  is_read: boolean
}

/** An order of mails. */
export const newestFirst = (a: Mail, b: Mail) =>
  a.sent_at < b.sent_at ? 1 : a.sent_at > b.sent_at ? -1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0

/** How far a mail has come, with when: null for what has not been. */
export type Progress = { queued: string } & Record<ReceiptStep, string | null>

/** Begins the label that holds a message's seal; `former` of a version whose seals did not cover labels. */
const mark = 'gt:seal2:'
const former = 'gt:seal:'

/** What a seal covers. Whether a message was read is not in it; its receipts say so. */
type Sealed = Pick<Issue, 'id' | 'title' | 'description' | 'priority' | 'assignee' | 'sender' | 'created_at' | 'due_at'>

// No HMAC: that takes twice as long, and a cut-off SHA-512 cannot be continued by a stranger.
const proof = (kind: string, secret: string, said: readonly unknown[]): string =>
  // Loaded here only: it is slow to load.
  process.getBuiltinModule('node:crypto').hash('sha512-256', `${kind}\n${secret}\n${JSON.stringify(said)}`, 'base64url')

const isSeal = (label: string) => label.startsWith(mark) || label.startsWith(former)

function sealOf(secret: string, mail: Sealed, labels: readonly string[]): string {
  const { id, sender, assignee, title, description, priority, created_at: at, due_at: expires = null } = mail
  const said = labels.filter((label) => !isSeal(label)).sort()
  return mark + proof('mail', secret, [id, sender, assignee, title, description, priority, at, expires ?? null, said])
}

function formerSealOf(secret: string, { id, sender, assignee, title, description, priority, created_at }: Sealed) {
  return former + proof('mail', secret, [id, sender, assignee, title, description, priority, created_at])
}

/** A message with the label that proves it, delivered at this moment. */
export function sealed(secret: string, message: NewMessage, now: Date): NewMessage {
  const kept = { ...message, title: asOneLine(message.title) }
  const due_at = message.expiresAt?.toISOString() ?? null
  const seal = sealOf(secret, { ...kept, created_at: message.at.toISOString(), due_at }, message.labels)
  const delivered = receipt(secret, { mail: message.id, step: 'delivered', at: now.toISOString(), by: 'daemon' })
  return { ...kept, labels: [...message.labels, seal], delivered }
}

/** The label that proves a message which stands as it was sent. */
export const sealOfSent = sealOf

export const isSealed = (secret: string, mail: Sealed, labels: readonly string[]): boolean =>
  labels.includes(sealOf(secret, mail, labels)) || labels.includes(formerSealOf(secret, mail))

/** A receipt that is proved. */
export const receipt = (secret: string, said: Omit<Receipt, 'seal'>): Receipt => ({
  ...said,
  seal: proof('receipt', secret, [said.mail, said.step, said.at, said.by]),
})
const isProved = (secret: string, { seal, ...said }: Receipt) => receipt(secret, said).seal === seal

/** Names the label with the moment of watched time after which a mail is of no use. */
export const untilMark = 'gt:until'

const labelsOf = ({ labels }: KeptMessage) => labels?.split('\n') ?? []
const after = (labels: readonly string[], start: string) =>
  labels.find((label) => label.startsWith(start))?.slice(start.length) ?? null

/** A message as mail; undefined for one that the town did not send. */
export function mailOf(secret: string, kept: KeptMessage): Mail | undefined {
  const labels = labelsOf(kept)
  if (!isSealed(secret, kept, labels)) return undefined
  const { id, title: subject, description: body, priority, created_at, assignee, sender, due_at, status } = kept
  return {
    ...{ id, from: sender ?? '', to: assignee ?? '', subject, body, priority, sent_at: created_at },
    ...{ thread: after(labels, 'thread:'), reply_to: after(labels, 'reply-to:'), group: after(labels, 'group:') },
    ...{ expires_at: due_at ?? null, is_read: status === 'closed' },
  }
}

/** Unread mail that is of no use any more, at this moment of watched time. */
export const expiredIn = (beads: Beads, secret: string, watchedAt: number): Mail[] =>
  beads.expiring().flatMap((kept) => {
    const until = after(labelsOf(kept), `${untilMark}:`)
    return until !== null && Number(until) <= watchedAt ? (mailOf(secret, kept) ?? []) : []
  })

/** How far these have come, as the town says. */
export const progressOf = (beads: Beads, secret: string, mail: readonly Mail[]): Map<string, Progress> =>
  progressBy(secret, mail, beads.receiptsOf(mail.map(({ id }) => id)))

/** The same by receipts from elsewhere. */
export function progressBy(secret: string, mail: readonly Mail[], receipts: readonly Receipt[]): Map<string, Progress> {
  const all = new Map<string, Progress>(
    mail.map(({ id, sent_at }) => [
      id,
      { queued: sent_at, delivered: null, shown: null, read: null, acked: null, expired: null },
    ]),
  )
  for (const each of receipts) {
    const known = all.get(each.mail)
    if (known && isProved(secret, each)) known[each.step] = each.at
  }
  return all
}

/**
 * Notes that these have come so far, said by their reader or the daemon; the first time counts. What was read, dealt
 * with or expired is out of its inbox.
 */
export function come(
  beads: Beads,
  secret: string,
  mail: readonly Pick<Mail, 'id' | 'to'>[],
  { step, by, at }: Pick<Receipt, 'step' | 'by'> & { at: Date },
): void {
  beads.written(() => {
    beads.putReceipts(mail.map(({ id }) => receipt(secret, { mail: id, step, at: at.toISOString(), by })))
    if (step === 'delivered' || step === 'shown') return
    for (const { id, to } of mail) if (beads.get(id)?.status === 'open') beads.closeIssue(id, step, to, true)
  })
}

/**
 * Unread mail to somebody, the most urgent first, at most `limit` of it; `more` is how many wait beyond it, `strange`
 * how many were left out because the town did not send them.
 */
export function inbox(
  beads: Beads,
  secret: string,
  to: string,
  limit: number,
  filter: InboxFilter = {},
): { mail: Mail[]; strange: number; more: number } {
  const { mail, strange } = taken(secret, beads.inbox(to, filter), limit)
  return { mail, strange, more: mail.length < limit ? 0 : beads.inboxLength(to, filter) - mail.length - strange }
}

/** Mail of a store that is of this kind, the newest first, at most `limit` of it. */
export const mailIn = (beads: Beads, secret: string, filter: MessageFilter, limit: number) =>
  taken(secret, beads.messages(filter), limit)

function taken(secret: string, messages: Iterable<KeptMessage>, limit: number) {
  const mail: Mail[] = []
  let strange = 0
  if (limit > 0)
    for (const each of messages) {
      const one = mailOf(secret, each)
      if (one) mail.push(one)
      else strange++
      if (mail.length >= limit) break
    }
  return { mail, strange }
}
