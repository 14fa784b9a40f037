// What the words about mail share: who asks, what they may note, the text that was typed, and how mail is shown.
// Never: marks mail of an agent's for anybody but that agent, unless a person says so in so many words.
import { closeSync, openSync, readSync } from 'node:fs'
import process from 'node:process'
import type { Mail, Progress } from '../actors/beads/mail.ts'
import type { TownMail } from '../actors/beads/town-mail.ts'
import { overseer, whereabouts } from '../machines/address.ts'
import { bodyLengthMax, subjectLengthMax } from '../machines/texts.ts'
import { Usage } from './errors.ts'
import { body, type Line, tell } from './print.ts'
import type { Context, FlagsOf, Options } from './word.ts'

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

/** Says that these are dealt with, and so that they were read. Throws before anything is written. */
export function deal(mail: TownMail, some: readonly Mail[], asker: Asker): void {
  for (const each of some) {
    const why = asker.mayNot(each)
    if (why !== undefined) throw new Error(`${why}; nothing was written`)
  }
  const progress = mail.progress(some)
  const fresh = some.filter(({ id }) => progress.get(id)?.acked === null)
  if (fresh.length > 0) mail.note(fresh, ['read', 'acked'], asker.address)
}

export interface Asker {
  address: string
  /** It reads this when it is shown it: an agent its own, a person what is no agent's. */
  reads(mail: Pick<Mail, 'to'>): boolean
  /** Why it may not say that this is dealt with, in words; undefined: it may. */
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
    mayNot: ({ id, to }) =>
      mayNot('agents', who) ?? (to === address ? undefined : `${id} is mail to ${to}, and only its reader says that`),
  }
}

const isAgents = (address: string) => ['polecat', 'plugin', 'session'].includes(whereabouts(address)?.role ?? '')

/** Says that those were put before their reader, where it is their reader who asks; that it cannot be noted is told. */
export async function noteShown(town: string, mail: TownMail, shown: readonly Mail[]): Promise<void> {
  const fresh = mail.unseen(shown)
  if (fresh.length === 0) return
  const asker = await askerIn(town)
  const own = fresh.filter((each) => asker.reads(each))
  if (own.length === 0) return
  try {
    mail.note(own, ['shown'], asker.address)
  } catch (error) {
    tell(`it could not be noted that this was shown: ${error instanceof Error ? error.message : error}`)
  }
}

/** The text of a mail: for `send` and `reply`. */
export const texts = {
  message: { kind: 'text', short: 'm', about: 'the text; - is the standard input' },
  body: { kind: 'text', about: 'the same as --message' },
  file: { kind: 'text', short: 'F', about: 'a file with the text; - is the standard input' },
  stdin: { kind: 'flag', about: 'the text comes from the standard input' },
} as const satisfies Options

/** The text that was typed, or where it was said to be; undefined: none was. */
export function textOf(flags: FlagsOf<typeof texts>, isPiped = false): string | undefined {
  const ways: Readonly<Record<string, string | undefined>> = {
    '-m': flags.message,
    '--body': flags.body,
    '--file': flags.file,
    '--stdin': flags.stdin ? '-' : undefined,
    '-': isPiped ? '-' : undefined,
  }
  const said = Object.entries(ways).filter(([, value]) => value !== undefined)
  if (said.length > 1) throw new Usage(`the message is said twice, by ${said.map(([way]) => way).join(' and ')}`)
  const [way, given] = said[0] ?? []
  const text = given === undefined ? given : given === '-' ? contentOf(0) : way === '--file' ? fromFile(given) : given
  if (text !== undefined) checkLength('the message', text, bodyLengthMax)
  return text
}

export function subjectOf(subject: string | undefined): string {
  if (!subject?.trim()) throw new Usage('give a subject: -s "…"')
  checkLength('the subject', subject, subjectLengthMax)
  return subject
}

function checkLength(what: string, text: string, most: number): void {
  if (text.length > most) throw new Usage(`${what} has ${text.length} characters; ${most} is the most`)
}

function fromFile(path: string): string {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw new Usage(`${path} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
  try {
    return contentOf(file)
  } finally {
    closeSync(file)
  }
}

/** Without the line break at its end; no more is read than a mail can hold. */
function contentOf(file: number): string {
  const bytes = Buffer.alloc(4 * bodyLengthMax + 1)
  let size = 0
  for (let got = -1; got !== 0 && size < bytes.length; size += Math.max(0, got)) got = readSome(file, bytes, size)
  if (size === bytes.length)
    throw new Usage(`the message has more than ${size - 1} bytes; ${bodyLengthMax} characters is the most`)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
      .decode(bytes.subarray(0, size))
      .replace(/\r?\n$/, '')
  } catch {
    throw new Usage('the message is no text in UTF-8; send the path of such a file instead')
  }
}

function readSome(file: number, bytes: Buffer, from: number): number {
  for (;;)
    try {
      return readSync(file, bytes, from, bytes.length - from, null)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'EAGAIN') throw new Usage(`the message cannot be read: ${message}`)
      // A pipe that somebody made not to wait, and that is empty yet.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
}

type Step = (typeof steps)[number]
/** What a mail has come to once it has come to this. */
const orLater: Readonly<Record<string, readonly Step[]>> = {
  delivered: ['delivered', 'shown', 'read', 'acked'],
  shown: ['shown', 'read', 'acked'],
  read: ['read', 'acked'],
  acked: ['acked'],
}
/** How often it is looked whether anybody has written, in milliseconds; nothing is read where nobody has. */
const lookEveryMs = 100

/** For `send` and `reply`. */
export const waits = {
  wait: {
    kind: 'text',
    choices: ['delivered', 'shown', 'read', 'acked'],
    alone: 'read',
    about: 'wait until it is delivered, shown, read (if nothing is said) or acked; 1 if it is not within the time',
  },
  timeout: { kind: 'duration', about: 'how long --wait waits at most; 5m if left out' },
} as const satisfies Options

/**
 * Waits until each of these has come so far, or cannot any more, or time is over; how far each is then, undefined for
 * one that is in no inbox yet. The town may go down meanwhile.
 */
export async function waited(
  town: string,
  sent: readonly Pick<Mail, 'id' | 'to'>[],
  step: keyof typeof orLater & string,
  withinMs = 300_000,
): Promise<{ isThere: boolean; progress: Map<string, Progress> }> {
  const wanted = orLater[step] ?? []
  const until = performance.now() + withinMs
  return withMail(town, async (box) => {
    let seen = ''
    for (let progress = new Map<string, Progress>(); ; await new Promise((done) => setTimeout(done, lookEveryMs))) {
      const version = box.versions(sent.map(({ to }) => to))
      if (version !== seen) progress = box.progress(box.filed(sent))
      seen = version
      const all = sent.map(({ id }) => progress.get(id))
      const isThere = all.every((each) => each && wanted.some((one) => each[one]))
      const isOver = all.every((each) => each && (each.expired ?? wanted.find((one) => each[one])))
      if (isThere || isOver || performance.now() >= until) return { isThere, progress }
    }
  })
}

/** What was sent, and how far it has come where that was waited for; the exit code. */
export async function toldOf(
  { town, json, print }: Pick<Context, 'town' | 'json' | 'print'>,
  { thread, sent }: { thread: string | null; sent: readonly Pick<Mail, 'id' | 'to'>[] },
  { wait, timeout }: FlagsOf<typeof waits>,
): Promise<number> {
  const line = (each: Pick<Mail, 'id' | 'to'>) => `${each.id} to ${each.to}`
  if (wait === undefined) {
    print(
      sent.map((each) => ({ ...each, thread })),
      (all) => all.map(line),
    )
    return 0
  }
  if (!json) tell(...sent.map((each) => `${line(each)}: sent; waiting until it is ${wait}`))
  const { isThere, progress } = await waited(town(), sent, wait, timeout)
  print(
    sent.map((each) => ({ ...each, thread, progress: progress.get(each.id) ?? null })),
    (all) => all.map((each) => `${line(each)}: ${each.progress ? cameTo(each.progress) : 'on its way to the inbox'}`),
  )
  return isThere ? 0 : 1
}

/** A moment, in UTC. */
export const when = (at: string) => at.slice(0, 19).replace('T', ' ')

const steps = ['acked', 'read', 'expired', 'shown', 'delivered', 'queued'] as const
/** The last step that a mail has come to. */
export const stepOf = (progress: Progress): (typeof steps)[number] => steps.find((step) => progress[step]) ?? 'queued'
/** The same, with when. */
export const cameTo = (progress: Progress) => `${stepOf(progress)} ${when(progress[stepOf(progress)] ?? '')}`

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
