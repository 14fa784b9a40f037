// An agent that never stops asking.
import { expect, test } from 'vitest'
import { paced } from '../../cli/pace.ts'

test('whoever asks without end waits for its turn, others do not, and a pause makes it good', async () => {
  let at = 0
  const turnOf = paced({ burst: 3, everyMs: 50, waiting: 4 }, () => at)
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

test('no more than a few wait, and a turn that nobody waits for is given back', async () => {
  const turnOf = paced({ burst: 2, everyMs: 1000, waiting: 3 }, () => 0)
  const left = new AbortController()
  const { signal } = new AbortController()
  for (const _ of 'ab') await turnOf('x', signal)
  for (let round = 0; round < 100; round++) {
    const each = new AbortController()
    const asked = turnOf('x', each.signal)
    each.abort()
    await expect(asked).rejects.toThrow(/aborted/)
  }
  const waiting = [1, 2, 3].map(() => turnOf('x', left.signal))
  await expect(turnOf('x', signal)).rejects.toThrow('asked too much at once')
  left.abort()
  expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(Array(3).fill('rejected'))
})
