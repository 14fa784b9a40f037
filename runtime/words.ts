// Words: what a machine may say besides `invoke`, `after`, `raise` and `assign`, as named actions with params. The only
// place where they are understood:
// `mail` {to, type, body?} · `reply` {to: a mail's id, or null when nobody asked, ok, text, data?} · `note` {text,
// issue?}, for the journal · `claimSlot` and `freeSlot` {pool, holder} · `acceptCapacity` {pool, places} · any effect's
// name with its input; nobody waits for its result. Params may be an array: the word is said once for each.
// Never: carries one out, or lets one pass that lacks a part.
import type { Json } from './contract.ts'

export type Word =
  | { kind: 'mail'; to: string; type: string; body: unknown }
  | { kind: 'reply'; to: string; ok: boolean; text: string; data: Json }
  | { kind: 'note'; text: string; issue: string | null }
  | { kind: 'claimSlot' | 'freeSlot'; pool: string; holder: string }
  | { kind: 'acceptCapacity'; pool: string; places: number }
  | { kind: 'effect'; name: string; input: unknown }

/** What an action says, in order. Throws, naming the word and the part, when one is not of its shape. */
export function wordsIn(action: string, params: unknown): Word[] {
  return (Array.isArray(params) ? params : [params]).flatMap((each) => wordIn(action, each))
}

function wordIn(action: string, params: unknown): Word | [] {
  switch (action) {
    case 'mail': {
      const parts = partsOf(action, params)
      return { kind: 'mail', to: parts.name('to'), type: parts.name('type'), body: parts.any('body') ?? {} }
    }
    case 'reply': {
      const parts = partsOf(action, params)
      const said = { ok: parts.flag('ok'), text: parts.text('text'), data: (parts.any('data') ?? null) as Json }
      // Nobody asked: there is nobody to answer.
      if ((parts.any('to') ?? null) === null) return []
      return { kind: 'reply', to: parts.name('to'), ...said }
    }
    case 'note': {
      const parts = partsOf(action, params)
      const issue = parts.any('issue') ?? ''
      return { kind: 'note', text: parts.text('text'), issue: issue === '' ? null : parts.name('issue') }
    }
    case 'claimSlot':
    case 'freeSlot': {
      const parts = partsOf(action, params)
      return { kind: action, pool: parts.name('pool'), holder: parts.name('holder') }
    }
    case 'acceptCapacity': {
      const parts = partsOf(action, params)
      return { kind: action, pool: parts.name('pool'), places: parts.count('places') }
    }
    default:
      return { kind: 'effect', name: action, input: params }
  }
}

/** Reads the parts of one word, each checked. */
function partsOf(word: string, params: unknown) {
  if (typeof params !== 'object' || params === null)
    throw new Error(`the word "${word}" needs its parts as an object, not ${JSON.stringify(params)}`)
  const parts = params as Readonly<Record<string, unknown>>
  const wrong = (part: string, what: string) =>
    new Error(`the word "${word}" needs ${what} as its "${part}", not ${JSON.stringify(parts[part])}`)
  const text = (part: string): string => {
    const value = parts[part]
    if (typeof value !== 'string') throw wrong(part, 'text')
    return value
  }
  return {
    any: (part: string): unknown => parts[part],
    text,
    name(part: string): string {
      if (text(part) === '') throw wrong(part, 'a name')
      return text(part)
    },
    flag(part: string): boolean {
      const value = parts[part]
      if (typeof value !== 'boolean') throw wrong(part, 'true or false')
      return value
    },
    count(part: string): number {
      const value = parts[part]
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw wrong(part, 'a whole number')
      return value
    },
  }
}
