// What `send` and `reply` share: the text of a mail, wherever it was typed, and what becomes of it once it is sent.
// Never: reads more than a mail can hold; asks the town how far one has come, for its store says so.
import { closeSync, openSync, readSync } from 'node:fs'
import type { Mail, Progress } from '../actors/beads/mail.ts'
import { bodyLengthMax, subjectLengthMax } from '../machines/texts.ts'
import { Usage } from './errors.ts'
import { cameTo, withMail } from './mail.ts'
import { tell } from './print.ts'
import type { Context, FlagsOf, Options } from './word.ts'

/** Where the text of a mail is. */
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

/** What a mail has come to once it has come to this. */
const orLater: Readonly<Record<string, readonly (keyof Progress)[]>> = {
  delivered: ['delivered', 'shown', 'read', 'acked'],
  shown: ['shown', 'read', 'acked'],
  read: ['read', 'acked'],
  acked: ['acked'],
}
/** How often it is looked whether anybody has written, in milliseconds; nothing is read where nobody has. */
const lookEveryMs = 100

export const waits = {
  wait: {
    kind: 'text',
    choices: ['delivered', 'shown', 'read', 'acked'],
    alone: 'read',
    about: 'wait until it is delivered, shown, read (if nothing is said) or acked; 1 if it is not within the time',
  },
  timeout: { kind: 'duration', about: 'how long --wait waits at most; 5m if left out' },
} as const satisfies Options

/** Before anything is sent. */
export function checkWait({ wait, timeout }: FlagsOf<typeof waits>): void {
  if (timeout !== undefined && wait === undefined)
    throw new Usage('--timeout says how long --wait waits; say --wait too')
}

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

/** `waits`: why nobody sees it just now. */
type Sent = Pick<Mail, 'id' | 'to'> & { waits?: string | undefined }

/** What was sent, and how far it has come where that was waited for; the exit code. */
export async function toldOf(
  { town, json, print }: Pick<Context, 'town' | 'json' | 'print'>,
  said: { subject: string; priority: number },
  { thread, sent }: { thread: string | null; sent: readonly Sent[] },
  { wait, timeout }: FlagsOf<typeof waits>,
): Promise<number> {
  const line = ({ id, to, waits }: Sent) => `${id} to ${to}${waits ? `: ${waits}` : ''}`
  if (wait === undefined) {
    print(
      sent.map((each) => ({ ...each, ...said, thread })),
      (all) => all.map(line),
    )
    return 0
  }
  if (!json) tell(...sent.map((each) => `${line(each)}; waiting until it is ${wait}`))
  const { isThere, progress } = await waited(town(), sent, wait, timeout)
  print(
    sent.map((each) => ({ ...each, ...said, thread, progress: progress.get(each.id) ?? null })),
    (all) => all.map(({ id, to, progress }) => `${id} to ${to}: ${progress ? cameTo(progress) : 'on its way there'}`),
  )
  return isThere ? 0 : 1
}
