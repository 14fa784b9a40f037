// What went wrong, where an agent tells of its service's error in words only.
// Never: takes a word of the agent's own for its service's; callers hand over errors, not what a model said.
import type { Fact } from './evidence.ts'

export type End = (Fact & { what: 'turn_over' })['end']

export interface Trouble {
  end: End
  /** The HTTP status, where the words begin with one or name one. */
  status: number | null
  /** When a used-up allowance comes back, in milliseconds since the epoch. */
  until: number | null
}

const overlong =
  /context.length.exceeded|maximum context length|prompt (is|as) too long|context (window|limit)|input token count|too many tokens/i
const refused =
  /(invalid|incorrect|missing|no|not a valid).{0,20}api.?key|unauthori[sz]ed|authentication|insufficient.quota|billing|credit balance|model.{0,60}(not found|does not exist|not supported)|no model/i
const limited = /usage.limit|rate.?limit|quota|resource.exhausted|too many requests/i

/** What these words of an error mean for the turn that they ended. */
export function troubleIn(words: string, knownStatus?: number | null): Trouble {
  const status = knownStatus ?? statusIn(words)
  const [, seconds] = /"?resets?_?at"?\s*[:=]\s*"?(\d{10})\b/i.exec(words) ?? []
  return { end: endOf(words, status), status, until: seconds ? Number(seconds) * 1000 : null }
}

function endOf(words: string, status: number | null): End {
  if (overlong.test(words)) return 'overlong'
  if ([401, 402, 403, 404].includes(status ?? 0) || refused.test(words)) return 'refused'
  return status === 429 || limited.test(words) ? 'limited' : 'failed'
}

/** `401: …`, `status 401`, `(status code: 401)`, `"code":401`. */
function statusIn(words: string): number | null {
  const [, first, named] = /^\W*([45]\d\d)\b|(?:status|code|http)[^\w]*(?:code)?[^\w]*([45]\d\d)\b/i.exec(words) ?? []
  const status = first ?? named
  return status === undefined ? null : Number(status)
}
