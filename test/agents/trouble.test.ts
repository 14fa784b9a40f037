// What errors in words mean: those that the agents were seen to tell.
import { expect, test } from 'vitest'
import { troubleIn } from '../../actors/agents/trouble.ts'

test.each([
  ['401: {"code":"invalid_api_key","message":"The script says so."}', 'refused'],
  ['Authentication failed with provider at http://127.0.0.1/v1 (HTTP 401).', 'refused'],
  ["Model 'scripted' not found on provider at http://127.0.0.1/v1 (HTTP 404).", 'refused'],
  ['litellm.AuthenticationError: OpenAIException - Incorrect API key provided', 'refused'],
  ['429: {"code":"insufficient_quota","message":"You exceeded your current quota"}', 'refused'],
  ['429 The usage limit has been reached', 'limited'],
  ['You have exhausted your daily quota on this model.', 'limited'],
  ['400: {"code":"context_length_exceeded"}', 'overlong'],
  ['The provider rejected the prompt as too long, but automatic recovery could not reduce it.', 'overlong'],
  ['The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).', 'overlong'],
  ['Failed to get response from the AI model; retried 5 times', 'failed'],
  ['529: {"type":"overloaded_error"}', 'failed'],
  ['terminated', 'failed'],
  ['', 'failed'],
])('%s: %s', (words, end) => {
  expect(troubleIn(words).end).toBe(end)
})

test('when an allowance comes back is known where the words have it', () => {
  expect(troubleIn('429: {"type":"usage_limit_reached","resets_at":1795678298}')).toEqual({
    end: 'limited',
    status: 429,
    until: 1795678298_000,
  })
})
