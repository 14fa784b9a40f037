// What Claude Code's hooks, transcript and screen say at its own terminal, as far as it is understood.
// Never: takes a line for empty that it does not know.
import { statSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import { bytesFrom } from '../files.ts'
import { type Fact, short } from './evidence.ts'
import { troubleIn } from './trouble.ts'

const text = z.string().default('')
const of = { session_id: text, transcript_path: text }
const tool = { ...of, tool_name: text, tool_use_id: text, tool_input: z.unknown().optional() }

/** What is understood of its hooks; all else is passed over. */
export const hook = z.discriminatedUnion('hook_event_name', [
  z.looseObject({ hook_event_name: z.literal('SessionStart'), ...of, source: text, model: text }),
  z.looseObject({ hook_event_name: z.literal('UserPromptSubmit'), ...of, prompt: text }),
  z.looseObject({ hook_event_name: z.literal('PreToolUse'), ...tool }),
  z.looseObject({ hook_event_name: z.literal('PostToolUse'), ...tool }),
  z.looseObject({ hook_event_name: z.literal('PostToolUseFailure'), ...tool }),
  z.looseObject({ hook_event_name: z.literal('Stop'), ...of, last_assistant_message: text }),
  z.looseObject({
    hook_event_name: z.literal('StopFailure'),
    ...of,
    error: text,
    error_details: text,
    last_assistant_message: text,
  }),
  z.looseObject({ hook_event_name: z.literal('Notification'), ...of, message: text }),
])
export type Hook = z.infer<typeof hook>
export const hookNames: readonly Hook['hook_event_name'][] = hook.options.map(
  ({ shape }) => shape.hook_event_name.value,
)

type End = (Fact & { what: 'turn_over' })['end']
const ends: Readonly<Record<string, End>> = {
  rate_limit: 'limited',
  billing_error: 'refused',
  authentication_failed: 'refused',
  oauth_org_not_allowed: 'refused',
  model_not_found: 'refused',
}

export function endOfHook(failed: Hook & { hook_event_name: 'StopFailure' }): End {
  const { end } = troubleIn(`${failed.error_details} ${failed.last_assistant_message}`.trim())
  return ends[failed.error] ?? end
}

const count = z.number().default(0)
const usage = z.looseObject({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
})
const block = z.looseObject({ type: text, text })
const entry = z.looseObject({
  type: text,
  isApiErrorMessage: z.boolean().optional(),
  message: z
    .looseObject({ id: text, model: text, content: z.union([z.string(), z.array(block)]), usage: usage.optional() })
    .optional()
    .catch(undefined),
})
type Entry = z.infer<typeof entry>

/** `isNew`: the first of an answer of its model's, which may come in several lines. */
type News = { what: 'interrupted' } | { what: 'answer'; isNew: boolean; facts: Fact[] }

/** Bytes of a transcript that are read at a time; a line that is longer tells nothing. */
const transcriptBytesMax = 16 * 1024 * 1024
/** Characters of it that are remembered, for what it holds. */
const heldMax = 256 * 1024

/** The transcript that it keeps of its conversation: what its model answered, and with how many tokens. */
export class Transcript {
  private path = ''
  private from = 0
  private held = ''
  private last = ''

  /** Where it is. What stands there already, of a conversation that goes on, was heard before. */
  at(path: string): void {
    if (path === '' || path === this.path) return
    this.path = path
    this.from = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  }

  /** What has come since. */
  news(): News[] {
    if (this.path === '') return []
    const { lines, at } = this.read(this.from)
    this.from = at
    return lines.flatMap((line): News[] => {
      const one = parsed(line)
      if (one?.type === 'user') this.held = `${this.held}${textIn(one)}`.slice(-heldMax)
      if (one?.type === 'user' && textIn(one).startsWith('[Request interrupted by user'))
        return [{ what: 'interrupted' }]
      return one?.type === 'assistant' && one.message && !one.isApiErrorMessage ? [this.answer(one.message)] : []
    })
  }

  /** Whether the person's side of it has this, each made comparable. */
  holds(text: string, comparable: (text: string) => string): boolean {
    this.news()
    return comparable(this.held).includes(text)
  }

  private answer({ id, model, usage, content }: NonNullable<Entry['message']>): News {
    const isNew = id !== this.last
    this.last = id
    const said = typeof content === 'string' ? content : content.map(({ text }) => text).join('\n')
    const facts: Fact[] = said.trim() === '' ? [] : [{ what: 'said', text: short(said.trim()) }]
    if (usage)
      facts.push({
        ...{ what: 'usage', id: short(id, 200), model: short(model), cost: null },
        ...{ input: usage.input_tokens + usage.cache_creation_input_tokens, output: usage.output_tokens },
        cached: usage.cache_read_input_tokens,
      })
    return { what: 'answer', isNew, facts }
  }

  /** Whole lines from there on; what cannot be read has none. */
  private read(from: number): { lines: string[]; at: number } {
    try {
      const { bytes, start } = bytesFrom(this.path, from, transcriptBytesMax)
      const whole = bytes.lastIndexOf(0x0a) + 1
      return { lines: bytes.toString('utf8', 0, whole).split('\n'), at: start + whole }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      return { lines: [], at: from }
    }
  }
}

function parsed(line: string): Entry | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return entry.safeParse(JSON.parse(line)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function textIn({ message }: Entry): string {
  const content = message?.content ?? ''
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('\n')
}

const isRule = (line: string) => /^─{20}/.test(line)

/** What stands on its line, between the last two rules of the screen; undefined: there is no such line. */
export function typedLine(screen: readonly string[]): string | undefined {
  const lines = screen.map(stripVTControlCharacters)
  const end = lines.findLastIndex(isRule)
  const begin = lines.findLastIndex((line, at) => at < end && isRule(line))
  const [first = '', ...more] = begin === -1 ? [] : lines.slice(begin + 1, end)
  const [, typed] = /^❯\s?(.*)$/.exec(first) ?? []
  return typed === undefined ? undefined : [typed, ...more].join('\n').trim()
}

/** Nothing is typed: the cursor stands where the line begins, and what else stands there is its own faint hint. */
export function isEmptyLine({ lines, column }: { lines: readonly string[]; column: number }): boolean {
  const typed = typedLine(lines)
  if (typed === undefined || typed.includes('\n') || column !== 2) return false
  return typed === '' || isHint(lines.findLast((line) => stripVTControlCharacters(line).startsWith('❯')) ?? '')
}

/** All that is shown of it is faint, but for the character below the cursor, which is shown the other way round. */
function isHint(line: string): boolean {
  let [isFaint, isTurned, faint] = [false, false, 0]
  for (const [, codes, shown = ' '] of line.matchAll(/\u001b\[([\d;]*)m|(.)/gu)) {
    // Colours are written with numbers of their own.
    for (const code of codes?.replace(/[34]8;(5;\d+|2;\d+;\d+;\d+)/g, '').split(';') ?? []) {
      if (code === '' || code === '0') [isFaint, isTurned] = [false, false]
      if (code === '2' || code === '22') isFaint = code === '2'
      if (code === '7' || code === '27') isTurned = code === '7'
    }
    if (shown.trim() === '' || shown === '❯') continue
    if (isFaint) faint++
    else if (!isTurned) return false
  }
  return faint > 0
}

/** It asks a person something before there is a line to type in. */
export const isQuestion = (screen: readonly string[]): boolean =>
  screen.some((line) =>
    /Enter to (confirm|continue)|Press Enter|Esc to (cancel|exit)/i.test(
      stripVTControlCharacters(line).replace(/\s+/g, ' '),
    ),
  )

/** As it greets with; empty: not yet. */
export const versionOn = (screen: readonly string[]): string =>
  /Claude Code\s+v(\d+(?:\.\d+)+)/.exec(screen.map(stripVTControlCharacters).join('\n'))?.[1] ?? ''
