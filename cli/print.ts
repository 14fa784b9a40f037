// The one door to a terminal: columns and colours, and texts that others wrote. What steers a terminal is shown, a line
// stays one line, and a text of several is indented, so that it looks like nothing of the town's own.
// Never: colour where there is no terminal, or with NO_COLOR; lets a text of an agent or an origin steer the terminal.
import { fstatSync, writeSync } from 'node:fs'
import process from 'node:process'
import { oneLine, plain } from '../actors/plain.ts'
import { turning } from '../machines/texts.ts'

export { oneLine, plain } from '../actors/plain.ts'

/** A text of several lines, such as a mail's. */
export interface Body {
  body: string
  indent: string
}
export type Line = string | Body
/** Indented, so that no line of it can be taken for the town's. */
export const body = (text: string): Body => ({ body: text, indent: '    ' })
/** Where there is nothing else that it could be taken for. */
export const verbatim = (text: string): Body => ({ body: text, indent: '' })

/** To people, on standard output. */
export const say = (lines: readonly Line[]): void => write('stdout', lines)

/** To people, beside the answer. */
export const tell = (...lines: readonly Line[]): void => write('stderr', lines)

/** What went wrong; words of several lines are indented from the second on. */
export function complain(who: string, words: string): void {
  const [first = '', ...rest] = words.split('\n')
  tell(`${who}: ${first}`, ...(rest.length > 0 ? [body(rest.join('\n'))] : []))
}

/** A line of a terminal that is written over by the next; `isLast`: and is gone then. */
export const progressed = (words: string, isLast: boolean): void =>
  put('stderr', `\r\u001b[K${isLast ? '' : oneLine(words)}`)

/** To programs, as it is: scripts, drawings, bytes that somebody asked for. JSON has been through `json`. */
export const raw = (text: string | Uint8Array, to: Output = 'stdout'): void => put(to, text)

/** Bytes that come in pieces, as text that steers nothing. */
export function plainPieces(): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder()
  let rest = ''
  return (bytes) => {
    const text = rest + decoder.decode(bytes, { stream: true })
    // Half of a line's end.
    rest = text.endsWith('\r') ? '\r' : ''
    return plain(rest === '' ? text : text.slice(0, -1))
  }
}

type Output = 'stdout' | 'stderr'
const descriptors = { stdout: 1, stderr: 2 } as const

/**
 * Written straight to the descriptor: Node's streams, which it loads the first time one is asked for, take longer to
 * load than most commands take to run.
 */
function put(to: Output, text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(descriptors[to], bytes, done)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // Who hears nothing of what is said beside the answer wants the answer all the same, and how it ended.
      if (code === 'EPIPE' && to === 'stderr') return
      // Who reads no further (`gt log | head`) has what they wanted.
      if (code === 'EPIPE') process.exit()
      if (code !== 'EAGAIN') throw error
      // A pipe that somebody made not to wait, and that is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

/** Whether a person reads it there. */
export const isTerminal = (of: Output): boolean =>
  // Asked of Node only where it can be one: /dev/null is such a device too.
  fstatSync(descriptors[of]).isCharacterDevice() && process[of].isTTY === true

function write(to: Output, lines: readonly Line[]): void {
  if (lines.length > 0) put(to, `${lines.map(shownLine).join('\n')}\n`)
}

/** As the terminal may have it. */
export function shownLine(line: Line): string {
  if (typeof line === 'string') return oneLine(line, ownColours)
  const shown = plain(line.body)
  return line.indent === '' ? shown : shown.replaceAll(/^(?=.)/gm, line.indent)
}

/** The town's own colours, which are no more than that: faint, bold, red to cyan. */
const ownColours = /\u001b\[(?:[012]|3[1-6])m/g

/**
 * JSON for programs. What steers a terminal even from inside of JSON is written as an escape, which means the same:
 * DEL, C1, separators of lines, and what turns the direction of writing.
 */
export const json = (data: unknown, space?: number): string => safeJson(JSON.stringify(data, null, space))

const steersInJson = new RegExp(`[\\u007f-\\u009f${turning}]`, 'g')

/** The same of JSON that is there already. */
export const safeJson = (text: string): string =>
  text.replaceAll(steersInJson, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Data with every text in it made plain. */
export function plainly<T>(data: T): T {
  if (typeof data === 'string') return plain(data) as T
  if (Array.isArray(data)) return data.map(plainly) as T
  if (data === null || typeof data !== 'object') return data
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [plain(name), plainly(value)])) as T
}

/** Rows as aligned columns; each is one line, and a cell one word of it. */
export function table(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map((cell) => oneLine(cell, ownColours)))
  const widthOf = (cell = '') => cell.replaceAll(ownColours, '').length
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column]))))
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
      .join('  ')
      .trimEnd(),
  )
}

export const colour = (code: number, text: string) =>
  !process.env.NO_COLOR && isTerminal('stdout') ? `\u001b[${code}m${text}\u001b[0m` : text

/** The time of day of a moment, faint. */
export const clock = (at: number) => colour(2, new Date(at).toTimeString().slice(0, 8))

/** At most so many columns of a line; colour codes are kept whole. */
export function cut(line: string, columns: number): string {
  let room = columns
  return line.replaceAll(/(\u001b\[\d+m)|./gu, (part: string, code?: string) =>
    code === undefined && room-- <= 0 ? '' : part,
  )
}
