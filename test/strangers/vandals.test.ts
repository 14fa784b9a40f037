// Workers that break their repository, plant what the town’s git might run, or leave processes: nothing is lost, and
// nothing of theirs runs as the town.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { hasTmux } from '../fixture/real-town.ts'
import { story, stranger, until } from './story.ts'
import { oneFile, type Stranger } from './town.ts'

const hasKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined

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

for (const session of ['process', 'tmux'] as const)
  story(
    `the token of a worker is in no command line (${session})`,
    { unless: session === 'tmux' && !hasTmux && 'tmux is not here' },
    () => {
      const t = stranger({
        add: ['--session', session],
        worker: `echo "$GT_TOKEN" > "$E/token"; for n in $(seq 20); do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >> "$E/commands"; sleep 0.05; done; ${oneFile}`,
      })
      const seen: string[] = []
      const id = t.give('One')
      until(() => {
        seen.push(...t.processes().map(({ command }) => command))
        return t.evidenceOf('token')?.endsWith('\n')
      }, 'the worker begins')
      t.lands(id)
      const token = t.evidenceOf('token')?.trim() as string
      expect(token.length).toBeGreaterThan(10)
      expect(`${seen.join('\n')}${t.evidenceOf('commands')}`).not.toContain(token)
    },
  )

story('the daemon itself has nothing of the person’s environment that nobody named', {}, () => {
  const t = stranger({ env: { SECRET: 'the-persons-own' } })
  t.lands(t.give('One'))
  expect(readFileSync(`/proc/${t.daemonPid()}/environ`, 'utf8')).not.toContain('the-persons-own')
})

for (const session of ['process', 'tmux'] as const)
  story(
    `a worker’s git opens no pager and no editor, and asks for no signature (${session})`,
    { unless: session === 'tmux' && !hasTmux && 'tmux is not here' },
    () => {
      const t = stranger({
        add: ['--session', session],
        gitconfig: {
          'core.pager': 'sleep 600',
          'core.editor': 'sleep 600',
          'sequence.editor': 'sleep 600',
          'commit.gpgsign': 'true',
          'gpg.program': '/bin/false',
        },
        worker: `git checkout -q -b side; echo s > s; commit; git checkout -q -; echo m > m; commit; git log; git diff HEAD~1; git merge side; git rebase -q -i HEAD~1; git commit -q --amend; ${oneFile}`,
      })
      t.lands(t.give('One'))
      expect([t.on('s'), t.on('m'), t.on('One.txt')]).toEqual(['s\n', 'm\n', 'One\n'])
    },
  )

story(
  'sign: whoever wants commits signed says so, and a worker’s are',
  { unless: !hasKeygen && 'ssh-keygen is not here' },
  () => {
    const t = stranger({
      until: 'rig',
      gitconfig: { 'gpg.format': 'ssh', 'commit.gpgsign': 'true' },
      settings: { sign: true },
    })
    t.sh(t.dir, 'ssh-keygen -q -t ed25519 -N "" -f "$T/home/key"')
    t.run('git', ['config', '--global', 'user.signingkey', join(t.home, 'key.pub')], t.dir)
    t.up()
    const { landed, said } = t.ends(t.give('One'))
    if (!landed) return expect(said).toMatch(/sign/)
    expect(t.sh(t.origin, 'for c in $(git rev-list main); do git cat-file commit $c; done')).toContain('gpgsig')
  },
)

for (const [title, does] of [
  ['makes the shared configuration unreadable', 'echo "[junk" >> "$(git rev-parse --git-common-dir)/config"'],
  ['asks for a format nobody knows', 'git config core.repositoryformatversion 99'],
  [
    'narrows what is fetched to nothing',
    'git config --unset-all remote.origin.fetch; git config --add remote.origin.fetch "+refs/heads/nowhere:refs/remotes/origin/nowhere"',
  ],
  ['points alternates nowhere', 'echo /nowhere/objects >> "$(git rev-parse --git-common-dir)/objects/info/alternates"'],
  ['writes over packed refs', 'echo junk > "$(git rev-parse --git-common-dir)/packed-refs"'],
] as const)
  story(`a worker ${title}: nothing is lost, and the town goes on or says what is broken`, {}, () => {
    const t = stranger({ settings: { session_tries: 2, retire_tries: 2 } })
    t.worker(`if [ "$(title)" = One ]; then echo precious-work > One.txt; commit; ${does}; else ${oneFile}; fi`)
    const { landed } = t.ends(t.give('One'), 30)
    const next = t.ends(t.give('Two'), 30)
    if (!next.landed) expect(next.said).toMatch(/config|repo|packed|alternate|object|fetch/i)
    if (landed) expect(t.on('One.txt')).toBe('precious-work\n')
    else expect(existsSync(join(t.town, 'r/mayor/rig'))).toBe(true)
    expect(t.on('README.md')).toBe('hello\n')
  })
