// Origins that refuse, deny, stall, race or vanish: what is told, what goes on, and that nothing counts as landed
// which is not there.
import { spawn } from 'node:child_process'
import { existsSync, renameSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { expect } from 'vitest'
import { story, stranger, until } from './story.ts'
import { oneFile, type Stranger } from './town.ts'

const isRoot = process.getuid?.() === 0
const countGates = 'echo run >> "$E/gates"'
const gates = (t: Stranger) => (t.evidenceOf('gates') ?? '').split('\n').length - 1

/**
 * Origin behind an ssh of the story's own: `wish` runs first, with the wanted program (git-upload-pack,
 * git-receive-pack) in $1; then that program itself serves.
 */
function behindSsh(wish: string) {
  return (t: Stranger) => {
    ssh(t, wish)
    return `ssh://git@host.invalid${t.origin}`
  }
}
const ssh = (t: Stranger, wish: string) =>
  t.program('ssh', `wanted="\${@: -1}"\nwish() { ${wish}\n}\nwish "\${wanted%% *}"\neval "$wanted"`)
const denial = 'echo "git@host.invalid: Permission denied (publickey)." >&2; exit 255'

story('a push that is denied is told within three tries, with git’s words; let in, it lands', { limit: 120 }, () => {
  const t = stranger({
    gate: countGates,
    url: behindSsh(`[ "$1" = git-receive-pack ] && [ ! -e "$E/open" ] && { ${denial}; }; :`),
  })
  const id = t.give('One')
  t.stands(id, /Permission denied|denied/, 60)
  expect(gates(t)).toBeLessThanOrEqual(3)
  t.sh(t.dir, 'touch "$E/open"')
  t.ok('refinery', 'process', 'r')
  until(() => t.on('One.txt'), 'it lands once it is let in', 20)
})

story('a fetch that is denied from one day on is told, with git’s words', { limit: 120 }, () => {
  const t = stranger({ url: behindSsh(`[ -e "$E/denied" ] && { ${denial}; }; :`) })
  t.lands(t.give('One'))
  t.sh(t.dir, 'touch "$E/denied"')
  t.stands(t.give('Two'), /Permission denied|denied/, 60)
  t.sh(t.dir, 'rm "$E/denied"')
  t.gt('refinery', 'process', 'r')
  until(() => t.on('Two.txt'), 'it lands once it is let in', 20)
})

story('a server that may only be read (git://) is told, not asked for ever', { limit: 120 }, async () => {
  const port = await freePort()
  const t = stranger({
    until: 'rig',
    gate: countGates,
    url: () => `git://127.0.0.1:${port}/origin.git`,
    before: (t) => {
      const args = ['daemon', '--reuseaddr', '--export-all', '--listen=127.0.0.1', `--port=${port}`]
      spawn('git', [...args, `--base-path=${t.dir}`, t.dir], { stdio: 'ignore', env: t.env, detached: true }).unref()
      until(() => t.run('git', ['ls-remote', `git://127.0.0.1:${port}/origin.git`], t.dir).status === 0, 'git daemon')
    },
  })
  t.up()
  t.stands(t.give('One'), /denied|not exported|service not enabled|not allowed/i, 60)
  expect(gates(t)).toBeLessThanOrEqual(3)
})

story(
  'an origin whose folders this user may not write is told, with git’s words',
  { limit: 120, unless: isRoot && 'root may write everywhere' },
  () => {
    const t = stranger({ gate: countGates })
    t.sh(t.origin, 'chmod -R a-w objects refs')
    t.stands(t.give('One'), /permission|denied|unable to/i, 60)
    expect(gates(t)).toBeLessThanOrEqual(3)
  },
)

story('an origin with no room left (its temporary folder is a file) is told, with git’s words', { limit: 120 }, () => {
  const t = stranger({ gate: countGates })
  t.sh(t.origin, 'git config receive.unpackLimit 1; rm -rf objects/pack; touch objects/pack')
  t.stands(t.give('One'), /unpack|pack|unable|not a directory/i, 60)
  expect(gates(t)).toBeLessThanOrEqual(3)
})

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

for (const [hook, share] of [
  ['pre-receive', true],
  ['update', false],
] as const)
  story(`a push that the ${hook} hook refuses is told, with the hook’s words`, share ? { share } : {}, () => {
    const t = stranger({ gate: countGates })
    t.hook(hook, 'echo "error: Changes must be made through a pull request." >&2; exit 1')
    t.stands(t.give('One'), /through a pull request/)
    expect(gates(t)).toBeLessThanOrEqual(3)
  })

story('an origin with a checkout of main says why it refuses', {}, () => {
  const t = stranger({ url: (t) => t.seed })
  t.stands(t.give('One'), /checked out|denyCurrentBranch/)
})

story('a hook that refuses one path only: that issue is told, the others land', {}, () => {
  const t = stranger({ worker: 'echo x > "$(title).txt"; commit' })
  t.hook(
    'pre-receive',
    'while read a b c; do git diff --name-only "$a" "$b" | grep -q forbidden && { echo "no forbidden files" >&2; exit 1; }; done; exit 0',
  )
  const bad = t.give('forbidden')
  const [one, two] = [t.give('One'), t.give('Two')]
  t.lands(one, 20)
  t.lands(two, 20)
  t.stands(bad, /no forbidden files/)
  expect([t.on('One.txt'), t.on('Two.txt'), t.on('forbidden.txt')]).toEqual(['x\n', 'x\n', undefined])
})

story('an origin that checks objects refuses a malformed commit: told, and the others land', {}, () => {
  const t = stranger({
    before: (t) => t.sh(t.origin, 'git config receive.fsckObjects true'),
    worker: `echo x > "$(title).txt"; commit
if [ "$(title)" = bad ]; then c=$(git cat-file commit HEAD | sed 's/^author .*/author A <a@example.invalid 1 +0000/' | git hash-object -t commit -w --stdin --literally); git reset -q --hard $c; fi`,
  })
  const bad = t.give('bad')
  const one = t.give('One')
  t.lands(one, 20)
  t.ends(bad, 20)
  t.sh(t.origin, 'git fsck --strict')
})

const race = (times: number) => `n=$(cat "$E/races" 2>/dev/null || echo 0); [ "$n" -lt ${times} ] || exit 0
echo $((n + 1)) > "$E/races"
unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@example.invalid GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@example.invalid
git update-ref refs/heads/main "$(git commit-tree 'main^{tree}' -p main -m "somebody else $n")"`
for (const [times, words] of [
  [1, 'once'],
  [3, 'three times in a row'],
] as const)
  story(`somebody else’s push comes first in the last moment, ${words}: merged anew and landed`, {}, () => {
    const t = stranger()
    t.hook('pre-receive', race(times))
    t.lands(t.give('One'), 25)
    expect(t.subjects().filter((subject) => subject.startsWith('somebody else'))).toHaveLength(times)
    expect(t.on('One.txt')).toBe('One\n')
  })

story('the connection breaks after origin took the push: it has landed, once', {}, () => {
  const t = stranger({
    url: behindSsh(
      '[ "$1" = git-receive-pack ] && [ ! -e "$E/broken" ] && { touch "$E/broken"; eval "$wanted"; exit 255; }; :',
    ),
  })
  t.lands(t.give('One'), 30)
  expect(t.subjects().filter((subject) => /Merge|One/.test(subject)).length).toBeLessThanOrEqual(2)
  expect(t.on('One.txt')).toBe('One\n')
})

story('the connection breaks before origin took the push, twice: landed by itself', { limit: 120 }, () => {
  const t = stranger({
    url: behindSsh(
      '[ "$1" = git-receive-pack ] && [ ! -e "$E/b2" ] && { [ -e "$E/b1" ] && touch "$E/b2"; touch "$E/b1"; exit 255; }; :',
    ),
  })
  t.lands(t.give('One'), 60)
})

story('origin says "ok" and takes its main back at once: not landed, and told', { limit: 120 }, () => {
  const t = stranger()
  t.hook('post-receive', 'while read a b c; do git update-ref "$c" "$a"; done')
  const { landed } = t.ends(t.give('One'), 60)
  expect([landed, t.on('One.txt')]).toEqual([false, undefined])
})

story('a post-receive hook that is noisy and fails changes nothing: landed', {}, () => {
  const t = stranger()
  t.hook('post-receive', 'for n in $(seq 2000); do echo "line $n" >&2; done; printf "\\033[31mred\\r\\0"; exit 1')
  t.lands(t.give('One'))
})

story('a push that takes eight seconds and says what it does lands, at the first try', {}, () => {
  const t = stranger()
  t.hook('pre-receive', 'echo push >> "$E/pushes"; for n in $(seq 8); do echo "checking $n/8" >&2; sleep 1; done')
  t.lands(t.give('One'), 25)
  expect(t.evidenceOf('pushes')).toBe('push\n')
})

story('a push that hangs: other rigs work, gt down ends soon, and nothing of it is left', {}, () => {
  const t = stranger({ until: 'rig' })
  t.hook('pre-receive', 'touch "$E/hangs"; exec sleep 600')
  t.sh(t.dir, 'git clone -q --bare origin.git fine.git')
  t.ok('rig', 'add', 'fine', join(t.dir, 'fine.git'), '--no-gate', '--worker', t.workerScript, '--session', 'process')
  t.up()
  t.give('One')
  until(() => t.evidenceOf('hangs') !== undefined, 'the push hangs')
  t.lands(t.give('Two', 'fine'))
  const from = performance.now()
  t.ok('down')
  expect(performance.now() - from).toBeLessThan(15_000)
  until(() => t.processes().every(({ command }) => !/git|sleep|pre-receive/.test(command)), 'all are gone', 5)
})

story('origin does not answer at all: a worker starts from the main that is known here', { limit: 180 }, () => {
  const t = stranger({
    worker: `touch "$E/began"; ${oneFile}`,
    url: behindSsh('[ -e "$E/hang" ] && exec sleep 600; :'),
  })
  t.sh(t.dir, 'touch "$E/hang"')
  t.give('One')
  until(() => t.evidenceOf('began') !== undefined, 'a worker starts', 100)
})

story('a fetch that is silent for 12 s lands; so does one that shows progress for as long', {}, () => {
  for (const wait of ['sleep 12', 'for n in $(seq 12); do echo "remote: $n" >&2; sleep 1; done']) {
    const t = stranger({
      until: 'rig',
      url: behindSsh(`[ "$1" = git-upload-pack ] && [ -e "$E/slow" ] && { rm "$E/slow"; ${wait}; }; :`),
    })
    t.sh(t.dir, 'touch "$E/slow"')
    t.up()
    t.lands(t.give('One'), 40)
  }
})

story('a fetch that is silent for 70 s lands', { limit: 300 }, () => {
  const t = stranger({ until: 'rig', url: behindSsh('[ "$1" = git-upload-pack ] && [ -e "$E/slow" ] && sleep 70; :') })
  t.sh(t.dir, 'touch "$E/slow"')
  t.up()
  t.lands(t.give('One'), 280)
})

story('origin is away and comes back: what waits lands, with nobody asked twice', { limit: 120 }, () => {
  const t = stranger({ worker: `touch "$E/began"; until_there go; ${oneFile}` })
  const id = t.give('One')
  until(() => t.evidenceOf('began') !== undefined, 'the worker begins')
  renameSync(t.origin, join(t.dir, 'away.git'))
  t.sh(t.dir, 'touch "$E/go"')
  until(() => /origin|answer|unreachable/i.test(t.log()), 'it is noted', 20)
  renameSync(join(t.dir, 'away.git'), t.origin)
  t.gt('refinery', 'process', 'r')
  t.lands(id, 40)
})

story('another repository stands where origin was: told, and the two histories are not joined', { limit: 120 }, () => {
  const t = stranger({ worker: `touch "$E/began"; [ "$(attempt)" = 1 ] && until_there go; ${oneFile}` })
  const id = t.give('One')
  until(() => t.evidenceOf('began') !== undefined, 'the worker begins')
  t.sh(
    t.dir,
    'mv origin.git old.git; git init -q --bare -b main origin.git; git init -q s2; cd s2; echo o > o; git add -A; git commit -qm o; git push -q ../origin.git HEAD:main; touch "$E/go"',
  )
  t.ends(id, 40)
  expect(t.on('README.md')).toBe(undefined)
})

for (const style of ['squash', 'rebase'])
  story(`an origin that takes no merge commits, merge_style ${style}: landed, tested as it landed`, {}, () => {
    const t = stranger({
      settings: { merge_style: style },
      gate: 'git rev-parse "HEAD^{tree}" >> "$E/trees"',
      worker: 'echo a > "$(title)-a"; commit; echo b > "$(title)-b"; commit',
    })
    t.hook(
      'pre-receive',
      'while read a b c; do [ -z "$(git rev-list --merges "$a..$b")" ] || { echo "no merge commits" >&2; exit 1; }; done',
    )
    const [one, two] = [t.give('One'), t.give('Two')]
    t.lands(one)
    t.lands(two)
    expect([t.on('One-a'), t.on('One-b'), t.on('Two-a'), t.on('Two-b')]).toEqual(['a\n', 'b\n', 'a\n', 'b\n'])
    expect(t.evidenceOf('trees')).toContain(t.sh(t.origin, 'git rev-parse "main^{tree}"'))
  })

const refusals: [string, (t: Stranger) => string, RegExp][] = [
  ['is not there', (t) => join(t.dir, 'nowhere.git'), /does not exist|not found|no such/i],
  ['is no repository', (t) => t.home, /not a git repository|not a repository|does not (appear|exist)/i],
  ['denies the key', (t) => behindSsh(denial)(t), /Permission denied \(publickey\)/],
  ['has a host nobody knows', () => 'https://host.invalid/x.git', /resolve host|host\.invalid/],
  ['has a helper that is missing', () => 'svnish::x', /svnish/],
]
for (const [title, url, words] of refusals)
  story(`gt rig add of what ${title} says why, and leaves nothing`, {}, () => {
    const t = stranger({ until: 'origin' })
    t.url = url(t)
    const added = t.rig()
    expect(added).toMatchObject({ status: 1 })
    expect(added.stderr).toMatch(words)
    expect(existsSync(join(t.town, 'r'))).toBe(false)
  })

story('gt rig add of what belongs to somebody else says so', { unless: !isRoot && 'needs root' }, () => {
  const t = stranger({ until: 'origin' })
  t.sh(t.dir, 'chown -R 65534:65534 origin.git; chmod 755 .')
  expect(t.rig().stderr).toMatch(/ownership|safe\.directory/)
})

story('gt rig add without a git says so', {}, () => {
  const t = stranger({ until: 'origin' })
  t.sh(t.dir, 'mkdir few; for p in sh env dirname sed cat uname; do ln -s "$(command -v $p)" few/; done')
  const path = t.env['PATH']
  t.env['PATH'] = `${t.dir}/few`
  const added = t.rig()
  t.env['PATH'] = path as string
  expect(added.status).not.toBe(0)
  expect(added.stderr).toMatch(/git[\s\S]*(not found|ENOENT|install|PATH)/i)
})

story('a repository with objects named by SHA-256: it works, or is refused in words', {}, () => {
  const t = stranger({ until: 'origin' })
  t.sh(
    t.dir,
    'rm -rf origin.git; git init -q --bare --object-format=sha256 -b main origin.git; git init -q --object-format=sha256 s; cd s; echo x > README.md; git add -A; git commit -qm first; git push -q ../origin.git HEAD:main',
  )
  const added = t.rig()
  if (added.status !== 0) return expect(added.stderr).toMatch(/sha-?256/i)
  t.up()
  t.lands(t.give('One'))
})

story('a password in origin’s address is shown to nobody', {}, () => {
  const t = stranger({ until: 'origin' })
  t.url = 'https://ann:s3cr3t@host.invalid/x.git'
  const added = t.rig()
  expect(`${added.stdout}${added.stderr}`).not.toContain('s3cr3t')
})
