// How the daemon files mail and notes how far it has come: what there is for a store in one moment in one go.
// An inbox holds one unread mail of each cause, the last; and where it is full, what agents and the town have to say
// goes into one thread, of which one unread mail tells.
// Never: files what it has filed; refuses what was taken; takes what it did not file itself for what is told already.
import { createHash } from 'node:crypto'
import { asOneLine } from '../../machines/texts.ts'
import type { NewMessage, Receipt, TownIssues } from './contract.ts'
import { isSealed, receipt, sealed } from './mail.ts'

type StoreOf = (rig: string | undefined, signal: AbortSignal) => Promise<TownIssues>

/** A message, and what it is told of. */
export interface Letter extends NewMessage {
  cause?: string | null
}

/**
 * Files messages sealed. Resolves with false for one that is there already, or says what is told and unread. Beyond
 * `unreadMax` unread an inbox is full.
 */
export const filing = (of: StoreOf, secret: string, unreadMax = () => Number.POSITIVE_INFINITY) =>
  gathering(of, async (beads, letters: readonly Letter[]) => {
    const now = new Date()
    const full = await fullAmong(beads, letters, unreadMax())
    const isFolded = (letter: Letter) => full.has(letter.assignee) && mayBeFolded(letter)
    const isPlain = (letter: Letter) => letter.cause === null && !isFolded(letter)
    const plain = letters.filter(isPlain)
    const filed = await beads.createMessages(plain.map(({ cause: _, ...message }) => sealed(secret, message, now)))
    const done = new Map(plain.map((letter, n) => [letter, filed[n] ?? false]))
    for (const letter of letters)
      if (!isPlain(letter)) done.set(letter, await fileOne(beads, secret, letter, now, isFolded(letter)))
    return letters.map((letter) => done.get(letter) ?? false)
  })

/** What a person says is in its inbox, however full that is; and what leaves it by itself when its time is over. */
const mayBeFolded = ({ sender, expiresAt }: Letter) => sender !== 'overseer' && !expiresAt

async function fullAmong(beads: TownIssues, letters: readonly Letter[], unreadMax: number): Promise<Set<string>> {
  const full = new Set<string>()
  for (const to of new Set(letters.filter(mayBeFolded).map(({ assignee }) => assignee)))
    if ((await beads.inboxLength(to)) >= unreadMax) full.add(to)
  return full
}

async function fileOne(
  beads: TownIssues,
  secret: string,
  { cause = null, ...message }: Letter,
  now: Date,
  isFull: boolean,
): Promise<boolean> {
  const label = cause === null ? [] : [labelOf(cause)]
  const own = { ...message, labels: [...message.labels, ...label] }
  const told = label[0] === undefined ? [] : await ownUnread(beads, secret, message.assignee, label[0])
  if (told.some(({ title, description }) => title === message.title && description === message.description))
    return false
  const digest = isFull && told.length === 0 ? await digestOf(beads, secret, message, now) : undefined
  const folded =
    digest === undefined ? own : { ...own, labels: [...own.labels, `thread:${digest}`], closedAs: 'folded' }
  const [isFiled = false] = await beads.createMessages([sealed(secret, folded, now)])
  for (const { id, assignee } of told) await beads.closeIssue(id, 'superseded', String(assignee), true)
  return isFiled
}

/** As a label may be: one line, and not too long. */
function labelOf(cause: string): string {
  const label = `cause:${asOneLine(cause)}`
  return Buffer.byteLength(label) <= 200 ? label : `cause:${createHash('sha256').update(cause).digest('hex')}`
}

/** Unread mail with this label that the town filed: anybody can write the like of it. */
const ownUnread = async (beads: TownIssues, secret: string, to: string, label: string) =>
  (await beads.unreadWith(to, label)).filter((kept) => isSealed(secret, kept, kept.labels?.split('\n') ?? []))

/** The mail that tells of what is not in the inbox, for it is full; made when there is none unread. */
async function digestOf(beads: TownIssues, secret: string, { id, assignee }: NewMessage, now: Date): Promise<string> {
  const label = 'digest'
  const [known] = await ownUnread(beads, secret, assignee, label)
  if (known) return known.id
  const own = `${id}-more`
  const digest = {
    ...{ id: own, title: 'Your inbox is full: what comes now is in one thread', priority: 1 },
    description: `What the town and its agents have to say from here on is kept, and is not in your inbox:\n  gt mail thread ${own}\nWhen you have read this mail, another one tells you of what comes then.`,
    ...{ assignee, sender: 'daemon', labels: [label], at: now },
  }
  await beads.createMessages([sealed(secret, digest, now)])
  return own
}

/** Notes receipts, also of mail that is not filed yet. What was read or dealt with is out of its inbox. */
export const noting = (of: StoreOf, secret: string) =>
  gathering(of, async (beads, noted: readonly (Omit<Receipt, 'seal'> & { to: string })[]) => {
    await beads.putReceipts(noted.map(({ to: _, ...said }) => receipt(secret, said)))
    for (const { mail, step, to } of noted)
      if (step !== 'shown' && (await beads.get(mail))?.status === 'open') await beads.closeIssue(mail, step, to, true)
    return noted.map(() => true)
  })

/**
 * Gives a store what there is for it in one moment in one go, one after the other: each by itself would wait for the
 * disk by itself.
 */
function gathering<T, R>(of: StoreOf, write: (beads: TownIssues, all: readonly T[]) => R[] | Promise<R[]>) {
  interface Waiting {
    one: T
    done: (result: R) => void
    failed: (error: unknown) => void
  }
  const gathered = new Map<string | undefined, Waiting[]>()
  const last = new Map<string | undefined, Promise<void>>()
  const go = async (rig: string | undefined, signal: AbortSignal) => {
    const all = gathered.get(rig) ?? []
    gathered.delete(rig)
    try {
      const beads = await of(rig, signal)
      const results = await write(
        beads,
        all.map(({ one }) => one),
      )
      for (const [n, { done }] of all.entries()) done(results[n] as R)
    } catch (error) {
      for (const { failed } of all) failed(error)
    }
  }
  return (rig: string | undefined, one: T, signal: AbortSignal): Promise<R> =>
    new Promise((done, failed) => {
      const waiting = { one, done, failed }
      const others = gathered.get(rig)
      if (others) others.push(waiting)
      else {
        gathered.set(rig, [waiting])
        last.set(
          rig,
          (last.get(rig) ?? Promise.resolve()).then(() => go(rig, signal)),
        )
      }
    })
}
