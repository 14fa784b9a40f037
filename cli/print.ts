// How words reach a terminal: columns and colours, and texts that others wrote.
// Never: colour where there is no terminal, or with NO_COLOR; lets a text of an agent or an origin steer the terminal.
import process from 'node:process'

/** C0 but tab and line feed, DEL, C1, and what turns the direction of writing. */
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** A text that is not the town's own, as a terminal may have it: what would steer the terminal is shown as `�`. */
export const plain = (text: string): string => text.replaceAll('\r\n', '\n').replaceAll(steering, '\ufffd')

/** The same in one line, for cells and headings. */
export const oneLine = (text: string): string => plain(text.replaceAll(/\s*[\r\n\u0085\u2028\u2029]+\s*/g, ' '))

/** Data with every text in it made plain. */
export function plainly<T>(data: T): T {
  if (typeof data === 'string') return plain(data) as T
  if (Array.isArray(data)) return data.map(plainly) as T
  if (data === null || typeof data !== 'object') return data
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [plain(name), plainly(value)])) as T
}

/** Colour codes take no room. */
const bare = (text: string) => text.replaceAll(/\u001b\[\d+m/g, '')

/** Rows as aligned columns; each is one line. */
export function table(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map((cell) => cell.replaceAll(/\s*\n\s*/g, ' ')))
  const widthOf = (cell = '') => bare(cell).length
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column]))))
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
      .join('  ')
      .trimEnd(),
  )
}

export const colour = (code: number, text: string) =>
  process.stdout.isTTY && !process.env.NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text

/** The time of day of a moment, faint. */
export const clock = (at: number) => colour(2, new Date(at).toTimeString().slice(0, 8))

/** At most so many columns of a line; colour codes are kept whole. */
export function cut(line: string, columns: number): string {
  let room = columns
  return line.replaceAll(/(\u001b\[\d+m)|./gu, (part: string, code?: string) =>
    code === undefined && room-- <= 0 ? '' : part,
  )
}
