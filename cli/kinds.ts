// The kinds of values that options and arguments of `gt` and `bd` have: what each looks like, and how it is read.
// Never: imports what takes time to load; every command pays for this file.
import { addressExamples, isRigName, pluginOf, spelledOut, whereabouts } from '../machines/address.ts'
import { Usage } from './errors.ts'

/** What a value of each kind is once it is read. */
export interface Values {
  flag: boolean
  text: string
  /** Of an issue, or a part of one that no other has; by comma where there are several. */
  id: string
  number: number
  /** Milliseconds. */
  duration: number
  /** Milliseconds since the epoch. */
  moment: number
  /** Spelled out: `wyvern/polecats/Nux` for `wyvern/Nux`. */
  address: string
  /** An address, or several at once: `@town`, `@witnesses`, `wyvern/`; `-`: the text comes from the standard input. */
  recipient: string
  /** Spelled out: `wyvern/plugins/greeter` for `wyvern/greeter`. */
  plugin: string
}
export type Kind = keyof Values

/** One option or argument. */
export interface Value {
  kind: Kind
  /** For texts: the only ones there are. */
  choices?: readonly string[]
  /** For numbers: the least and the most. Whole numbers from 0 where nothing is said. */
  range?: readonly [number, number]
}

/** How a value is written in help: `--timeout <duration>`. */
export const placeholders: { readonly [K in Kind]: string } = {
  flag: '',
  text: '<value>',
  id: '<id>',
  number: '<number>',
  duration: '<duration>',
  moment: '<when>',
  address: '<address>',
  recipient: '<address>',
  plugin: '<rig>/<plugin>',
}

/** Reads what a person typed; Usage says what it should have looked like. `name` is `--timeout` or `<rig>`. */
export function read(name: string, value: Value, text: string, now: number): string | number | boolean {
  switch (value.kind) {
    case 'flag':
      return true
    case 'text':
    case 'id':
      return chosen(name, value, text)
    case 'number':
      return number(name, value.range ?? [0, Number.MAX_SAFE_INTEGER], text)
    case 'duration':
      return duration(name, text)
    case 'moment':
      return moment(name, text, now)
    case 'address':
      return address(name, text)
    case 'recipient':
      return text === '-' || isGroup(text) ? text : address(name, text)
    case 'plugin':
      return plugin(name, text)
  }
}

function chosen(name: string, { choices }: Value, text: string): string {
  if (choices && !choices.includes(text)) throw new Usage(`${name} is ${oneOf(choices)}, not "${text}"`)
  return text
}

const oneOf = (words: readonly string[]) =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

function number(name: string, [least, most]: readonly [number, number], text: string): number {
  const found = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(found) || found < least || found > most) {
    const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
    throw new Usage(`${name} is a whole number ${bounds}, not "${text}"`)
  }
  return found
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const span = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/

/** `90s`, `10m`, `2h`, `1d`, `500ms`; a bare number is seconds. */
function duration(name: string, text: string): number {
  const [, count, unit] = span.exec(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text) ?? []
  if (count === undefined || unit === undefined)
    throw new Usage(`${name} is a duration such as 90s, 10m or 2h (or a number of seconds), not "${text}"`)
  return Number(count) * (unitMs[unit] as number)
}

/** So long ago, a time of today, or a date. */
function moment(name: string, text: string, now: number): number {
  const [, count, unit] = span.exec(text) ?? []
  if (count && unit) return now - Number(count) * (unitMs[unit] as number)
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  const found = hours ? new Date(now).setHours(Number(hours), Number(minutes), 0, 0) : Date.parse(text)
  // A bare number would be taken for a year.
  if (Number.isNaN(found) || /^\d+$/.test(text))
    throw new Usage(`${name} is a span such as 10m or 2h, a time such as 14:30, or a date, not "${text}"`)
  return found
}

/** Whether somebody is there is for the town to say; this is the spelling. */
function plugin(name: string, text: string): string {
  const [rig = '', own = '', ...rest] = text.split('/')
  const spelled = rest.length === 0 ? pluginOf(rig, own) : text
  if (whereabouts(spelled)?.role !== 'plugin') throw new Usage(`${name} is <rig>/<plugin>, not "${text}"`)
  return spelled
}

/** Who belongs to it is for the town to say. */
const isGroup = (text: string) => /^@[a-z][a-z/-]*$/.test(text) || (text.endsWith('/') && isRigName(text.slice(0, -1)))

function address(name: string, text: string): string {
  const spelled = spelledOut(text)
  if (!whereabouts(spelled))
    throw new Usage(`${name} is an address, not "${text}"; addresses look like ${addressExamples}`)
  return spelled
}
