// Workers that do more, less or something else than they should: each has a defined end, nothing of theirs is lost,
// and nothing of theirs runs as the town.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { story, stranger, until } from './story.ts'
import { oneFile, type Stranger } from './town.ts'

const countRuns = 'echo run >> "$E/runs"'
const runs = (t: Stranger) => (t.evidenceOf('runs') ?? '').split('\n').length - 1
/** A worker that ends in its own way: nothing follows what it does. */
const ending = (t: Stranger, text: string) => t.worker(text, 'exit 0')
const freeSlot = (t: Stranger, seconds = 15) =>
  until(
    () =>
      (JSON.parse(t.gt('status', '--json').stdout) as { rigs: { workers: { busy: number } }[] }).rigs[0]?.workers
        .busy === 0,
    'the slot is free',
    seconds,
  )

// --- who pushes

story(
  'a worker pushes main itself and hands off: closed as on main, or told; not told to commit',
  { share: true },
  () => {
    const t = stranger({ worker: 'echo x > new.txt; commit; git push -q origin HEAD:main; git fetch -q origin' })
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
        worker: 'echo x > new.txt; commit; git push -q origin HEAD:main; git fetch -q origin',
      })
      t.ends(t.give('One'))
      t.ends(t.give('Two'))
      if (allow) expect(t.told()).not.toMatch(/gate/i)
      else expect(t.told()).toMatch(/main/)
    }
  },
)

story('a worker pushes main itself and closes its issue', {}, () => {
  const t = stranger({
    worker: `${countRuns}; echo x > new.txt; commit; git push -q origin HEAD:main; bd close "$GT_ISSUE" -r done`,
  })
  ending(t, `${countRuns}; echo x > new.txt; commit; git push -q origin HEAD:main; bd close "$GT_ISSUE" -r done`)
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
    worker: 'git reset -q --hard HEAD~1; echo x > new.txt; commit; git push -qf origin HEAD:main',
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
  story(
    `a worker closes its issue after its handoff, and the gate is ${red ? 'red' : 'green'}`,
    red ? { share: true } : {},
    () => {
      const t = stranger({
        gate: `until_there closed; ${red ? '[ -e good.txt ]' : 'true'}`,
        worker:
          'if [ "$(attempt)" = 1 ]; then echo x > first.txt; commit; gt handoff; bd close "$GT_ISSUE" >/dev/null 2>&1; touch "$E/closed"; exec sleep 600; fi; echo y > good.txt; commit',
      })
      const { landed, status } = t.ends(t.give('One'), 25)
      expect(landed).toBe(t.on('first.txt') !== undefined)
      if (!landed) expect(status).not.toBe(0)
      if (!red) expect(landed).toBe(true)
    },
  )

// --- its handoff

story(
  'a file that comes after the handoff and goes again: it lands once, and the next issue starts',
  { share: true },
  () => {
    const t = stranger({
      add: ['--max-workers', '1'],
      worker: `${countRuns}; if [ "$(title)" = One ]; then echo 1 >> one.txt; commit; (for n in $(seq 40); do echo junk > report.tmp; sleep 0.05; rm -f report.tmp; sleep 0.03; done) & gt handoff; sleep 3; gt handoff; exec sleep 600; fi; echo 2 > two.txt; commit`,
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

// --- its repository

const vandals: [string, string][] = [
  [
    'deletes .git and makes a new repository',
    'rm -rf .git; git init -q; git config user.name v; git config user.email v@example.invalid; commit',
  ],
  ['deletes .git', 'commit; rm -rf .git'],
  ['runs git init again', 'commit; git init -q'],
  ['moves its worktree', 'commit; mv "$PWD" "$PWD-moved"; cd "$PWD-moved"'],
  ['deletes its worktree', 'commit; d=$PWD; cd /; rm -rf "$d"'],
  ['sets core.bare', 'commit; git config core.bare true'],
  ['sets core.worktree', 'commit; git config core.worktree /tmp'],
  ['commits on a detached HEAD', 'git checkout -q --detach; commit'],
  ['commits on another branch', 'git checkout -q -b mine; commit'],
  ['renames its branch', 'commit; git branch -m mine'],
  ['checks out main and commits there', 'git checkout -q main 2>/dev/null || git checkout -q -B main; commit'],
  [
    'makes an orphan of its branch',
    'b=$(git branch --show-current); git checkout -q --orphan o; commit; git branch -M o "$b"',
  ],
  [
    'deletes every ref it can see',
    'commit; git for-each-ref --format="delete %(refname)" | grep -v "$(git branch --show-current)$" | git update-ref --stdin',
  ],
  ['collects garbage at once', 'commit; git reflog expire --expire=now --all; git gc -q --prune=now'],
  ['removes the remote', 'commit; git remote remove origin'],
  ['leaves a lock of the index', 'commit; touch "$(git rev-parse --git-dir)/index.lock"'],
  [
    'leaves a lock of its branch',
    'commit; touch "$(git rev-parse --git-common-dir)/refs/heads/$(git branch --show-current).lock"',
  ],
  ['locks its worktree', 'commit; git worktree lock .'],
  ['makes worktrees of its own', 'commit; git worktree add -q -b wt1 ../mine-wt; git worktree add -q -b wt2 inside-wt'],
  ['uses a sparse checkout', 'git sparse-checkout set --no-cone /One.txt; git add --sparse -A; git commit -qm One'],
  ['breaks the index', 'commit; echo junk > "$(git rev-parse --git-dir)/index"'],
  ['leaves folders that nobody may write', 'commit; mkdir -p l/l; echo x > l/l/x; chmod -R a-w l'],
]
for (const [title, does] of vandals)
  story(`a worker ${title}: landed or told, its work kept, and the next issue lands`, {}, () => {
    const t = stranger({ settings: { session_tries: 2, retire_tries: 2 } })
    t.worker(`if [ "$(title)" = One ]; then echo precious-work > One.txt; ${does}; else ${oneFile}; fi`)
    const { landed } = t.ends(t.give('One'), 30)
    expect(t.on('README.md')).toBe('hello\n')
    if (landed) expect(t.on('One.txt')).toBe('precious-work\n')
    else if (!title.startsWith('deletes .git and')) expect(t.kept('precious-work')).toBe(true)
    t.lands(t.give('Two'), 20)
    expect(t.on('Two.txt')).toBe('Two\n')
  })

story('a worker points origin elsewhere, for fetch and push: the town pushes where config.json says', {}, () => {
  const t = stranger({
    before: (t) => t.sh(t.dir, 'git clone -q --bare origin.git elsewhere.git'),
    worker: `${oneFile}; git config remote.origin.url "$T/elsewhere.git"; git config remote.origin.pushurl "$T/elsewhere.git"; git config url."$T/elsewhere.git".insteadOf "$T/origin.git"`,
  })
  for (const name of ['One', 'Two']) {
    t.lands(t.give(name))
    expect(t.on(`${name}.txt`)).toBe(`${name}\n`)
  }
  expect(t.sh(join(t.dir, 'elsewhere.git'), 'git rev-list --count --all')).toBe('1')
})

// --- what it plants

/** Says that it ran where no session is: the town itself ran it, with or without the person's secret. */
const spy = (t: Stranger) =>
  t.script(
    'evidence/spy',
    `#!/bin/bash
[ -n "$GT_TOKEN" ] || echo "ran by $(tr '\\0' ' ' < /proc/$PPID/cmdline), SECRET=$SECRET" >> '${t.evidence}/ran'
cat 2>/dev/null
exit 1
`,
  )
const plants: [string, string][] = [
  ['core.fsmonitor', 'git config core.fsmonitor "$E/spy"'],
  [
    'hooks',
    'd=$(git rev-parse --git-common-dir)/hooks; mkdir -p "$d"; for h in pre-commit post-checkout pre-push reference-transaction post-index-change post-merge pre-auto-gc post-rewrite proc-receive update pre-receive post-update; do cp "$E/spy" "$d/$h"; done; git config core.hooksPath "$d"',
  ],
  [
    'a filter',
    'echo "* filter=spy" > "$(git rev-parse --git-common-dir)/info/attributes"; git config filter.spy.clean "$E/spy"; git config filter.spy.smudge "$E/spy"; git config filter.spy.process "$E/spy"; touch One.txt',
  ],
  [
    'a merge driver',
    'echo "* merge=spy" > "$(git rev-parse --git-common-dir)/info/attributes"; git config merge.spy.driver "$E/spy"; git config merge.default spy',
  ],
  [
    'a diff program and textconv',
    'echo "* diff=spy" > "$(git rev-parse --git-common-dir)/info/attributes"; git config diff.external "$E/spy"; git config diff.spy.textconv "$E/spy"; git config diff.spy.command "$E/spy"',
  ],
  [
    'ssh, askpass, helpers, pagers and editors',
    'for k in core.sshCommand core.askPass credential.helper core.pager core.editor sequence.editor gpg.program gpg.ssh.program core.gitProxy; do git config $k "$E/spy"; done; git config commit.gpgsign true; git config log.showSignature true',
  ],
  [
    'upload-pack and receive-pack',
    'git config remote.origin.uploadpack "$E/spy"; git config remote.origin.receivepack "$E/spy"; git config uploadpack.packObjectsHook "$E/spy"',
  ],
  [
    'a repository inside, with a watcher',
    'git init -q inner; git -C inner config core.fsmonitor "$E/spy"; (cd inner; git config user.name i; git config user.email i@example.invalid; echo i > i; git -c core.fsmonitor= add -A; git -c core.fsmonitor= commit -qm i); echo inner >> "$(git rev-parse --git-common-dir)/info/exclude"',
  ],
  [
    'an include of another configuration',
    'git config -f "$E/more" core.fsmonitor "$E/spy"; git config include.path "$E/more"',
  ],
]
for (const [title, does] of plants)
  story(
    `a worker plants ${title}: the town’s own git runs nothing of it`,
    title === 'hooks' ? { share: true } : {},
    () => {
      const t = stranger({
        env: { SECRET: 'the-persons-own' },
        before: spy,
        gate: 'exit 0',
        worker: `${oneFile}; if [ "$(title)" = One ]; then ${does}; rm -f "$E/ran"; fi`,
      })
      t.ends(t.give('One'), 25)
      expect(t.evidenceOf('ran')).toBe(undefined)
      t.ends(t.give('Two'), 25)
      expect(t.evidenceOf('ran') ?? '').not.toContain('the-persons-own')
      expect(t.evidenceOf('ran')).toBe(undefined)
    },
  )

for (const [title, start] of [
  ['in a session of its own', '(setsid sleep 300 >/dev/null 2>&1 </dev/null &)'],
  [
    'that ignores every polite signal',
    '(setsid bash -c \'trap "" TERM HUP INT; while :; do sleep 300; done\' >/dev/null 2>&1 </dev/null &)',
  ],
  ['that starts itself again', "(setsid bash -c 'while :; do sleep 300; done' >/dev/null 2>&1 </dev/null &)"],
] as const)
  story(`a worker leaves a server ${title}: gone at the latest with gt down`, {}, () => {
    const t = stranger({ worker: `${start}; ${oneFile}` })
    t.lands(t.give('One'))
    t.ok('down')
    until(() => t.processes().every(({ command }) => !/sleep 300/.test(command)), 'nobody is left', 5)
  })

story('the token of a worker is in no command line', {}, () => {
  const t = stranger({ worker: `ps axww -o args= > "$E/ps"; echo "$GT_TOKEN" > "$E/token"; ${oneFile}` })
  t.lands(t.give('One'))
  expect(t.evidenceOf('ps')).not.toContain(t.evidenceOf('token')?.trim())
  expect(existsSync(join(t.evidence, 'token'))).toBe(true)
})
