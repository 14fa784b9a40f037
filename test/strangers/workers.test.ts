// Workers that do more, less or something else than they should with main, their issue and their handoff: each has a
// defined end.
import { expect } from 'vitest'
import { story, stranger, until } from './story.ts'
import { oneFile, type Stranger } from './town.ts'

const countRuns = 'echo run >> "$E/runs"'
const runs = (t: Stranger) => (t.evidenceOf('runs') ?? '').split('\n').length - 1
/** A worker that ends in its own way: nothing follows what it does. */
const ending = (t: Stranger, text: string) => t.worker(text, 'exit 0')
/** A session of its has been there, and its place is free again. */
const freeSlot = (t: Stranger, seconds = 15) => {
  until(() => t.outputs() !== '' || t.evidenceOf('runs') !== undefined, 'a session begins', seconds)
  until(
    () =>
      (JSON.parse(t.gt('status', '--json').stdout) as { rigs: { workers: { busy: number } }[] }).rigs[0]?.workers
        .busy === 0,
    'the slot is free',
    seconds,
  )
}

// --- who pushes

story('a worker pushes main: it is refused in words, and what it hands off lands by the gates', { share: true }, () => {
  const t = stranger({
    gate: 'exit 0',
    worker:
      'echo x > new.txt; commit; git push origin HEAD:main 2> "$E/said" && exit 1; git push -q origin +HEAD:refs/heads/main && exit 1; git push -q origin :main && exit 1; git push -q "$(git remote get-url origin)" HEAD:main && exit 1; git push -q origin HEAD:mine',
  })
  t.lands(t.give('One'))
  expect(t.evidenceOf('said')).toMatch(/Refinery.*gt handoff/)
  expect([t.on('new.txt'), t.on('new.txt', 'mine'), t.told()]).toEqual(['x\n', 'x\n', ''])
})

story(
  'a worker pushes main itself and hands off: closed as on main, or told; not told to commit',
  { share: true },
  () => {
    const t = stranger({
      worker: 'echo x > new.txt; commit; git push -q --no-verify origin HEAD:main; git fetch -q origin',
    })
    const { landed, said } = t.ends(t.give('One'))
    expect(t.on('new.txt')).toBe('x\n')
    if (!landed) expect(said).toMatch(/main/)
    expect(t.outputs()).not.toMatch(/nothing (is )?committed|no commit/i)
    freeSlot(t)
  },
)

story(
  'a worker pushes main itself, past the gates: one escalation names it; with foreign_commits allow, none',
  {},
  () => {
    for (const allow of [false, true]) {
      const t = stranger({
        gate: 'exit 0',
        settings: allow ? { foreign_commits: 'allow' } : {},
        worker: 'echo x > new.txt; commit; git push -q --no-verify origin HEAD:main; git fetch -q origin',
      })
      t.ends(t.give('One'))
      t.ends(t.give('Two'))
      if (allow) expect(t.told()).not.toMatch(/gate/i)
      else expect(t.told()).toMatch(/gate|pushed|foreign|untested/i)
    }
  },
)

story('a worker pushes main itself and closes its issue', {}, () => {
  const t = stranger({
    worker: `${countRuns}; echo x > new.txt; commit; git push -q --no-verify origin HEAD:main; bd close "$GT_ISSUE" -r done`,
  })
  ending(
    t,
    `${countRuns}; echo x > new.txt; commit; git push -q --no-verify origin HEAD:main; bd close "$GT_ISSUE" -r done`,
  )
  t.ends(t.give('One'))
  expect([runs(t), t.on('new.txt')]).toEqual([1, 'x\n'])
  freeSlot(t)
})

story('a worker pushes a branch of its own and a tag: both stay, and the work lands', {}, () => {
  const t = stranger({
    worker:
      'echo x > new.txt; commit; git push -q origin HEAD:refs/heads/mine; git tag mine-1; git push -q origin mine-1',
  })
  t.lands(t.give('One'))
  expect([t.on('new.txt'), t.branches()]).toEqual(['x\n', 'main mine'])
})

story('a worker force-pushes main with a rewritten history: it is told, by name', {}, () => {
  const t = stranger({
    before: (t) => t.push('theirs.txt', 'theirs\n'),
    worker: 'git reset -q --hard HEAD~1; echo x > new.txt; commit; git push -qf --no-verify origin HEAD:main',
  })
  const { said } = t.ends(t.give('One'), 25)
  expect(`${said}${t.log()}`).toMatch(/rewrit|not what it was|foreign|pushed|histor/i)
})

// --- its issue

for (const [title, does] of [
  ['closes its issue, and exits 0', 'bd close "$GT_ISSUE" -r "it is right already"'],
  ['says so with gt handoff --no-change', 'gt handoff --no-change "it is right already"'],
] as const)
  story(
    `a worker finds nothing to change and ${title}: one session, closed, not called landed`,
    title.startsWith('closes') ? { share: true } : {},
    () => {
      const t = stranger()
      ending(t, `${countRuns}; ${does}`)
      const id = t.give('One')
      const { last } = t.wait(id, 15)
      freeSlot(t)
      expect(last).not.toMatch(/landed/)
      expect(t.bd('show', id)).toMatch(/it is right already/)
      expect([runs(t), t.told().includes(id)]).toEqual([1, false])
    },
  )

const ends: [string, string, RegExp][] = [
  ['--cannot', 'gt handoff --cannot "the server is secret"', /the server is secret/],
  ['--give-back', 'gt handoff --give-back "not for me"', /not for me/],
]
for (const [flag, does, why] of ends)
  story(`gt handoff ${flag}: one session, the reason is told or kept, the slot is free`, {}, () => {
    const t = stranger()
    ending(t, `${countRuns}; echo half > half.txt; commit; ${does}`)
    const id = t.give('One')
    freeSlot(t)
    expect(runs(t)).toBe(1)
    expect(`${t.told()}${t.log()}${t.bd('show', id)}`).toMatch(why)
    expect(t.kept('half')).toBe(true)
  })

story('gt handoff --blocked-by: it waits, and starts again when the other has landed', {}, () => {
  const t = stranger()
  const other = t.issue('Other')
  t.worker(
    `${countRuns}; if [ "$(title)" = One ] && ! git cat-file -e origin/main:Other.txt 2>/dev/null; then gt handoff --blocked-by ${other} || exit 1; exit 0; fi; ${oneFile}`,
  )
  const id = t.give('One')
  freeSlot(t)
  expect(runs(t)).toBe(1)
  t.ok('spawn', '--issue', other)
  t.lands(other)
  t.gt('spawn', '--issue', id)
  t.lands(id, 20)
})

for (const [title, does] of [
  ['blocks its issue', 'bd update "$GT_ISSUE" --status blocked'],
  ['gives its issue back', 'bd update "$GT_ISSUE" --status open --assignee ""'],
] as const)
  story(`a worker ${title} in bd and exits 0: nobody is started on it again and again`, {}, () => {
    const t = stranger()
    ending(t, `${countRuns}; ${does}`)
    t.give('One')
    freeSlot(t)
    expect(runs(t)).toBe(1)
  })

for (const red of [true, false])
  story(`a worker closes its issue after its handoff, and the gate is ${red ? 'red' : 'green'}`, {}, () => {
    const t = stranger({
      gate: `until_there closed; ${red ? '[ -e good.txt ]' : 'true'}`,
      worker:
        'if [ "$(attempt)" = 1 ]; then echo x > first.txt; commit; gt handoff; bd close "$GT_ISSUE" >/dev/null 2>&1; touch "$E/closed"; exec sleep 600; fi; echo y > good.txt; commit',
    })
    const { landed, status } = t.ends(t.give('One'), 25)
    expect(landed).toBe(t.on('first.txt') !== undefined)
    if (!landed) expect(status).not.toBe(0)
    if (!red) expect(landed).toBe(true)
  })

// --- its handoff

story(
  'a file that comes after the handoff and goes again: it lands once, and the next issue starts',
  { share: true },
  () => {
    const t = stranger({
      add: ['--max-workers', '1'],
      worker: `${countRuns}; if [ "$(title)" = One ]; then echo 1 >> one.txt; commit; (for n in $(seq 2000); do git for-each-ref refs/gt | grep -q "$GT_ISSUE" && break; done; echo junk > report.tmp; sleep 2; rm -f report.tmp) & gt handoff; sleep 3; gt handoff; exec sleep 600; fi; echo 2 > two.txt; commit`,
    })
    const [one, two] = [t.give('One'), t.give('Two')]
    t.lands(one)
    t.lands(two)
    expect([t.on('one.txt'), t.on('two.txt'), runs(t)]).toEqual(['1\n', '2\n', 2])
  },
)

const afterwards: [string, string][] = [
  ['commits again', 'echo later-work > later.txt; git add -A; git commit -qm later'],
  ['amends its commit', 'echo later-work > later.txt; git add -A; git commit -q --amend --no-edit'],
  ['resets its branch', 'echo later-work > later.txt; git add -A; git commit -qm l; git reset -q --hard HEAD~2'],
  ['leaves a file uncommitted', 'echo later-work > later.txt'],
]
for (const [title, does] of afterwards)
  story(`a worker ${title} after its handoff: what was handed over lands, the rest is not lost`, {}, () => {
    const t = stranger({
      gate: 'until_there after; exit 0',
      worker: `${countRuns}; echo x > new.txt; commit; gt handoff; ${does}; touch "$E/after"; exec sleep 600`,
    })
    t.lands(t.give('One'), 25)
    expect(t.on('new.txt')).toBe('x\n')
    freeSlot(t)
    // Undone by the worker itself is undone; anything else is on main or kept.
    if (!does.includes('reset')) expect(t.on('later.txt') ?? t.kept('later-work')).toBeTruthy()
    expect(runs(t)).toBeLessThanOrEqual(2)
  })

story('a worker hands off twice, and five times at once: one landing', {}, () => {
  const t = stranger({ worker: `${oneFile}; gt handoff; gt handoff; for n in 1 2 3 4 5; do gt handoff & done; wait` })
  t.lands(t.give('One'))
  expect(t.subjects()).toHaveLength(3)
  freeSlot(t)
})

story('a worker that hands off nothing is told how to say that there is nothing', {}, () => {
  const t = stranger({ settings: { session_tries: 1 } })
  ending(t, 'gt handoff; echo "status $?"; exit 0')
  t.ends(t.give('One'))
  expect(t.outputs()).toMatch(/commit|--no-change/)
  expect(t.outputs()).toMatch(/status [1-9]/)
})

story('a worker that exits 0 with nothing done: told after its tries, the work of nobody is waited for', {}, () => {
  const t = stranger({ settings: { session_tries: 2 } })
  ending(t, `${countRuns}; echo "I am done"`)
  t.stands(t.give('One'), /I am done|handoff/)
  expect(runs(t)).toBe(2)
})

for (const [title, does] of [
  [
    'a merge',
    'git checkout -q -b side; echo s > README.md; commit; git checkout -q -; echo m > README.md; commit; git merge -q side',
  ],
  [
    'a rebase',
    'git checkout -q -b side; echo s > README.md; commit; git checkout -q -; echo m > README.md; commit; git rebase -q side',
  ],
] as const)
  story(`a worker hands off in the middle of ${title}: nothing torn lands`, {}, () => {
    const t = stranger({ settings: { session_tries: 1 } })
    t.worker(`(${does}) >/dev/null 2>&1; true`)
    t.ends(t.give('One'), 25)
    expect(t.on('README.md')).not.toContain('<<<<')
  })
