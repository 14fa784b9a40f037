// Mail that comes together is committed together; what is refused takes nothing along.
import { expect, test } from 'vitest'
import { openMailroom } from '../../cli/mailroom.ts'
import { world } from '../runtime/counter.ts'

test('mails of one moment are one commit, each told after it; one to nobody is refused alone', async () => {
  const w = world()
  const host = w.open()
  let commits = 0
  let pokes = 0
  let poked = () => {}
  const handled = new Promise<void>((resolve) => {
    poked = resolve
  })
  const counting = {
    post: host.post,
    together: <T>(work: () => T): T => {
      commits++
      return host.together(work)
    },
  }
  const take = openMailroom(counting, () => {
    pokes++
    poked()
  })
  const to = (n: number) => (n === 7 ? 'nobody' : 'c/1')
  const taken = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => take([{ id: `m${n}`, from: 'x', to: to(n), type: 'add', body: { n: 1 } }])),
  )
  expect(taken.filter(({ status }) => status === 'rejected')).toMatchObject([
    { reason: { message: expect.stringContaining('nobody is at "nobody"') } },
  ])
  // One commit that one of them spoils, then each by itself.
  expect([commits, host.depth().mail]).toEqual([21, 19])
  await handled
  expect(pokes).toBe(1)
  // Said again, it is the same mail.
  expect(await take([{ id: 'm0', from: 'x', to: 'c/1', type: 'add', body: { n: 1 } }])).toEqual(['m0'])
  expect(host.depth().mail).toBe(19)
  // What is sent together is taken together, or not at all.
  const both = ['c/1', 'nobody'].map((each) => ({ id: `to-${each}`, from: 'x', to: each, type: 'add', body: {} }))
  await expect(take(both)).rejects.toThrow('nobody is at "nobody"')
  expect(host.mail('to-c/1')).toBeUndefined()
  host.close()
  w.dispose()
})

test('what cannot be committed is nobody’s mail', async () => {
  const take = openMailroom(
    {
      post: () => ({ id: 'x', repeated: false }),
      together: () => {
        throw new Error('the disk is full')
      },
    },
    () => {},
  )
  const draft = { from: 'x', to: 'c/1', type: 'add', body: {} }
  expect(await Promise.allSettled([take([draft]), take([draft])])).toMatchObject([
    { status: 'rejected', reason: { message: 'the disk is full' } },
    { status: 'rejected' },
  ])
})
