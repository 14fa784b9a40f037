// What repositories hold: submodules, large files kept elsewhere, attributes, line ends, and names as no one chooses.
import { spawnSync } from 'node:child_process'
import { expect } from 'vitest'
import { story, stranger, until } from './story.ts'
import type { Stranger } from './town.ts'

const allowFiles = { 'protocol.file.allow': 'always' }

/** A library with one file, as a submodule `lib` of origin; `url` as .gitmodules names it. */
const withLibrary =
  (url = '$T/lib.git') =>
  (t: Stranger) => {
    t.sh(
      t.dir,
      'git init -q --bare lib.git; git init -q libseed; cd libseed; echo lib > lib.txt; git add -A; git commit -qm lib; git push -q ../lib.git HEAD:main',
    )
    t.colleague(
      `git submodule --quiet add "$T/lib.git" lib; git config -f .gitmodules submodule.lib.url "${url}"; git add -A; git commit -qm sub; git push -q origin main`,
    )
  }
const clonesWhole = (t: Stranger) =>
  t.sh(t.dir, 'rm -rf whole; git clone -q --recurse-submodules origin.git whole; cat whole/lib/lib.txt')

for (const [title, url] of [
  ['a path', '$T/lib.git'],
  ['a URL relative to origin', '../lib.git'],
] as const)
  story(`a submodule named by ${title} is filled for the worker and for the gate`, {}, () => {
    const t = stranger({
      gitconfig: allowFiles,
      before: withLibrary(url),
      worker: 'cat lib/lib.txt > "$E/worker"; echo x > new.txt; git add new.txt; git commit -qm work',
      gate: 'cat lib/lib.txt > "$E/gate"; test -e lib/lib.txt',
    })
    t.lands(t.give('One'))
    expect([t.evidenceOf('worker'), t.evidenceOf('gate'), t.on('new.txt')]).toEqual(['lib\n', 'lib\n', 'x\n'])
  })

story('a submodule inside a submodule is filled too', {}, () => {
  const t = stranger({
    gitconfig: allowFiles,
    before: (t) => {
      t.sh(
        t.dir,
        'git init -q --bare deep.git; git init -q deepseed; cd deepseed; echo deep > deep.txt; git add -A; git commit -qm d; git push -q ../deep.git HEAD:main',
      )
      t.sh(
        t.dir,
        'git init -q --bare lib.git; git init -q libseed; cd libseed; echo lib > lib.txt; git submodule --quiet add "$T/deep.git" deep; git add -A; git commit -qm lib; git push -q ../lib.git HEAD:main',
      )
      t.colleague('git submodule --quiet add "$T/lib.git" lib; git add -A; git commit -qm sub; git push -q origin main')
    },
    worker: 'echo x > new.txt; git add new.txt; git commit -qm work',
    gate: 'cat lib/deep/deep.txt',
  })
  t.lands(t.give('One'))
})

story('a submodule whose origin cannot be reached: refused when the rig is added, told, or worked around', {}, () => {
  const t = stranger({
    until: 'origin',
    gitconfig: allowFiles,
    before: (t) => {
      withLibrary()(t)
      t.sh(t.dir, 'mv lib.git elsewhere.git')
    },
    worker: 'echo x > new.txt; git add new.txt; git commit -qm work',
  })
  const added = t.rig()
  if (added.status !== 0) return expect(added.stderr).toContain('lib')
  t.up()
  const { landed, said } = t.ends(t.give('One'), 25)
  if (!landed) expect(said).toMatch(/lib/)
})

const commitsInside = (push: string) =>
  `git submodule --quiet update --init; (cd lib; git checkout -q main; git config user.name A; git config user.email a@example.invalid; echo more >> lib.txt; git commit -qam 'more'; ${push}); git add lib; git commit -qm bump`
story('a worker moves a submodule to a commit that nobody else has: main never names it alone', {}, () => {
  const t = stranger({ gitconfig: allowFiles, before: withLibrary(), worker: commitsInside(':') })
  const { landed, said } = t.ends(t.give('One'), 25)
  expect(clonesWhole(t)).toMatch(/^lib/)
  if (!landed) expect(said).toMatch(/lib/)
})

story('a worker moves a submodule to a commit that it pushed there itself: that lands', {}, () => {
  const t = stranger({ gitconfig: allowFiles, before: withLibrary(), worker: commitsInside('git push -q origin main') })
  t.lands(t.give('One'))
  expect(clonesWhole(t)).toBe('lib\nmore')
})

story('two workers move one submodule to different commits: no pointer is merged into a dangling one', {}, () => {
  const t = stranger({
    gitconfig: allowFiles,
    before: withLibrary(),
    worker: `git submodule --quiet update --init; (cd lib; git fetch -q; git checkout -q -B main origin/main; git config user.name A; git config user.email a@example.invalid; echo "$(title)" > "$(title)"; git add -A; git commit -qm "$(title)"; git push -q origin main || { git pull -q --rebase; git push -q origin main; }); git add lib; git commit -qm bump || :; [ "$(attempt)" = 1 ] || git merge -q main || { git add lib; git commit -q --no-edit; }`,
  })
  const [a, b] = [t.give('One'), t.give('Two')]
  t.ends(a, 25)
  t.ends(b, 25)
  expect(clonesWhole(t)).toBe('lib')
})

story('a repository with LFS on a machine without it: refused in words, or no pointer is made wrong', {}, () => {
  const t = stranger({
    until: 'origin',
    before: (t) =>
      t.colleague(
        `printf '*.bin filter=lfs diff=lfs merge=lfs -text\\n' > .gitattributes; printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%064d\\nsize 3\\n' 7 > a.bin; git add -A; git commit -qm lfs; git push -q origin main`,
      ),
    worker: 'echo x > new.txt; git add new.txt; git commit -qm work',
  })
  t.program('git-lfs', 'echo "git-lfs: not installed here" >&2; exit 127')
  const pointer = t.on('a.bin')
  const added = t.rig()
  if (added.status !== 0) return expect(added.stderr).toMatch(/LFS/i)
  t.up()
  const { landed, said } = t.ends(t.give('One'), 25)
  if (!landed) expect(said).toMatch(/LFS/i)
  expect(t.on('a.bin')).toBe(pointer)
})

const hasLfs = spawnSync('git-lfs', ['version']).status === 0
story(
  'LFS: the object is on origin before the pointer that names it',
  { unless: !hasLfs && 'git-lfs is not here' },
  () => {
    const t = stranger({
      until: 'origin',
      before: (t) => {
        t.run('git', ['lfs', 'install'], t.dir)
        t.sh(t.dir, 'git lfs install')
        t.colleague(
          `printf '*.bin filter=lfs diff=lfs merge=lfs -text\\n' > .gitattributes; git add -A; git commit -qm lfs; git push -q origin main`,
        )
      },
      worker: 'head -c 300000 /dev/urandom > b.bin; commit',
    })
    if (t.rig().status !== 0) return
    t.up()
    if (t.ends(t.give('One'), 25).landed)
      expect(t.sh(t.dir, 'git clone -q origin.git check; wc -c < check/b.bin')).toBe('300000')
  },
)

/** The worker of `late` begins before that of `early` lands, and hands off after it. */
function meeting(t: Stranger) {
  const late = t.give('late')
  until(() => t.evidenceOf('began') !== undefined, 'the worker begins')
  t.lands(t.give('early'))
  t.sh(t.dir, 'touch "$E/go"')
  return late
}
const meets = (early: string, late: string, again: string) =>
  `case $(title)-$(attempt) in early-*) ${early};; late-1) touch "$E/began"; until_there go; ${late};; *) ${again};; esac; commit`
const lines = Array.from({ length: 30 }, (_, n) => `${n + 1}\n`).join('')

for (const attribute of ['-merge', 'binary', 'merge=binary'])
  story(`${attribute} in .gitattributes: two changes of one file are a conflict, however far apart`, {}, () => {
    const t = stranger({
      files: { 'gen.lock': lines, '.gitattributes': `gen.lock ${attribute}\n` },
      worker: meets(
        `sed -i 's/^2$/two/' gen.lock`,
        `sed -i 's/^25$/late/' gen.lock`,
        'git merge -q main; git checkout -q --theirs gen.lock; echo mended >> gen.lock',
      ),
    })
    const late = meeting(t)
    t.lands(late, 25)
    expect(t.on('gen.lock')).toBe(`${lines.replace('\n2\n', '\ntwo\n')}mended\n`)
    expect(t.log()).toMatch(/conflict/)
  })

story('merge=union in .gitattributes: both lines are kept, and nobody is asked', { share: true }, () => {
  const t = stranger({
    files: { CHANGES: 'base\n', '.gitattributes': 'CHANGES merge=union\n' },
    worker: meets('echo early >> CHANGES', 'echo late >> CHANGES', 'touch "$E/returned"'),
  })
  t.lands(meeting(t))
  expect(t.evidenceOf('returned')).toBe(undefined)
  expect(t.on('CHANGES')?.split('\n').sort()).toEqual(['', 'base', 'early', 'late'])
})

story('attributes that the very change brings count as git itself counts them: origin’s main is never torn', {}, () => {
  const t = stranger({
    files: { CHANGES: 'base\n' },
    worker: meets(
      `echo early >> CHANGES; echo 'CHANGES merge=union' > .gitattributes`,
      'echo late >> CHANGES',
      'git merge -q main || { git checkout -q --ours CHANGES; echo early >> CHANGES; }',
    ),
  })
  t.lands(meeting(t), 25)
  expect(t.on('CHANGES')).not.toContain('<<<<')
  expect(t.on('CHANGES')).toContain('late')
})

for (const configured of [false, true])
  story(
    `a merge driver that is ${configured ? 'only in ~/.gitconfig' : 'nowhere'}: never a file torn or taken from one side`,
    {},
    () => {
      const t = stranger({
        until: 'origin',
        files: { list: lines, '.gitattributes': 'list merge=ours-always\n' },
        ...(configured ? { gitconfig: { 'merge.ours-always.driver': 'true' } } : {}),
        // What the worker's own git makes of a merge is its person's business; the worker puts both into it.
        worker: meets(
          `sed -i 's/^2$/two/' list`,
          `sed -i 's/^25$/late/' list`,
          `git merge -q main; sed -i 's/^2$/two/; s/^25$/late/' list`,
        ),
      })
      const added = t.rig()
      if (added.status !== 0) return expect(added.stderr).toContain('ours-always')
      t.up()
      const { landed, said } = t.ends(meeting(t), 25)
      expect(`${said}${t.log()}`).toMatch(/ours-always/)
      if (landed) expect(t.on('list')).toMatch(/two[\s\S]*late/)
    },
  )

story('a filter that is configured nowhere: work lands, files as they are', {}, () => {
  const t = stranger({ files: { 'a.gen': 'as it is\n', '.gitattributes': '*.gen filter=nowhere\n' } })
  t.lands(t.give('One'))
  expect(t.on('a.gen')).toBe('as it is\n')
})

story('a filter of ~/.gitconfig that leaves files modified in every checkout is no worker’s fault', {}, () => {
  const t = stranger({
    gitconfig: { 'filter.shout.smudge': 'tr a-z A-Z', 'filter.shout.clean': 'cat' },
    files: { 'a.txt': 'as it is\n', '.gitattributes': '*.txt filter=shout\n' },
    worker: 'touch a.txt; echo x > new.md; git add new.md; git commit -qm work',
  })
  t.lands(t.give('One'))
  expect([t.on('a.txt'), t.on('new.md')]).toEqual(['as it is\n', 'x\n'])
})

story('CRLF in history under "text eol=lf", modified in every checkout, is no worker’s fault', { share: true }, () => {
  const t = stranger({
    files: { 'win.txt': 'a\r\nb\r\n' },
    before: (t) => t.push('.gitattributes', '*.txt text eol=lf\n'),
    worker: 'touch win.txt; echo x > new.md; git add new.md; git commit -qm work',
  })
  t.lands(t.give('One'))
  expect([t.on('win.txt'), t.on('new.md')]).toEqual(['a\r\nb\r\n', 'x\n'])
})

story('"text eol=crlf", "text=auto" and UTF-16 files stay as they are in history', {}, () => {
  const t = stranger({
    files: {
      'a.bat': 'one\ntwo\n',
      '.gitattributes': '* text=auto\n*.bat eol=crlf\n*.u16 working-tree-encoding=UTF-16\n',
    },
    worker: `printf 'x' | iconv -t UTF-16 > a.u16; printf 'three\\r\\n' >> a.bat; commit`,
    gate: '[ -z "$(git status --porcelain)" ]',
  })
  t.lands(t.give('One'))
  expect([t.on('a.bat'), t.on('a.u16')]).toEqual(['one\ntwo\nthree\n', 'x'])
})

story(
  'names with newlines, dashes in front, quotes, bytes that are no UTF-8, and very long ones land byte for byte',
  {},
  () => {
    const t = stranger({
      worker: `for n in $'a\\nb' -n --all '"q"' "it's" ' lead' 'trail ' $'\\xff\\xfe' '*' '$(touch pwned)' "$(printf 'l%.0s' $(seq 200))"; do echo "$n" > "./$n" || exit 9; done; commit; git ls-tree -r -z HEAD | sha256sum > "$E/sum"`,
      gate: `git ls-tree -r -z HEAD | sha256sum > "$E/gate"; [ -z "$(git status --porcelain)" ]`,
    })
    t.lands(t.give('One'))
    const sum = t.sh(t.origin, 'git ls-tree -r -z main | sha256sum')
    expect([t.evidenceOf('sum')?.trim(), t.evidenceOf('gate')?.trim()]).toEqual([sum, sum])
  },
)

story('a rename in letter case only, two names that differ in case, and a mode that changes', {}, () => {
  const t = stranger({
    files: { 'Read.md': 'r\n', 'run.sh': 'echo\n' },
    worker: 'git mv Read.md read.md; echo R > READ.md; chmod +x run.sh; commit',
  })
  t.lands(t.give('One'))
  expect(t.sh(t.origin, 'git ls-tree --format="%(objectmode) %(path)" main').split('\n').sort()).toEqual([
    '100644 READ.md',
    '100644 read.md',
    '100755 run.sh',
  ])
})

story('a link that leads out of the tree lands as a link; what it leads to is left alone', {}, () => {
  const t = stranger({
    worker:
      'echo keep > "$E/outside"; mkdir -p "$E/folder"; echo keep > "$E/folder/f"; ln -s "$E/outside" out; ln -s "$E/folder" dir; commit',
  })
  t.lands(t.give('One'))
  until(() => t.isCleared(), 'the place is cleared')
  expect([t.evidenceOf('outside'), t.evidenceOf('folder/f')]).toEqual(['keep\n', 'keep\n'])
  expect(t.sh(t.origin, 'git ls-tree --format="%(objectmode)" main out dir')).toBe('120000\n120000')
})

story('a file of 60 MB, and a thousand small ones', {}, () => {
  const t = stranger({
    worker:
      'head -c 60000000 /dev/zero > big.bin; mkdir many; for n in $(seq 1000); do echo $n > many/$n; done; commit',
    gate: 'exit 0',
  })
  t.lands(t.give('One'), 30)
  expect(t.sh(t.origin, 'git cat-file -s main:big.bin; git ls-tree main:many | wc -l')).toBe('60000000\n1000')
})

story(
  'a .gitignore that ignores everything, a commit without a message, a merge by the worker, an empty file',
  {},
  () => {
    const t = stranger({
      files: { '.gitignore': '*\n' },
      worker: `: > empty; git add -f empty; git commit -q --allow-empty-message -m ''; git checkout -q -b side HEAD~1; echo s > s; git add -f s; git commit -qm side; git checkout -q -; git merge -q --no-edit side`,
    })
    t.lands(t.give('One'))
    expect([t.on('empty'), t.on('s')]).toEqual(['', 's\n'])
  },
)

story('one worker’s stash is not another’s', {}, () => {
  const t = stranger({
    worker: `case $(title) in
A) echo a-work > a.txt; git add a.txt; git stash -q; touch "$E/stashed"; until_there popped; git stash pop -q; commit;;
B) until_there stashed; echo b > b.txt; git stash pop -q; commit; touch "$E/popped";; esac`,
  })
  const [a, b] = [t.give('A'), t.give('B')]
  t.lands(b)
  t.lands(a)
  expect(t.sh(t.origin, 'git log --format=%s main -- a.txt')).not.toContain('B')
  expect([t.on('a.txt'), t.on('b.txt')]).toEqual(['a-work\n', 'b\n'])
})

story('a stash that a worker leaves behind is kept when its place is taken down', {}, () => {
  const t = stranger({
    worker: 'echo stashed-away > later.txt; git add later.txt; git stash -q; echo x > new.txt; commit',
  })
  const id = t.give('One')
  t.lands(id)
  until(() => t.isCleared(), 'the place is cleared')
  expect(t.kept('stashed-away')).toBe(true)
  expect(t.gt('recover', id)).toMatchObject({ status: 0 })
})

story('a repository inside the worktree, with work of its own, is kept', {}, () => {
  const t = stranger({
    worker: `git init -q inner; (cd inner; git config user.name I; git config user.email i@example.invalid; echo inner-work > i.txt; git add -A; git commit -qm inner); echo x > new.txt; git add new.txt; git commit -qm work`,
    settings: { session_tries: 1 },
  })
  t.ends(t.give('One'))
  expect(t.kept('inner-work')).toBe(true)
})
