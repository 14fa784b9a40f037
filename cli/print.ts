// How words reach a terminal: columns and colours.
// Never: colour where there is no terminal, or with NO_COLOR.
import process from 'node:process'

/** Colour codes take no room. */
const bare = (text: string) => text.replaceAll(/\u001b\[\d+m/g, '')

/** Rows as aligned columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
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
