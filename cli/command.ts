// What a `gt` word declares, and how its words are parsed and explained.
// Never: does the work of one.
import process from 'node:process'
import { parseArgs } from 'node:util'
import type { Methods } from './api.ts'

export class Usage extends Error {
  override name = 'Usage'
}

/** What a command is handed besides its own words. */
export interface Context {
  /** The town's root; throws with words when there is none here. */
  town(): string
  /** With patience, a town that is not up is asked again, the same request, for so long. */
  ask<M extends keyof Methods>(
    method: M,
    params: Methods[M]['params'],
    event?: (event: unknown) => void,
    patienceMs?: number,
  ): Promise<Methods[M]['data']>
  /** Prints data as JSON with --json, else as the lines given. */
  print(data: unknown, lines: () => readonly string[]): void
  json: boolean
  flags: Record<string, string | boolean | string[] | undefined>
  args: string[]
}

export interface Option {
  type: 'string' | 'boolean'
  short?: string
  multiple?: boolean
  /** What it does, for help and the reference. */
  about: string
}

export interface Command {
  summary: string
  /** After the word: `<rig> <polecat>`. */
  usage: string
  examples: readonly string[]
  options?: Record<string, Option>
  /** How many arguments there may be; at least, at most. */
  args: readonly [number, number]
  run(context: Context): Promise<number | undefined> | number | undefined
}

export const command = (declaration: Command) => declaration

export const globalOptions: Record<string, Option> = {
  json: { type: 'boolean', about: 'data as JSON' },
  help: { type: 'boolean', short: 'h', about: 'this text' },
  town: { type: 'string', short: 'C', about: 'the town’s folder; else GT_TOWN, else the one around you' },
}

export function parse(
  word: string,
  declaration: Command,
  argv: readonly string[],
): { flags: Context['flags']; args: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { ...globalOptions, ...declaration.options },
      allowPositionals: true,
      strict: true,
    })
    const flags = values as Context['flags']
    const [least, most] = declaration.args
    if (!flags.help && (positionals.length < least || positionals.length > most))
      throw new Usage(`usage: gt ${word} ${declaration.usage}`)
    return { flags, args: positionals }
  } catch (error) {
    if (error instanceof Usage) throw error
    throw new Usage(
      `${error instanceof Error ? error.message.split('. ')[0] : error}; \`gt ${word} --help\` lists what there is`,
    )
  }
}

export function help(word: string, declaration: Command): string {
  return [
    declaration.summary,
    '',
    `usage: gt ${word} ${declaration.usage}`.trimEnd(),
    '',
    'options:',
    ...optionLines({ ...declaration.options, ...globalOptions }),
    '',
    'examples:',
    ...declaration.examples.map((line) => `  ${line}`),
  ].join('\n')
}

export function optionLines(options: Record<string, Option>): string[] {
  return table(
    Object.entries(options).map(([name, option]) => [
      `  ${option.short ? `-${option.short},` : '   '} --${name}${option.type === 'string' ? ' <value>' : ''}`,
      option.about,
    ]),
  )
}

/** Rows as aligned columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
  // Colour codes take no room.
  const widthOf = (cell = '') => cell.replaceAll(/\u001b\[\d+m/g, '').length
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
