// A person's ~/.gitconfig, environment and folders: whatever is set there, the town does the same.
import { join } from 'node:path'
import process from 'node:process'
import { expect } from 'vitest'
import { gtScript } from '../fixture/real-town.ts'
import { story, stranger, until } from './story.ts'
import { oneFile, type Stranger, type StrangerOptions } from './town.ts'

/** Two issues land, origin has main and nothing else, and worker and gate saw a clean tree. */
function twoLand(options: StrangerOptions, more: (t: Stranger) => void = () => {}) {
  const t = stranger({
    ...options,
    gate: '[ -z "$(git status --porcelain)" ]',
    worker: options.worker ?? oneFile,
    until: 'origin',
  })
  more(t)
  const added = t.rig()
  expect(added, added.stderr).toMatchObject({ status: 0 })
  t.up()
  for (const name of ['One', 'Two']) {
    t.lands(t.give(name))
    expect(t.on(`${name}.txt`)).toBe(`${name}\n`)
  }
  until(() => t.isCleared(), 'the places are cleared')
  expect(t.told()).toBe('')
  expect(t.branches()).toBe('main')
  expect(t.sh(t.origin, "git for-each-ref --format='%(refname)' refs/tags refs/gt")).toBe('')
  return t
}

const settings: Record<string, string>[] = [
  { 'clone.defaultRemoteName': 'upstream' },
  { 'commit.gpgsign': 'true', 'tag.gpgsign': 'true', 'gpg.program': '/bin/false' },
  { 'push.gpgSign': 'if-asked', 'push.default': 'nothing', 'push.autoSetupRemote': 'true' },
  { 'push.recurseSubmodules': 'check', 'submodule.recurse': 'true' },
  { 'fetch.prune': 'true', 'fetch.pruneTags': 'true', 'remote.pushDefault': 'nowhere' },
  { 'protocol.allow': 'never' },
  { 'protocol.file.allow': 'never' },
  { 'merge.ff': 'only', 'pull.rebase': 'true', 'pull.ff': 'only', 'branch.autoSetupRebase': 'always' },
  {
    'merge.conflictStyle': 'zdiff3',
    'merge.renames': 'false',
    'merge.verifySignatures': 'true',
    'rerere.enabled': 'true',
  },
  { 'core.fsmonitor': 'true', 'core.untrackedCache': 'true', 'core.splitIndex': 'true' },
  { 'core.autocrlf': 'true', 'core.safecrlf': 'true' },
  { 'core.autocrlf': 'input', 'core.eol': 'crlf' },
  { 'status.showUntrackedFiles': 'no', 'status.short': 'true', 'status.branch': 'true' },
  {
    'color.ui': 'always',
    'core.quotePath': 'false',
    'core.abbrev': '4',
    'log.showSignature': 'true',
    'log.date': 'relative',
  },
  { 'core.pager': 'false', 'core.editor': 'false', 'sequence.editor': 'false', 'pager.log': 'false' },
  { 'diff.external': 'false', 'diff.noprefix': 'true', 'diff.ignoreSubmodules': 'all', 'diff.renames': 'false' },
  { 'user.useConfigOnly': 'true', 'author.name': 'Only Author' },
  { 'init.defaultBranch': 'trunk', 'init.defaultObjectFormat': 'sha1', 'checkout.defaultRemote': 'upstream' },
  { 'transfer.fsckObjects': 'true', 'fetch.fsckObjects': 'true', 'fetch.unpackLimit': '1' },
  { 'gc.auto': '1', 'maintenance.auto': 'true', 'gc.pruneExpire': 'now', 'fetch.writeCommitGraph': 'true' },
  { 'credential.helper': '!false', 'core.askPass': 'false', 'http.proxy': 'http://127.0.0.1:1' },
  { 'worktree.guessRemote': 'true', 'extensions.worktreeConfig': 'true', 'advice.detachedHead': 'true' },
  { 'core.bare': 'false', 'core.logAllRefUpdates': 'false', 'core.sharedRepository': '0640', 'core.fileMode': 'false' },
  {
    'feature.manyFiles': 'true',
    'index.threads': '1',
    'pack.writeReverseIndex': 'true',
    'core.deltaBaseCacheLimit': '1',
  },
  { 'trace2.normalTarget': '1', 'i18n.commitEncoding': 'ISO-8859-1', 'i18n.logOutputEncoding': 'ISO-8859-1' },
]
for (const setting of settings)
  story(
    `~/.gitconfig: ${Object.entries(setting)
      .map(([key, value]) => `${key}=${value}`)
      .join(', ')}`,
    {},
    () => {
      twoLand({ gitconfig: setting })
    },
  )

story(
  'push.followTags: a landing pushes main alone, and a tag deleted on origin stays deleted',
  { share: true },
  () => {
    const t = stranger({
      gitconfig: { 'push.followTags': 'true' },
      before: (t) => t.colleague('git tag -a -m bad v1-bad; git push -q origin v1-bad'),
      worker: `git tag -a -m mine mine-1; ${oneFile}`,
    })
    t.colleague('git push -q origin :refs/tags/v1-bad')
    t.lands(t.give('One'))
    expect(t.sh(t.origin, 'git tag')).toBe('')
  },
)

story('fetch.prune: a branch of a colleague that is gone takes nothing of the town’s with it', {}, () => {
  const t = stranger({
    gitconfig: { 'fetch.prune': 'true', 'fetch.pruneTags': 'true', 'remote.origin.prune': 'true' },
    worker: `touch "$E/began"; until_there go; git fetch -q; ${oneFile}`,
  })
  t.colleague('git push -q origin main:refs/heads/theirs; git push -q origin :refs/heads/theirs')
  const id = t.give('One')
  until(() => t.evidenceOf('began') !== undefined, 'the worker begins')
  t.sh(t.dir, 'touch "$E/go"')
  t.lands(id)
})

story('core.hooksPath for everything, with hooks that refuse: the town’s git runs none, landings go on', {}, () => {
  const hooks = ['pre-commit', 'commit-msg', 'pre-push', 'post-checkout', 'post-merge', 'pre-merge-commit']
  const t = stranger({
    until: 'origin',
    worker: 'echo x > new.txt; git add -A; git -c core.hooksPath=/dev/null commit -qm work',
  })
  for (const hook of hooks) t.script(join(t.home, 'hooks', hook), '#!/bin/sh\nexit 1\n')
  t.run('git', ['config', '--global', 'core.hooksPath', join(t.home, 'hooks')], t.dir)
  expect(t.rig()).toMatchObject({ status: 0 })
  t.up()
  t.lands(t.give('One'))
  expect(t.on('new.txt')).toBe('x\n')
})

story('init.templateDir with hooks and a configuration of its own', {}, () => {
  twoLand({}, (t) => {
    for (const hook of ['pre-push', 'post-checkout', 'pre-merge-commit', 'post-merge'])
      t.script(join(t.home, 'template/hooks', hook), '#!/bin/sh\nexit 1\n')
    t.script(
      join(t.home, 'template/config'),
      '[remote "origin"]\n\tpush = HEAD:refs/heads/other\n[core]\n\tautocrlf = true\n',
    )
    t.run('git', ['config', '--global', 'init.templateDir', join(t.home, 'template')], t.dir)
  })
})

story('core.attributesFile and core.excludesFile that change how everything merges and what is seen', {}, () => {
  twoLand({ worker: 'echo "$(title)" > "$(title).txt"; git add -f -A; git commit -qm work' }, (t) => {
    t.script(join(t.home, 'attributes'), '* -merge -text diff=nowhere\n')
    t.script(join(t.home, 'ignore'), '*\n')
    t.run('git', ['config', '--global', 'core.attributesFile', join(t.home, 'attributes')], t.dir)
    t.run('git', ['config', '--global', 'core.excludesFile', join(t.home, 'ignore')], t.dir)
  })
})

story('core.attributesFile with merge=binary for everything: lines that do not touch still merge', {}, () => {
  const lines = Array.from({ length: 30 }, (_, n) => `${n + 1}\n`).join('')
  const t = stranger({
    until: 'origin',
    files: { list: lines },
    worker: `case $(title) in A) sed -i 's/^2$/two/' list;; *) touch "$E/began"; until_there go; sed -i 's/^25$/late/' list;; esac; commit; echo run >> "$E/runs"`,
  })
  t.script(join(t.home, 'attributes'), '* merge=binary\n')
  t.run('git', ['config', '--global', 'core.attributesFile', join(t.home, 'attributes')], t.dir)
  t.rig()
  t.up()
  const late = t.give('B')
  until(() => t.evidenceOf('began') !== undefined, 'the worker begins')
  t.lands(t.give('A'))
  t.sh(t.dir, 'touch "$E/go"')
  t.lands(late)
  expect([t.on('list')?.includes('two') && t.on('list')?.includes('late'), t.evidenceOf('runs')]).toEqual([
    true,
    'run\nrun\n',
  ])
})

story(
  'safe.directory: an origin of somebody else that the person trusts works; so does one that nobody has to',
  {},
  () => {
    twoLand({ gitconfig: { 'safe.directory': '*' } }, (t) => {
      if (process.getuid?.() === 0)
        t.sh(t.dir, 'chown -R 65534:65534 origin.git; chmod -R a+rwX origin.git; chmod 755 .')
    })
  },
)

story('url.insteadOf for pushes: what is said to have landed is on the origin that was named', {}, () => {
  const t = stranger({ until: 'origin' })
  t.sh(t.dir, 'git clone -q --bare origin.git elsewhere.git')
  t.run('git', ['config', '--global', `url.${t.dir}/elsewhere.git.pushInsteadOf`, t.origin], t.dir)
  if (t.rig().status !== 0) return
  t.up()
  const { landed } = t.ends(t.give('One'), 20)
  expect(t.on('One.txt') !== undefined).toBe(landed)
})

story('url.insteadOf that gives a short name: gt rig add takes it', {}, () => {
  const t = stranger({ until: 'origin' })
  t.run('git', ['config', '--global', `url.${t.dir}/.insteadOf`, 'short:'], t.dir)
  t.url = 'short:origin.git'
  const added = t.rig()
  if (added.status !== 0) return expect(added.stderr).toContain('short:')
  t.up()
  t.lands(t.give('One'))
})

story('a ~/.gitconfig that cannot be parsed: told by name, at the first word', {}, () => {
  const t = stranger({ until: 'origin' })
  t.script(join(t.home, '.gitconfig'), '[user\nname = x\n')
  const added = t.rig()
  if (added.status !== 0) return expect(added.stderr).toMatch(/\.gitconfig/)
  t.up()
  t.lands(t.give('One'))
})

const environments: Record<string, string>[] = [
  { GIT_DIR: '/nowhere/.git' },
  { GIT_WORK_TREE: '/tmp', GIT_INDEX_FILE: '/nowhere/index' },
  { GIT_OBJECT_DIRECTORY: '/nowhere/objects', GIT_COMMON_DIR: '/nowhere' },
  { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'push.default', GIT_CONFIG_VALUE_0: 'nothing' },
  { GIT_CONFIG_PARAMETERS: "'core.bare'='true'" },
  { GIT_EDITOR: 'false', EDITOR: 'false', PAGER: 'false', GIT_PAGER: 'false', GIT_SEQUENCE_EDITOR: 'false' },
  { GIT_EXTERNAL_DIFF: 'false', GIT_ASKPASS: 'false', SSH_ASKPASS: 'false' },
  { GIT_AUTHOR_DATE: '1', GIT_COMMITTER_DATE: '1', GIT_AUTHOR_NAME: '', GIT_COMMITTER_EMAIL: '' },
  { GIT_TRACE: '1', GIT_TRACE2: '1', GIT_CURL_VERBOSE: '1' },
  { GIT_LITERAL_PATHSPECS: '1', GIT_NOGLOB_PATHSPECS: '1', GIT_CEILING_DIRECTORIES: '/tmp' },
  { GIT_NAMESPACE: 'other', GIT_DEFAULT_HASH: 'sha256' },
  { GIT_PROTOCOL_FROM_USER: '0', GIT_TERMINAL_PROMPT: '1', GIT_SSL_NO_VERIFY: '1' },
  { LC_ALL: 'de_DE.UTF-8', LANGUAGE: 'de', LANG: 'de_DE.UTF-8', TZ: 'Pacific/Kiritimati' },
  { BASH_ENV: '/nowhere', ENV: '/nowhere', CDPATH: '/', GREP_OPTIONS: '--color=always', POSIXLY_CORRECT: '1' },
  { NODE_OPTIONS: '--title=mine', NODE_ENV: 'production', FORCE_COLOR: '1', NO_COLOR: '1', DEBUG: '*' },
]
for (const env of environments)
  story(
    `gt up with ${Object.entries(env)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')} around it`,
    'GIT_DIR' in env ? { share: true } : {},
    () => {
      twoLand({ env })
    },
  )

story('gt up from within a hook of git, as git sets it up', {}, () => {
  const t = stranger({ until: 'rig' })
  t.sh(t.dir, 'git init -q hooked')
  const env = { GIT_DIR: join(t.dir, 'hooked/.git'), GIT_INDEX_FILE: join(t.dir, 'hooked/.git/index'), GIT_PREFIX: '' }
  expect(t.run(process.execPath, [gtScript, 'up'], t.town, { ...t.env, ...env })).toMatchObject({ status: 0 })
  t.lands(t.give('One'))
  expect(t.run('git', ['for-each-ref'], join(t.dir, 'hooked')).stdout).toBe('')
})

story('a folder of temporary files with a blank and a quote in its name, and a restrictive umask', {}, () => {
  const t = stranger({ until: 'origin' })
  const odd = join(t.dir, "odd 'tmp'")
  t.sh(t.dir, `mkdir -p "$T/odd 'tmp'"`)
  t.env['TMPDIR'] = odd
  t.rig()
  expect(t.run('bash', ['-c', `umask 077; exec "$0" "$@"`, process.execPath, gtScript, 'up'], t.town)).toMatchObject({
    status: 0,
  })
  t.lands(t.give('One'))
})

story('GIT_SSH_COMMAND of the person reaches origin', {}, () => {
  const t = stranger({ until: 'origin' })
  const ssh = t.script('my ssh', `#!/bin/bash\neval "\${@: -1}"\n`)
  t.env['GIT_SSH_COMMAND'] = `'${ssh}'`
  t.url = `ssh://git@host.invalid${t.origin}`
  expect(t.rig()).toMatchObject({ status: 0 })
  t.up()
  t.lands(t.give('One'))
})
