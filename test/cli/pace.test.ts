// An agent that never stops asking.
import { expect, test } from 'vitest'
import { paced } from '../../cli/pace.ts'

test('whoever asks without end waits for its turn, others do not, and a pause makes it good', async () => {
  let at = 0
  const turnOf = paced({ burst: 3, everyMs: 50 }, () => at)
  const { signal } = new AbortController()
  const went: string[] = []
  const asks = (who: string, signalled = signal) => turnOf(who, signalled).then(() => went.push(who))
  const all = [...'aaaa'].map((who) => asks(who))
  await asks('b')
  expect(went).toEqual(['a', 'a', 'a', 'b'])
  await Promise.all(all)
  expect(went.at(-1)).toBe('a')
  const impatient = new AbortController()
  const left = asks('a', impatient.signal)
  impatient.abort()
  await expect(left).rejects.toThrow()
  at = 1000
  await Promise.race([asks('a'), new Promise((_, reject) => setImmediate(reject))])
})
