// Origins whose branches are not as one would like: which branch the town works on, and what it never brings back.
import { expect } from 'vitest'
import { story, stranger, until } from './story.ts'
import { oneFile, type Stranger } from './town.ts'

/** Adds the rig; refused in words, or up and with its issue landed. */
function refusedOrLands(t: Stranger, words: RegExp): 'refused' | 'landed' {
  const added = t.rig()
  if (added.status !== 0) {
    expect(added.stderr).toMatch(words)
    return 'refused'
  }
  t.up()
  t.lands(t.give('One'))
  return 'landed'
}
const head = (t: Stranger, branch: string) => t.sh(t.origin, `git symbolic-ref HEAD refs/heads/${branch}`)

story(
  'origin’s HEAD names a branch that nobody pushed: the work goes to the one branch there is',
  { share: true },
  () => {
    const t = stranger({ until: 'origin' })
    head(t, 'master')
    t.worker('ls > "$E/saw"; echo x > new.txt; commit')
    refusedOrLands(t, /master/)
    expect(t.branches()).toBe('main')
    expect(t.on('README.md')).toBe('hello\n')
    expect(t.evidenceOf('saw') ?? 'README.md').toContain('README.md')
  },
)

story('origin’s HEAD names no branch and two are there: one is asked for, or taken; there is never a third', {}, () => {
  const t = stranger({ until: 'origin' })
  t.sh(t.seed, 'git push -q origin main:develop')
  head(t, 'gone')
  refusedOrLands(t, /--branch|branch/)
  expect(t.branches()).toBe('develop main')
})

story('origin’s HEAD is detached: the work goes to a branch that was there', {}, () => {
  const t = stranger({ until: 'origin' })
  t.sh(t.origin, 'git update-ref --no-deref HEAD "$(git rev-parse main)"')
  if (refusedOrLands(t, /branch|HEAD/) === 'landed') expect(t.on('One.txt')).toBe('One\n')
  expect(t.branches()).toBe('main')
})

story('an origin with no commit at all: the first work makes its main', {}, () => {
  const t = stranger({ until: 'origin' })
  t.sh(t.origin, 'git update-ref -d refs/heads/main')
  if (refusedOrLands(t, /empty|no branch|no commit/) === 'landed') expect(t.on('One.txt')).toBe('One\n')
  expect(['', 'main']).toContain(t.branches())
})

story('an origin with a tag and no branch: refused, or a main that leaves the tag alone', {}, () => {
  const t = stranger({ until: 'origin' })
  const tag = t.sh(t.seed, 'git tag v1; git push -q origin v1; git rev-parse v1')
  t.sh(t.origin, 'git update-ref -d refs/heads/main')
  refusedOrLands(t, /branch|empty/)
  expect(t.sh(t.origin, 'git rev-parse refs/tags/v1')).toBe(tag)
})

story('a tag that is called main too: the branch is meant', {}, () => {
  const t = stranger({ until: 'origin' })
  t.push('later.txt', 'later\n')
  const tag = t.sh(t.seed, 'git tag main main~1; git push -q origin refs/tags/main; git rev-parse refs/tags/main')
  t.worker('cat later.txt > "$E/saw"; echo x > new.txt; commit')
  if (refusedOrLands(t, /tag/) === 'landed') {
    expect([t.on('new.txt'), t.on('later.txt'), t.evidenceOf('saw')]).toEqual(['x\n', 'later\n', 'later\n'])
  }
  expect(t.sh(t.origin, 'git rev-parse refs/tags/main')).toBe(tag)
  expect(t.branches()).toBe('main')
})

story('a tag that is called origin/main: the branch of origin is meant', {}, () => {
  const t = stranger({ until: 'origin' })
  t.push('later.txt', 'later\n')
  t.sh(t.seed, 'git tag origin/main main~1; git push -q origin refs/tags/origin/main')
  if (refusedOrLands(t, /tag/) === 'landed') expect([t.on('One.txt'), t.on('later.txt')]).toEqual(['One\n', 'later\n'])
})

story('a tag made later, with the name of the branch, while the town is at work', {}, () => {
  const t = stranger()
  t.lands(t.give('One'))
  t.colleague('git tag main main~1; git push -q origin refs/tags/main')
  t.lands(t.give('Two'))
  expect([t.on('One.txt'), t.on('Two.txt')]).toEqual(['One\n', 'Two\n'])
})

story('a branch called polecat in origin, and others’ branches under polecat/', {}, () => {
  const t = stranger({ until: 'origin' })
  t.sh(t.seed, 'git push -q origin main:polecat')
  refusedOrLands(t, /polecat/)
  expect(t.branches()).toBe('main polecat')
  const other = stranger({ until: 'origin' })
  other.sh(other.seed, 'git push -q origin main:polecat/Nux-1')
  refusedOrLands(other, /polecat/)
  expect(other.branches()).toBe('main polecat/Nux-1')
})

story('a default branch with slashes and dots in its name', {}, () => {
  const t = stranger({ until: 'origin' })
  t.sh(t.origin, 'git branch -m main team/next.2')
  head(t, 'team/next.2')
  expect(refusedOrLands(t, /never/)).toBe('landed')
  expect(t.on('One.txt', 'team/next.2')).toBe('One\n')
  expect(t.branches()).toBe('team/next.2')
})

story('--branch: the rig works on that branch, and main stays as it is', {}, () => {
  const t = stranger({ until: 'origin' })
  t.sh(t.seed, 'git checkout -q -b release; echo r > r.txt; git add -A; git commit -qm r; git push -q origin release')
  const main = t.sh(t.origin, 'git rev-parse main')
  t.worker('cat r.txt > "$E/saw"; echo x > new.txt; commit')
  expect(t.rig('--branch', 'release')).toMatchObject({ status: 0 })
  t.up()
  t.lands(t.give('One'))
  expect([t.on('new.txt', 'release'), t.evidenceOf('saw')]).toEqual(['x\n', 'r\n'])
  expect(t.sh(t.origin, 'git rev-parse main')).toBe(main)
})

story('--branch with a name that origin does not have is refused, with those it has', {}, () => {
  const t = stranger({ until: 'origin' })
  const added = t.rig('--branch', 'relaese')
  expect(added.status).toBe(1)
  expect(added.stderr).toMatch(/relaese[\s\S]*main/)
})

for (const when of ['down', 'up'] as const)
  story(
    `the default branch is renamed while the town is ${when}: followed or told, and the old name stays gone`,
    {},
    () => {
      const t = stranger()
      t.lands(t.give('One'))
      if (when === 'down') t.ok('down')
      t.sh(t.origin, 'git branch -m main trunk')
      head(t, 'trunk')
      let said = ''
      if (when === 'down') {
        const up = t.gt('up')
        said = up.stderr
        if (up.status !== 0) expect(said).toMatch(/main|trunk/)
      }
      if (!said) {
        const { landed, said: told } = t.ends(t.give('Two'), 25)
        if (!landed) expect(told).toMatch(/main|trunk/)
      }
      expect(t.branches()).toBe('trunk')
    },
  )

story('the default branch is renamed while a worker is at work: its work is kept, the old name stays gone', {}, () => {
  const t = stranger({ worker: 'touch "$E/began"; until_there go; echo precious > new.txt; commit' })
  const id = t.give('One')
  until(() => t.evidenceOf('began') !== undefined, 'the worker begins')
  t.sh(t.origin, 'git branch -m main trunk')
  head(t, 'trunk')
  t.sh(t.dir, 'touch "$E/go"')
  const { landed } = t.ends(id, 25)
  expect(t.branches()).toBe('trunk')
  if (landed) expect(t.on('new.txt', 'trunk')).toBe('precious\n')
  else expect(t.kept('precious')).toBe(true)
})

story('the default branch vanishes, another stays: told, and no unrelated main is pushed', {}, () => {
  const t = stranger({ until: 'origin' })
  t.sh(t.seed, 'git push -q origin main:other')
  expect(t.rig()).toMatchObject({ status: 0 })
  t.up()
  t.lands(t.give('One'))
  t.sh(t.origin, 'git update-ref -d refs/heads/main')
  const id = t.give('Two')
  const { landed } = t.ends(id, 25)
  if (landed) expect(t.on('Two.txt', 'other')).toBe('Two\n')
  else expect(t.branches()).toBe('other')
})

/** origin with a commit that is taken back while somebody is at work. */
const withSecret = (t: Stranger) => t.push('secret.txt', 'PASSWORD\n')
const purge =
  'git reset -q --hard HEAD~1; echo more > more.txt; git add -A; git commit -qm more; git push -qf origin main'

story('main is rewritten while a worker has the old one: what was purged does not come back', { share: true }, () => {
  const t = stranger({
    before: withSecret,
    worker: 'touch "$E/began"; [ "$(attempt)" = 1 ] && until_there go; echo x > new.txt; commit',
  })
  const id = t.give('One')
  until(() => t.evidenceOf('began') !== undefined, 'the worker begins')
  t.colleague(purge)
  t.sh(t.dir, 'touch "$E/go"')
  t.ends(id, 25)
  expect(t.on('secret.txt')).toBe(undefined)
  expect(t.on('more.txt')).toBe('more\n')
  expect(t.sh(t.origin, 'git log --format=%s main')).not.toContain('by a colleague')
})

story('main is rewritten between the building and the push: what was purged does not come back', {}, () => {
  const t = stranger({
    before: withSecret,
    gate: '[ -e "$E/tested" ] || { touch "$E/tested"; until_there purged; }; exit 0',
  })
  const id = t.give('One')
  until(() => t.evidenceOf('tested') !== undefined, 'the gate runs')
  t.colleague(purge)
  t.sh(t.dir, 'touch "$E/purged"')
  t.ends(id, 25)
  expect([t.on('secret.txt'), t.on('more.txt')]).toEqual([undefined, 'more\n'])
})

story('main is rewritten while nobody works: the next issue starts from the new main and lands', {}, () => {
  const t = stranger({ before: withSecret, worker: `ls > "$E/saw"; ${oneFile}` })
  t.lands(t.give('One'))
  t.colleague('git reset -q --hard HEAD~2; git push -qf origin main')
  t.lands(t.give('Two'))
  expect([t.on('secret.txt'), t.on('Two.txt'), t.evidenceOf('saw')]).toEqual([undefined, 'Two\n', 'README.md\n'])
})

story('all of main is replaced by an unrelated history: the old one is not merged into it', {}, () => {
  const t = stranger({ worker: 'touch "$E/began"; [ "$(attempt)" = 1 ] && until_there go; echo x > new.txt; commit' })
  const id = t.give('One')
  until(() => t.evidenceOf('began') !== undefined, 'the worker begins')
  t.colleague(
    'git checkout -q --orphan fresh; git rm -qrf .; echo n > n.txt; git add -A; git commit -qm new; git push -qf origin fresh:main',
  )
  t.sh(t.dir, 'touch "$E/go"')
  t.ends(id, 25)
  expect(t.on('README.md')).toBe(undefined)
  expect(t.sh(t.origin, 'git rev-list --max-parents=0 main | wc -l')).toBe('1')
})

const conflict = (mend: string) => `case $(title) in
First) echo a > README.md; commit;;
*) if [ "$(attempt)" = 1 ]; then touch "$E/began"; until_there go; echo b > README.md; commit; else ${mend}; fi;;
esac`
for (const [how, mend] of [
  ['merges main', 'git merge --no-edit main || { echo ab > README.md; commit; }'],
  [
    'rebases onto main',
    'git rebase main || { echo ab > README.md; git add -A; GIT_EDITOR=true git rebase --continue; }',
  ],
] as const)
  story(`work comes back as a conflict and the worker ${how}: it is the main of origin`, {}, () => {
    const t = stranger({ worker: conflict(mend) })
    const second = t.give('Second')
    until(() => t.evidenceOf('began') !== undefined, 'the worker begins')
    t.lands(t.give('First'))
    t.sh(t.dir, 'touch "$E/go"')
    t.lands(second, 25)
    expect(t.on('README.md')).toBe('ab\n')
  })

story('a worker looks at main, origin/main and what lies between: all is as on origin', {}, () => {
  const t = stranger({
    worker: `git rev-parse main origin/main HEAD | sort -u | wc -l > "$E/heads-$(title)"; ${oneFile}`,
  })
  t.lands(t.give('One'))
  t.push('theirs.txt', 'theirs\n')
  t.lands(t.give('Two'))
  expect([t.evidenceOf('heads-One')?.trim(), t.evidenceOf('heads-Two')?.trim()]).toEqual(['1', '1'])
})

for (const busy of [true, false])
  story(
    `the town’s folder is moved while it is down, ${busy ? 'with work in progress' : 'with nothing to do'}`,
    {},
    () => {
      const t = stranger({
        worker: busy
          ? '[ -e "$E/go" ] || { echo wip > wip.txt; touch "$E/began"; exec sleep 600; }; echo x > new.txt; commit'
          : oneFile,
      })
      const id = busy ? t.give('One') : ''
      if (busy) until(() => t.evidenceOf('began') !== undefined, 'the worker begins')
      else t.lands(t.give('Before'))
      t.ok('down')
      t.move()
      t.sh(t.dir, 'touch "$E/go"')
      t.up()
      t.lands(id || t.give('One'), 25)
      expect(t.on(busy ? 'wip.txt' : 'One.txt')).toBeDefined()
    },
  )
