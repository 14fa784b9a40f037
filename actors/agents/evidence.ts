// What a driver tells of its agent: facts, in the order in which they came; and the log of a session's facts, which is
// the evidence of what its agent has done.
// Never: decides what a fact means for the work.
import { fsyncSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { beginAgain, bytesFrom, openForAppending } from '../files.ts'

const words = z.string().max(2000)

/** Every kind of fact. Times are milliseconds since the epoch, as the supervisor's clock says. */
export const fact = z.discriminatedUnion('what', [
  /** The agent is there, and says so itself. `conversation` is what it can be resumed with. */
  z.object({ what: z.literal('started'), conversation: z.string().max(200), version: words, model: words }),
  z.object({ what: z.literal('turn_began') }),
  /**
   * A turn is over, and the agent waits to be spoken to. `limited`: an allowance of its account is used up;
   * `refused`: key, credit or configuration, which no waiting mends; `overlong`: its context is full; `failed`: the
   * service or the stream, after the agent's own retries.
   */
  z.object({
    what: z.literal('turn_over'),
    end: z.enum(['done', 'interrupted', 'limited', 'refused', 'overlong', 'failed']),
    why: words,
  }),
  z.object({ what: z.literal('said'), text: words }),
  z.object({ what: z.literal('tool_began'), id: z.string().max(200), name: words, on: words }),
  z.object({ what: z.literal('tool_over'), id: z.string().max(200) }),
  /**
   * What became of words for the agent: `taken` by its program, `delivered` before its model, `answered`; `dropped`
   * words are to be said again.
   */
  z.object({
    what: z.literal('message'),
    id: z.string().max(200),
    state: z.enum(['taken', 'delivered', 'answered', 'dropped']),
  }),
  /** It tries again by itself; null: it does not say when. */
  z.object({ what: z.literal('retrying'), status: z.int().nullable(), inMs: z.number().nullable(), why: words }),
  /** null: it does not say until when. */
  z.object({ what: z.literal('limited'), until: z.number().nullable(), window: words }),
  z.object({ what: z.literal('context'), used: z.int(), window: z.int() }),
  /** Tokens of one answer of a model; the last line of an `id` counts. `cost` in US dollars, null where nobody says. */
  z.object({
    what: z.literal('usage'),
    id: z.string().max(200),
    model: words,
    input: z.int(),
    output: z.int(),
    cached: z.int(),
    cost: z.number().nullable(),
  }),
  z.object({ what: z.literal('compacted') }),
  /** The agent's program has ended. */
  z.object({ what: z.literal('gone'), exitCode: z.int().nullable(), signal: z.string().nullable(), tail: words }),
  /** What its program printed that is no word of its protocol. */
  z.object({ what: z.literal('noise'), text: words }),
])
export type Fact = z.infer<typeof fact>
/** As it was written down: `at` in milliseconds since the epoch. */
export type Told = Fact & { at: number }

const told = z.intersection(fact, z.object({ at: z.number() }))
export const evidenceFile = (dir: string) => join(dir, 'evidence.jsonl')

/**
 * Bytes of evidence of one session, of what decides something and of what does not. No agent at work has told so much;
 * chatter beyond it is not written down.
 */
const evidenceBytesMax = 16 * 1024 * 1024
/** No fact is longer: what an agent's program says of itself is not bounded by its driver. */
const lineCharsMax = 65_536
const chatter: readonly Fact['what'][] = ['said', 'tool_began', 'tool_over', 'noise', 'retrying', 'context']

/**
 * Writes facts of one session; what decides something is on disk when it returns. false: there was too much of that,
 * and nothing is written any more but the agent's end.
 */
export function evidenceIn(dir: string, now: () => number): (one: Fact) => boolean {
  const fd = openForAppending(evidenceFile(dir))
  const bytes = { chatter: 0, facts: 0 }
  return (one) => {
    const kind = chatter.includes(one.what) ? 'chatter' : 'facts'
    const isFull = bytes[kind] > evidenceBytesMax && one.what !== 'gone'
    if (isFull) return kind === 'chatter'
    const line = `${JSON.stringify({ at: now(), ...one })}\n`
    if (line.length > lineCharsMax) return true
    bytes[kind] += line.length
    writeSync(fd, line)
    if (kind === 'facts') fsyncSync(fd)
    return true
  }
}

const outputBytesMax = 8 * 1024 * 1024

/** What is shown of a session, beside its evidence: its last, and as much before that in a file of its own. */
export const boundOutput = (dir: string): void => beginAgain(join(dir, 'output.log'), outputBytesMax)

/** Facts from this byte on, whole lines only, and where the next begin. A file that is not there has none. */
export function evidenceFrom(dir: string, from: number, bytesMax = 1024 * 1024): { facts: Told[]; next: number } {
  const { bytes, start } = bytesIn(dir, from, bytesMax)
  const whole = bytes.lastIndexOf(0x0a) + 1
  // No line is as long as that: it is passed over.
  const end = whole === 0 && bytes.length === bytesMax ? bytes.length : whole
  const facts = bytes
    .toString('utf8', 0, end)
    .split('\n')
    .map(parsed)
    .filter((one) => one !== undefined)
  return { facts, next: start + end }
}

/** All there are so far, of a long session piece by piece. */
export function* evidenceOf(dir: string): Generator<Told> {
  for (let from = 0; ; ) {
    const { facts, next } = evidenceFrom(dir, from)
    yield* facts
    if (next === from) return
    from = next
  }
}

/** What cannot be read tells nothing; that its agent has seen to. */
function bytesIn(dir: string, from: number, bytesMax: number) {
  try {
    return bytesFrom(evidenceFile(dir), from, bytesMax)
  } catch (error) {
    if (!['EACCES', 'EISDIR', 'ELOOP', 'ENOTDIR', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error
    return { bytes: Buffer.alloc(0), start: from }
  }
}

function parsed(line: string): Told | undefined {
  try {
    return told.safeParse(JSON.parse(line)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** A text as a fact may hold it. */
export const short = (text: string, most = 1000): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

/** A time that is none is not told. */
const timeWords = (at: number | null) =>
  at === null || !(Math.abs(at) < 8.64e15) ? '' : ` until ${new Date(at).toISOString()}`

/** A fact as a person reads it; one line, but for what the agent itself says. */
export function shown(one: Fact): string {
  switch (one.what) {
    case 'started':
      return `· ${one.model || 'the agent'} is here (${one.version || 'of no version'})`
    case 'turn_began':
      return '· at work'
    case 'turn_over':
      return one.end === 'done' ? '· its turn is over' : `· its turn is over: ${one.end} ${one.why}`.trimEnd()
    case 'said':
      return one.text
    case 'tool_began':
      return `> ${one.name} ${one.on}`.trimEnd()
    case 'message':
      return `· words ${one.id.slice(0, 8)}: ${one.state}`
    case 'retrying':
      return `· ${one.why || 'no answer'}; tries again${one.inMs === null ? '' : ` in ${Math.ceil(one.inMs / 1000)} s`}`
    case 'limited':
      return `· out of its allowance${timeWords(one.until)}`
    case 'context':
      return `· ${Math.round((100 * one.used) / Math.max(1, one.window))} % of its context is full`
    case 'usage':
      return `· ${one.model}: ${one.input} in, ${one.cached} cached, ${one.output} out`
    case 'compacted':
      return '· its context was made shorter'
    case 'gone':
      return `· ended ${one.signal ?? `with ${one.exitCode}`}`
    case 'noise':
      return one.text
    case 'tool_over':
      return ''
  }
}
