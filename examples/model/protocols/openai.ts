// How both of OpenAI's protocols say an error.
// Never: says one in the middle of a stream; each protocol has its own way for that.
import type { Trouble } from '../protocol.ts'

const codes: Readonly<Record<number, string>> = { 401: 'invalid_api_key', 429: 'rate_limit_exceeded' }
const words = {
  usage_limit: 'The usage limit has been reached',
  prompt_too_long: 'Your input exceeds the context window of this model. Please adjust your input and try again.',
}

export function errorOf({ status, reason, message, type, code, resets }: Trouble) {
  const error = {
    type: type ?? (status === 429 ? 'requests' : status >= 500 ? 'server_error' : 'invalid_request_error'),
    code: code ?? codes[status] ?? null,
    message: message ?? (reason ? words[reason] : 'The script says so.'),
    param: null,
  }
  if (reason === 'prompt_too_long') error.code = code ?? 'context_length_exceeded'
  if (!resets) return { status, headers: {}, body: { error } }
  // A subscription's limit, as Codex is told it.
  const limit = { type: 'usage_limit_reached', plan_type: 'plus', resets_at: resets.at, resets_in_seconds: resets.inS }
  return { status, headers: { 'retry-after': `${resets.inS}` }, body: { error: { ...error, ...limit } } }
}
