// Mail as people and agents read it: beads of the type `message`, sealed by the daemon when it files them. A store that
// agents can write tells nothing about who wrote what; the seal does.
// Never: shows as sent by somebody what the town did not file, or what was changed since.
import process from 'node:process'
import { asOneLine } from '../../machines/texts.ts'
import type { Issue, NewMessage, TownIssues } from './contract.ts'
import type { Beads } from './embedded.ts'

export interface Mail {
  id: string
  from: string
  subject: string
  body: string
  priority: number
  sent_at: string
}

/** Begins the label that holds a message's seal. */
const mark = 'gt:seal:'

/** What a seal covers. Whether a message was read is nobody's to prove. */
type Sealed = Pick<Issue, 'id' | 'title' | 'description' | 'priority' | 'assignee' | 'sender' | 'created_at'>

function sealOf(secret: string, mail: Sealed): string {
  const { id, sender, assignee, title, description, priority, created_at: at } = mail
  const said = JSON.stringify([id, sender, assignee, title, description, priority, at])
  // Loaded here only, and no HMAC: that takes twice as long, and a cut-off SHA-512 cannot be continued by a stranger.
  return process.getBuiltinModule('node:crypto').hash('sha512-256', `mail\n${secret}\n${said}`, 'base64url')
}

/** A message with the label that proves it. */
export function sealed(secret: string, message: NewMessage): NewMessage {
  const kept = { ...message, title: asOneLine(message.title) }
  const seal = sealOf(secret, { ...kept, created_at: message.at.toISOString() })
  return { ...kept, labels: [...message.labels, mark + seal] }
}

/** The label that proves a message which stands as it was sent. */
export const sealOfSent = (secret: string, mail: Sealed): string => mark + sealOf(secret, mail)

export const isSealed = (secret: string, mail: Sealed, labels: readonly string[]): boolean =>
  labels.includes(mark + sealOf(secret, mail))

/**
 * Unread mail to somebody, the most urgent first, at most `limit` of it; `more` is how many wait beyond it, `strange`
 * how many were left out because the town did not send them.
 */
export function inbox(
  beads: Beads,
  secret: string,
  to: string,
  limit: number,
): { mail: Mail[]; strange: number; more: number } {
  const mail: Mail[] = []
  let strange = 0
  for (const each of beads.inbox(to)) {
    if (mail.length >= limit) break
    const { id, title: subject, description: body, priority, created_at } = each
    if (!isSealed(secret, each, each.labels?.split('\n') ?? [])) strange++
    else mail.push({ id, from: each.sender ?? '', subject, body, priority, sent_at: created_at })
  }
  const more = mail.length < limit ? 0 : beads.inboxLength(to) - mail.length - strange
  return { mail, strange, more }
}

/**
 * Files messages sealed, those of one moment in one transaction: each by itself would wait for the disk by itself.
 * Resolves with false for one that is there already.
 */
export function filing(of: (rig: string | undefined, signal: AbortSignal) => Promise<TownIssues>, secret: string) {
  interface Waiting {
    message: NewMessage
    done: (filed: boolean) => void
    failed: (error: unknown) => void
  }
  const gathered = new Map<string | undefined, Waiting[]>()
  const file = async (rig: string | undefined, signal: AbortSignal) => {
    const all = gathered.get(rig) ?? []
    gathered.delete(rig)
    try {
      const beads = await of(rig, signal)
      const filed = await beads.createMessages(all.map(({ message }) => sealed(secret, message)))
      for (const [n, { done }] of all.entries()) done(filed[n] ?? false)
    } catch (error) {
      for (const { failed } of all) failed(error)
    }
  }
  return (rig: string | undefined, message: NewMessage, signal: AbortSignal): Promise<boolean> =>
    new Promise((done, failed) => {
      const waiting = { message, done, failed }
      const others = gathered.get(rig)
      if (others) others.push(waiting)
      else {
        gathered.set(rig, [waiting])
        queueMicrotask(() => void file(rig, signal))
      }
    })
}
