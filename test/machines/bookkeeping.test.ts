// The bookkeeping of the Refinery and the Witness, for any queue and any news: nothing is lost, nothing is made up, and
// an escalation ends exactly when its cause does.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterRemoval, afterRetirement, afterReturn } from '../../machines/endings.ts'
import {
  begun as begunQueue,
  built,
  failed,
  landed,
  parted,
  type RefineryContext,
  refused,
  rested,
  takenIn,
  takenOut,
  tells,
  unbuilt,
  waitsForMain,
  went,
} from '../../machines/landing.ts'
import { begun, type WitnessContext } from '../../machines/ledger.ts'
import { type Obstacle, type Outgoing, obstacle, outcome } from '../../machines/mail.ts'
import type { Change, News } from '../../machines/profile.ts'
import type { Queued } from '../../machines/queue.ts'

const hash = (letter: string) => letter.repeat(40)
const ids = fc.uniqueArray(
  fc.integer({ min: 1, max: 6 }).map((n) => `w-${n}`),
  { minLength: 1 },
)
const queuedOf = (issue: string): Queued => ({
  issue,
  title: `Do ${issue}`,
  polecat: `P${issue}`,
  branch: 'polecat/Nux-1',
  sha: hash('b'),
  ref: `refs/gt/merge/${issue}`,
  priority: 2,
  queuedAt: 0,
  wait: null,
  setbacks: 0,
  alone: false,
  maybeOnMain: false,
})
const stuckOf = fc.uniqueArray(
  fc.record({
    what: fc.constantFrom(...obstacle.options),
    until: fc.constantFrom('build', 'land', 'confirm', 'gates', 'landed', 'held'),
  }) as fc.Arbitrary<RefineryContext['stuck'][number]>,
  { selector: ({ what, until }) => what + until },
)
/** A Refinery in the middle of something. */
const refinery = fc
  .record({ all: ids, busy: fc.array(fc.boolean(), { minLength: 6 }), stuck: stuckOf })
  .map(({ all, busy, stuck }): RefineryContext => {
    const queue = all.map(queuedOf)
    const members = queue.filter((_, n) => busy[n])
    return { ...begunQueue(undefined), rig: 'w', queue, members, stuck, base: hash('a'), main: hash('a') }
  })
const kept = (context: RefineryContext, news: News<RefineryContext>): RefineryContext => ({
  ...context,
  ...news.changes,
})
const issuesIn = ({ queue }: RefineryContext) => queue.map(({ issue }) => issue)
const told = (news: { mail?: readonly Outgoing[] }, type: string) =>
  (news.mail ?? []).flatMap((mail) =>
    mail.type === type ? [String((mail.body as { issue?: string; what?: string }).issue ?? '')] : [],
  )
const unstuck = (news: { mail?: readonly Outgoing[] }) =>
  (news.mail ?? []).flatMap((mail) => (mail.type === 'merge.unstuck' ? [mail.body.what] : []))

test('whatever becomes of a candidate, each of its work is in the queue still, or told of: landed, returned, removed', () => {
  const verdict = { kind: 'red' as const, gate: 'test', passed: [], exitCode: 1, timedOut: false, tail: '', log: '' }
  const output = (context: RefineryContext) => ({
    kind: 'built' as const,
    base: hash('a'),
    commit: hash('c'),
    landing: context.members.slice(1).map(({ issue }) => ({ issue, commit: hash('c') })),
    contained: [],
    unfit: context.members
      .slice(0, 1)
      .map(({ issue }) => ({ issue, kind: 'conflict' as const, why: 'conflicts', files: [], base: hash('a') })),
    foreign: [],
  })
  const changes: ((context: RefineryContext) => Change<RefineryContext>)[] = [
    (context) => built(output(context)),
    () => failed(verdict),
    () => refused,
    () => parted,
    () => unbuilt(1),
    () => waitsForMain(1),
    () => landed(1),
    () => rested(1),
  ]
  fc.assert(
    fc.property(refinery, fc.constantFrom(...changes), (context, change) => {
      const landing = context.members.slice(1).map(({ issue }) => ({ issue, commit: hash('c') }))
      const before = { ...context, landing }
      const news = change(before)(before)
      const gone = [...told(news, 'merge.returned'), ...told(news, 'merge.landed')]
      expect([...issuesIn(kept(before, news)), ...gone].sort()).toEqual([...issuesIn(before)].sort())
      // Who is not in the candidate is not touched.
      for (const other of before.queue.filter((each) => !before.members.includes(each)))
        expect(kept(before, news).queue).toContainEqual(other)
    }),
  )
})

test('times are counted as far as they make a difference: a town whose origin is away for a year has no more to keep', () => {
  fc.assert(
    fc.property(refinery, fc.constantFrom(unbuilt(1), waitsForMain(1), refused), (context, change) => {
      let now = context
      for (let times = 0; times < 10; times++) now = kept(now, change(now))
      expect(kept(now, change(now))).toEqual(now)
    }),
  )
})

test('what is taken out is told and gone, and nothing else is; what is not in the queue is not taken out', () => {
  fc.assert(
    fc.property(refinery, fc.constantFrom('w-1', 'w-2', 'w-9'), (context, issue) => {
      const event = { type: 'queue.removal' as const, from: 'overseer', at: 1, mailId: 'm-1', issue, why: '' }
      const news = takenOut(event)(context)
      const was = issuesIn(context).includes(issue)
      expect(told(news, 'merge.removed')).toEqual(was ? [issue] : [])
      expect(news.reply?.ok).toBe(was)
      expect(issuesIn(kept(context, news))).toEqual(issuesIn(context).filter((each) => each !== issue))
    }),
  )
})

test('an escalation ends exactly when nothing of its kind remains', () => {
  const steps: ['build' | 'land' | 'confirm' | 'gates' | 'landed', ...string[]][] = [
    ['build'],
    ['gates'],
    ['land'],
    ['build', 'land', 'confirm', 'landed'],
  ]
  fc.assert(
    fc.property(refinery, fc.constantFrom(...steps), (context, well) => {
      for (const change of [went(...well), rested(1)]) {
        const news = change(context)
        const left = kept(context, news).stuck.map(({ what }) => what)
        const before = [...new Set(context.stuck.map(({ what }) => what))]
        expect([...unstuck(news)].sort()).toEqual(before.filter((what) => !left.includes(what)).sort())
      }
      // Another step's success says nothing.
      const left = kept(context, went(...well)(context)).stuck
      expect(left).toEqual(context.stuck.filter(({ until }) => !well.includes(until)))
    }),
  )
})

test('the Overseer is told of an obstacle once until it is over', () => {
  fc.assert(
    fc.property(refinery, fc.constantFrom<Obstacle>(...obstacle.options), (context, what) => {
      const known = context.stuck.some((each) => each.what === what)
      const once = tells(what, 'why', 'land')(context)
      expect(told(once, 'merge.stuck')).toHaveLength(known ? 0 : 1)
      expect(told(tells(what, 'why', 'land')(kept(context, once)), 'merge.stuck')).toEqual([])
    }),
  )
})

test('newer work of an issue replaces what waits; who asked and the Witness hear where it is', () => {
  fc.assert(
    fc.property(refinery, fc.constantFrom('w-1', 'w-7'), (context, issue) => {
      const request = { ...queuedOf(issue), sha: hash('e'), askId: null }
      const event = { ...request, type: 'merge.requested' as const, from: 'w/polecats/Nux', at: 1, mailId: 'm-1' }
      const news = takenIn(event)(context)
      expect(kept(context, news).queue.filter((each) => each.sha === hash('e'))).toHaveLength(1)
      expect(told(news, 'merge.queued')).toEqual([issue, issue])
    }),
  )
})

const witness = ids.map(
  (all): WitnessContext => ({
    ...begun({ rig: 'w', maxWorkers: 3, spawnDelayMs: 0, triesMax: 3 }),
    wanted: { epics: [], issues: all },
    workers: { Nux: { issue: all[0] as string, title: 't', attempt: 1, returned: null, since: 0 } },
    queued: Object.fromEntries(all.slice(1).map((id) => [id, { polecat: `P${id}` }])),
  }),
)

test('however a worker ends, its issue is queued, closed, wanted still, or escalated; others are not touched', () => {
  fc.assert(
    fc.property(
      witness,
      fc.constantFrom(...outcome.options),
      fc.option(fc.constant('w-9')),
      (context, how, blockedBy) => {
        const issue = context.workers.Nux?.issue as string
        const news = afterRetirement(context, {
          ...{ type: 'worker.retired', from: 'w/witness/Nux', at: 1, mailId: 'm-1', tail: '', kept: [] },
          ...{ issue, polecat: 'Nux', incarnation: 1, outcome: how, reason: 'why', blockedBy },
        })
        const after = { ...context, ...news.changes }
        expect(after.workers).toEqual({})
        expect(after.queued).toEqual(context.queued)
        const asked = told(news, 'escalation.raised').length
        expect(after.escalated).toEqual(asked > 0 ? [issue] : [])
        // Never closed and given back at once; escalated is never left open for anybody.
        expect(Boolean(news.close) && Boolean(news.release)).toBe(false)
        if (asked > 0) expect(news.release?.status).toBe('blocked')
        expect(asked > 0).toBe(
          ['cannot', 'given_back', 'failed'].includes(how) || (how === 'blocked' && blockedBy === null),
        )
      },
    ),
  )
})

test('work that comes back goes to one more worker or to the Overseer, and counts as what it is', () => {
  const base = fc.constantFrom('a', 'd').map(hash)
  fc.assert(
    fc.property(
      witness,
      fc.constantFrom('conflict' as const, 'red' as const),
      fc.array(base),
      (context, kind, mains) => {
        let now = context
        for (const main of mains) {
          const before = now
          const news = afterReturn(before, {
            ...{ type: 'merge.returned', from: 'w/refinery', at: 1, mailId: 'm-1' },
            ...{ issue: 'w-1', title: 't', polecat: 'Nux', ref: 'r', sha: hash('b') },
            returned: { kind, summary: 's', files: [], tail: '', base: main },
          })
          now = { ...before, ...news.changes }
          const back = now.returned.some(({ issue }) => issue === 'w-1')
          expect(back === now.escalated.includes('w-1')).toBe(false)
          if (!back) return
          // Another main than the last time is nobody's fault.
          const met = before.conflicts['w-1']
          const moved = kind === 'conflict' && met?.base !== main
          expect((now.tries['w-1'] ?? 0) - (before.tries['w-1'] ?? 0)).toBe(moved ? 0 : 1)
        }
      },
    ),
  )
})

test('what is taken out of the queue by the Overseer is theirs; what was closed is no more', () => {
  fc.assert(
    fc.property(witness, fc.constantFrom('overseer', 'w/witness'), (context, by) => {
      const news = afterRemoval(context, {
        ...{ type: 'merge.removed', from: 'w/refinery', at: 1, mailId: 'm-1', by, why: '' },
        ...{ issue: 'w-2', title: 't', polecat: 'Pw-2', ref: 'r', sha: hash('b') },
      })
      const after = { ...context, ...news.changes }
      expect([after.queued['w-2'], after.wanted.issues.includes('w-2')]).toEqual([undefined, false])
      expect(after.escalated).toEqual(by === 'overseer' ? ['w-2'] : [])
    }),
  )
})
