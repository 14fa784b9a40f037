// From a step of the script to what is answered: which calls, which words, how many tokens.
// Never: leaves an answer empty; a step that the agent has no tool for is said in words.
import { asideAnswer } from './asides.ts'
import type { Stepless } from './conversations.ts'
import type { Answer, Asked, Trouble } from './protocol.ts'
import type { Answers, Fails, Use } from './script.ts'
import { callFor, waitingCalls } from './tools.ts'

/** What is said once a script is over. */
export const overText = 'DONE'

/** `bytes`: the request's size, which is what tokens are counted from where the script gives none. */
export function answerOf(does: Answers | Stepless, asked: Asked, bytes: number): Answer {
  if (does === 'over') return said(overText, bytes)
  if (does === 'aside') return said(asideAnswer(asked), bytes)
  if (does === 'waiting') return { ...said('', bytes), pieces: [], calls: waitingCalls(asked) }
  const uses = does.calls.map((use) => ({ use, call: callFor(use, asked.tools) }))
  const missing = uses.filter(({ call }) => call === undefined).map(({ use }) => without(use, asked))
  const calls = uses.flatMap(({ call }) => call ?? [])
  const streamed = Array.from({ length: does.stream.pieces }, (_, n) => `Piece ${n + 1} of ${does.stream.pieces}. `)
  const pieces = [...streamed, ...(does.say ? [does.say] : []), ...missing]
  // An answer without anything in it is taken for a failure by most agents.
  if (pieces.length === 0 && calls.length === 0) pieces.push(overText)
  const { usage } = said([does.think, ...pieces, JSON.stringify(calls)].join(''), bytes)
  const { input = usage.input, cached = 0, output = usage.output } = does.usage
  return { thought: does.think, pieces, calls, usage: { input, cached, output } }
}

const said = (text: string, bytes: number): Answer => ({
  thought: undefined,
  pieces: [text],
  calls: [],
  usage: { input: tokensIn(bytes), cached: 0, output: tokensIn(text.length) },
})

const tokensIn = (length: number) => Math.ceil(length / 4)

function without(use: Use, { tools }: Asked): string {
  const names = tools.map(({ name }) => name).join(', ')
  return `No tool here does ${JSON.stringify(use)}. This agent offers ${names || 'none'}; tools.ts knows which to use.`
}

const statuses = { usage_limit: 429, prompt_too_long: 400 } as const

export function troubleOf({ error, message, type, code, resetsInS }: Fails['error'], nowMs: number): Trouble {
  if (typeof error === 'number') return { status: error, message, type, code }
  const resets = { at: Math.ceil(nowMs / 1000) + resetsInS, inS: resetsInS }
  const limit = error === 'usage_limit' ? { resets } : {}
  return { status: statuses[error], reason: error, message, type, code, ...limit }
}
