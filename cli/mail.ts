// What the words about mail share: who asks, what they may note, and how mail is shown.
// Never: marks mail of an agent's as read or dealt with for anybody but that agent.
import process from 'node:process'
import type { Mail, Progress } from '../actors/beads/mail.ts'
import type { TownMail } from '../actors/beads/town-mail.ts'
import { overseer, whereabouts } from '../machines/address.ts'
import { Usage } from './errors.ts'
import { body, type Line, tell } from './print.ts'

/** Whose mail is meant where nobody is named. */
export const oneself = () => process.env.GT_ADDRESS ?? overseer

/** Works with the mail of a town, and says what of it could not be looked at. */
export async function withMail<T>(town: string, work: (mail: TownMail) => T | Promise<T>): Promise<T> {
  const { mailOfTown } = await import('../actors/beads/town-mail.ts')
  const mail = mailOfTown(town)
  try {
    return await work(mail)
  } finally {
    mail.close()
    tell(...mail.troubles)
  }
}

/** The mails of these ids, or parts of ids, each once; all of them, or none. */
export function named(mail: TownMail, ids: readonly string[], word: string): Mail[] {
  if (ids.length === 0) throw new Usage(`usage: gt mail ${word} <id> …`)
  return [...new Map(ids.map(mail.found).map((each) => [each.id, each])).values()]
}

/** Says that these are dealt with, and so that they were read: its reader alone knows. Throws before anything is written. */
export function deal(mail: TownMail, some: readonly Mail[], asker: Asker): void {
  mayMark(some, asker)
  const other = some.find((each) => !asker.reads(each))
  if (other) throw new Error(`${onlyIts(other)}; nothing was written`)
  const progress = mail.progress(some)
  const fresh = some.filter(({ id }) => progress.get(id)?.acked === null)
  if (fresh.length > 0) mail.note(fresh, ['read', 'acked'], { by: asker.address })
}

/** Throws, in words, for who may not do anything to one of these. */
export function mayMark(some: readonly Mail[], asker: Asker): void {
  const why = some.map(asker.mayNot).find((each) => each !== undefined)
  if (why !== undefined) throw new Error(`${why}; nothing was written`)
}

export interface Asker {
  address: string
  /** It reads this when it is shown it: an agent its own, a person what is no agent's. */
  reads(mail: Pick<Mail, 'to'>): boolean
  /** Why it may not do anything to this, in words; undefined: it may. A person may put anybody's away. */
  mayNot(mail: Pick<Mail, 'id' | 'to'>): string | undefined
}

/** Who asks, as the kernel says. */
export async function askerIn(town: string): Promise<Asker> {
  const { mayNot, whoIsHere } = await import('./here.ts')
  const who = whoIsHere(town)
  if (who === undefined) return { address: overseer, reads: ({ to }) => !isAgents(to), mayNot: () => undefined }
  const address = who.kind === 'program' ? '' : who.address
  return {
    address,
    reads: ({ to }) => to === address,
    mayNot: (mail) => mayNot('agents', who) ?? (mail.to === address ? undefined : onlyIts(mail)),
  }
}

const onlyIts = ({ id, to }: Pick<Mail, 'id' | 'to'>) => `${id} is mail to ${to}, and only its reader says that`

const isAgents = (address: string) => ['polecat', 'plugin', 'session'].includes(whereabouts(address)?.role ?? '')

/** Says that those were put before their reader, where it is their reader who asks; that it cannot be noted is told. */
export async function noteShown(town: string, mail: TownMail, shown: readonly Pick<Mail, 'id' | 'to'>[]) {
  const fresh = mail.unseen(shown)
  if (fresh.length === 0) return
  const asker = await askerIn(town)
  const own = fresh.filter((each) => asker.reads(each))
  if (own.length === 0) return
  try {
    mail.note(own, ['shown'], { by: asker.address, withinMs: 1000 })
  } catch (error) {
    tell(`it could not be noted that this was shown: ${error instanceof Error ? error.message : error}`)
  }
}

/** A moment, in UTC. */
export const when = (at: string) => at.slice(0, 19).replace('T', ' ')

const steps = ['acked', 'read', 'expired', 'shown', 'delivered', 'queued'] as const
/** The last step that a mail has come to. */
const stepOf = (progress: Progress): (typeof steps)[number] => steps.find((step) => progress[step]) ?? 'queued'

/** How far it has come, with when; of several, how many how far: `1 read, 2 delivered`. */
export function cameTo(...all: readonly Progress[]): string {
  const [only, other] = all
  if (only && !other) return `${stepOf(only)} ${when(only[stepOf(only)] ?? '')}`
  const many = Map.groupBy(all, stepOf)
  return steps.flatMap((step) => (many.has(step) ? [`${many.get(step)?.length} ${step}`] : [])).join(', ')
}

/** What was sent as one is together, under the id by which it is known. */
export function asSent<M extends Pick<Mail, 'id' | 'to' | 'group'>>(all: readonly M[]) {
  return [...Map.groupBy(all, ({ id, group }) => group ?? id)].map(([group, some]) => {
    const first = some[0] as M
    return some.length === 1
      ? { id: first.id, to: first.to, first, some }
      : { id: group, to: `${some.length} addresses`, first, some }
  })
}

/** A mail with its text, which is indented: no line of it can be taken for one of its head. */
export const whole = (mail: Mail): Line[] => [
  `From: ${mail.from}`,
  `To: ${mail.to}`,
  `Subject: ${mail.subject}`,
  `Date: ${mail.sent_at}`,
  ...(mail.priority === 2 ? [] : [`Priority: P${mail.priority}`]),
  ...(mail.reply_to === null ? [] : [`Answers: ${mail.reply_to}`]),
  ...(mail.expires_at === null ? [] : [`Of use until: ${mail.expires_at}`]),
  '',
  body(mail.body),
]

/** Told beside a list. */
export const strangers = (count: number): string[] =>
  count > 0 ? [`${count} not sent by this town, or changed since, left out: bd list --type message`] : []
