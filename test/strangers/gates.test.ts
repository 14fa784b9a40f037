// Gates that leave things behind, change what they test, print, hang, or cannot run: the verdict is of the tested tree,
// and of nothing else.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { story, stranger, until } from './story.ts'
import { oneFile, type Stranger } from './town.ts'

const quick = { merge_tries: 1 }
const nobodyLeft = (t: Stranger, what: RegExp) =>
  until(() => t.processes().every(({ command }) => !what.test(command)), `no ${what} is left`, 8)

story('a gate rewrites a tracked file: what lands passes the next gate as it is on main', { share: true }, () => {
  const t = stranger({
    files: {
      'format.sh': "#!/bin/sh\nsed -i 's/  */ /g' code.txt\n",
      'check.sh': "#!/bin/sh\n! grep -q '  ' code.txt\n",
      'code.txt': 'a b\n',
    },
    gates: ['format=./format.sh', 'check=./check.sh'],
    settings: quick,
    worker: "echo 'bad   spacing' >> code.txt; commit",
  })
  const { landed } = t.ends(t.give('One'))
  if (landed) expect(t.on('code.txt')).not.toContain('  ')
})

for (const [title, gate] of [
  [
    'commits',
    'git config user.name g; git config user.email g@example.invalid; echo g > g; git add -A; git commit -qm g',
  ],
  ['moves HEAD', 'git checkout -q HEAD~1'],
  ['writes into .git', 'echo junk > .git/index; echo junk > .git/HEAD'],
  ['deletes .git', 'rm -rf .git'],
  ['deletes its own folder', 'd=$PWD; cd /; rm -rf "$d"'],
  ['deletes the file under test', 'rm -f One.txt README.md'],
  ['leaves a folder that nobody may write', 'mkdir -p locked/in; echo x > locked/in/x; chmod -R a-w locked'],
] as const)
  story(`a gate that ${title}: what lands is the worker’s tree, and the next issue lands too`, {}, () => {
    const t = stranger({ gate: `${gate}; exit 0`, settings: quick })
    for (const name of ['One', 'Two']) {
      const { landed } = t.ends(t.give(name))
      if (landed)
        expect([t.on(`${name}.txt`), t.on('README.md'), t.on('g')]).toEqual([`${name}\n`, 'hello\n', undefined])
    }
    expect(t.on('README.md')).toBe('hello\n')
    expect(t.gt('status').status).toBe(0)
  })

for (const [title, start] of [
  ['holds its output', 'sleep 300 &'],
  ['is in a session of its own', '(setsid sleep 300 >/dev/null 2>&1 </dev/null &)'],
  [
    'was started twice removed and ignores SIGTERM',
    '(setsid bash -c \'trap "" TERM HUP INT; sleep 300 & wait; sleep 300\' >/dev/null 2>&1 </dev/null &)',
  ],
  ['has cleared its environment and left its folder', '(cd /; env -i setsid sleep 300 >/dev/null 2>&1 </dev/null &)'],
] as const)
  story(
    `a gate leaves a process that ${title}: the queue goes on at once`,
    title === 'holds its output' ? { share: true } : {},
    () => {
      const t = stranger({ gate: `${start}\nexit 0` })
      const from = performance.now()
      t.lands(t.give('One'), 14)
      expect(performance.now() - from).toBeLessThan(14_000)
      // A process without any mark can be found only where the machine allows a PID namespace.
      if (!title.includes('cleared')) nobodyLeft(t, /sleep 300/)
    },
  )

story('what a green gate left behind does not repair the next candidate', {}, () => {
  const t = stranger({
    gate: `[ -f lurk ] && (setsid bash -c 'while sleep 0.02; do [ -f "$0/broken" ] && sleep 0.7 && echo ok > "$0/broken"; [ -e "$E/end" ] && exit; done' "$PWD" >/dev/null 2>&1 </dev/null &)
sleep 2; ! grep -q bad broken 2>/dev/null`,
    settings: quick,
    worker: 'if [ "$(title)" = lurk ]; then echo l > lurk; else git rm -q lurk; echo bad > broken; fi; commit',
  })
  t.lands(t.give('lurk'))
  expect(t.stands(t.give('bad'), /check/)).not.toContain('cannot run')
  expect(t.on('broken')).toBe(undefined)
  t.sh(t.dir, 'touch "$E/end"')
})

story('files that a gate left, ignored ones too, are not there for the next', {}, () => {
  const t = stranger({
    files: { '.gitignore': 'cache/\n' },
    gate: 'ls -A | tr "\\n" " " >> "$E/saw"; echo >> "$E/saw"; pwd >> "$E/where"; mkdir -p cache; echo x > cache/x; echo y > left',
  })
  t.lands(t.give('One'))
  t.lands(t.give('Two'))
  expect(t.evidenceOf('saw')).not.toMatch(/cache|left/)
  expect(new Set(t.evidenceOf('where')?.trim().split('\n')).size).toBe(2)
})

const manyGates: [string, string, RegExp][] = [
  ['300 MB', 'head -c 300000000 /dev/zero | tr "\\0" x; echo; echo last words; exit 1', /last words/],
  ['bytes that are no text', 'head -c 2000000 /dev/urandom; echo; echo last words; exit 1', /last words/],
  ['escapes of a terminal', 'printf "\\033[2J\\033]0;owned\\007\\033[31mlast words\\033[0m\\n"; exit 1', /last words/],
  ['one endless line', 'yes x | head -c 30000000 | tr -d "\\n"; printf "last words"; exit 1', /last words/],
  ['to standard error only', 'echo "last words" >&2; exit 1', /last words/],
  ['nothing, with its output closed', 'exec >&- 2>&-; sleep 0.2; exit 1', /check/],
]
for (const [title, gate, words] of manyGates)
  story(`a red gate that prints ${title} is red, with its last words, in a log of bounded size`, {}, () => {
    const t = stranger({ gate, settings: quick })
    t.stands(t.give('One'), words, 40)
    expect(Number(t.sh(t.town, 'du -sm daemon | cut -f1'))).toBeLessThan(40)
    expect(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${t.daemonPid()}/status`, 'utf8'))?.[1])).toBeLessThan(
      400_000,
    )
  })

story('the log of a gate that prints too much keeps its beginning and its end', {}, () => {
  const t = stranger({
    gate: 'echo first words; yes middle | head -c 60000000; echo last words; exit 1',
    settings: quick,
  })
  t.stands(t.give('One'), /last words/, 40)
  const logs = t.sh(t.layout.gateLogs, 'grep -rl "first words" . | xargs grep -l "last words" | xargs du -cm | tail -1')
  expect(Number.parseInt(logs, 10)).toBeLessThanOrEqual(9)
})

story('a green gate that closes its output and goes on is waited for', {}, () => {
  const t = stranger({ gate: 'exec >&- 2>&- <&-; sleep 2; touch "$E/end"; exit 0' })
  t.lands(t.give('One'))
  expect(t.evidenceOf('end')).toBe('')
})

story('a gate that asks something, or wants a terminal, gets none and does not wait', {}, () => {
  const t = stranger({
    gate: 'read -r answer && exit 1; [ -t 0 ] && exit 1; (: < /dev/tty) 2>/dev/null && exit 1; exit 0',
  })
  t.lands(t.give('One'))
})

story('a gate that hangs and ignores SIGTERM ends at its time limit; the next issue lands', {}, () => {
  const t = stranger({
    gate: `trap '' TERM INT HUP; [ -e hang.txt ] || exit 0; echo "it hangs here"; while :; do sleep 300; done`,
    settings: { ...quick, gate_timeout: '2s' },
  })
  const bad = t.give('hang')
  t.ends(bad, 30)
  expect(t.on('hang.txt')).toBe(undefined)
  t.lands(t.give('One'))
  nobodyLeft(t, /sleep 300|gate\.sh/)
})

for (const [title, gate] of [
  ['kills its parent', 'kill -9 $PPID; sleep 1; exit 0'],
  ['kills its process group', 'kill -9 0'],
  ['is killed', 'kill -9 $$'],
] as const)
  story(`a gate that ${title}: the town lives, and the issue ends in words`, {}, () => {
    const t = stranger({ gate, settings: quick })
    const pid = t.daemonPid()
    t.ends(t.give('One'), 40)
    expect([t.gt('status').status, t.daemonPid()]).toEqual([0, pid])
  })

story('a gate that may not write one file more (its limit is reached) is red or cannot run, in words', {}, () => {
  const t = stranger({ gate: 'ulimit -f 0; echo x > file || { echo "no room for file"; exit 1; }', settings: quick })
  t.stands(t.give('One'), /no room|File size|file|signal|check/i, 30)
  t.gt('status')
})

story('main itself is red: told once, and no worker is sent after it', { share: true }, () => {
  const t = stranger({
    files: { state: 'broken\n' },
    gate: 'grep -q fixed state',
    worker: `echo run >> "$E/runs"; ${oneFile}`,
    until: 'origin',
  })
  const added = t.rig()
  if (added.status === 0) t.up()
  const told = /\bmain\b[^.]*\b(red|fails?)\b|\b(red|fails?)\b[^.]*\bmain\b/
  if (told.test(`${added.stdout}${added.stderr}`)) return
  const [a, b] = [t.give('One'), t.give('Two')]
  t.stands(a, told, 20)
  t.stands(b, told, 20)
  expect(t.evidenceOf('runs')).toBe('run\nrun\n')
  t.push('state', 'fixed\n')
  t.gt('refinery', 'process', 'r')
  t.lands(a, 20)
  t.lands(b, 20)
})

story('main itself is red, red_main land: work that makes it no worse lands, told once', {}, () => {
  const t = stranger({ files: { state: 'broken\n' }, gate: 'grep -q fixed state', settings: { red_main: 'land' } })
  t.lands(t.give('One'), 20)
  expect(t.told()).toMatch(/main/)
})

story('main itself is red, and the work mends it: it lands', {}, () => {
  const t = stranger({
    files: { state: 'broken\n' },
    gate: 'grep -q fixed state',
    worker: 'echo fixed > state; commit',
  })
  t.lands(t.give('One'), 20)
})

story('a gate that fails at times is called so, and the worker is not blamed for it', {}, () => {
  const t = stranger({
    gate: 'n=$(wc -l < "$E/n" 2>/dev/null || echo 0); echo x >> "$E/n"; [ $((n % 2)) = 1 ]',
    worker: `echo run >> "$E/runs"; if [ "$(attempt)" = 1 ]; then ${oneFile}; else git commit -q --allow-empty -m again; fi`,
  })
  t.lands(t.give('One'), 25)
  expect(`${t.log()}${t.told()}`).toMatch(/flaky|both|at times|once.*(red|fail)|passed when/i)
})

story('a gate whose program is missing cannot run: told so, and no worker is sent back', { limit: 120 }, () => {
  const t = stranger({
    gates: ['check=no-such-program-here --all'],
    worker: `echo run >> "$E/runs"; ${oneFile}`,
    until: 'origin',
  })
  const added = t.rig()
  if (added.status !== 0) return expect(added.stderr).toContain('no-such-program-here')
  t.up()
  t.stands(t.give('One'), /no-such-program-here/, 60)
  expect(t.evidenceOf('runs')).toBe('run\n')
})

story('a change that breaks the gate’s own script is red, and its worker’s', {}, () => {
  const t = stranger({
    files: { 'check.sh': '#!/bin/sh\nexit 0\n' },
    gates: ['check=./check.sh'],
    worker: `if [ "$(attempt)" = 1 ]; then git rm -q check.sh; commit; else git revert --no-edit HEAD -q 2>/dev/null || git checkout -q HEAD~1 -- check.sh; echo x > new.txt; commit; fi`,
  })
  t.lands(t.give('One'), 25)
  expect(t.on('check.sh')).toBeDefined()
})

const commands: [string, string][] = [
  ['a variable in front', 'CI=1 ./args.sh'],
  ['a ~', '~/bin/check.sh'],
  ['quotes within a word', './args.sh --grep="foo bar"'],
  ['an apostrophe', "./args.sh don't"],
  ['an escaped blank', './args.sh foo\\ bar'],
  ['a variable', './args.sh $HOME'],
  ['two commands', './args.sh && ./args.sh'],
  ['a pipe', './args.sh | cat'],
  ['a pattern', './args.sh *.md'],
  ['an empty argument', "./args.sh ''"],
]
for (const [title, command] of commands)
  story(`a gate typed with ${title} runs as a shell would run it, or is refused with what to type`, {}, () => {
    const t = stranger({
      until: 'origin',
      files: {
        'README.md': 'hello\n',
        'args.sh': '#!/bin/sh\nfor a; do printf "[%s]" "$a"; done; echo "CI=$CI"\nexit 1\n',
      },
      gates: [`check=${command}`],
    })
    t.script(join(t.home, 'bin/check.sh'), '#!/bin/sh\necho "home check"; exit 1\n')
    const added = t.rig()
    if (added.status !== 0) {
      expect(added.status).toBeLessThanOrEqual(2)
      return expect(added.stderr.length).toBeGreaterThan(20)
    }
    t.set(quick)
    t.up()
    const { stdout } = t.run('bash', ['-c', command], t.seed)
    const words = stdout.trim().split('\n').at(-1) as string
    expect(t.ends(t.give('One'), 25).said).toContain(words)
  })

story('gate_env hands a gate what it names of the person’s environment, and nothing else', {}, () => {
  const t = stranger({
    gate: '[ "$DATABASE_URL" = pg://x ] && [ -z "$SECRET" ] && [ -z "$GT_TOKEN" ]',
    add: ['--gate-env', 'DATABASE_URL'],
    env: { DATABASE_URL: 'pg://x', SECRET: 'mine' },
  })
  t.lands(t.give('One'))
})

story('--env gives a value to sessions and gates alike', {}, () => {
  const t = stranger({
    add: ['--env', 'MODE=rig wide'],
    gate: '[ "$MODE" = "rig wide" ]',
    worker: `[ "$MODE" = "rig wide" ] || exit 9; ${oneFile}`,
  })
  t.lands(t.give('One'))
})

story('extra_env still reaches sessions, and a secret that nobody named reaches neither', {}, () => {
  const t = stranger({
    settings: { extra_env: ['NAMED'] },
    env: { NAMED: 'yes', SECRET: 'mine' },
    gate: '[ -z "$SECRET" ]',
    worker: `[ "$NAMED" = yes ] && [ -z "$SECRET" ] || exit 9; ${oneFile}`,
  })
  t.lands(t.give('One'))
})

const redirects: [string, string][] = [
  [
    'the address of origin',
    'git config remote.origin.url "$T/elsewhere.git"; git remote add origin "$T/elsewhere.git"',
  ],
  [
    'where pushes go',
    'git config url."$T/elsewhere.git".pushInsteadOf "$T/origin.git"; git config --global url."$T/elsewhere.git".insteadOf "$T/origin.git"',
  ],
  [
    'the branch that is pushed',
    'git config remote.origin.push HEAD:refs/heads/other; git config remote.origin.mirror true',
  ],
  [
    'the hooks',
    'd=$(git rev-parse --git-common-dir); mkdir -p "$d/hooks"; printf "#!/bin/sh\\ntouch \\"$E/hooked\\"\\nexit 1\\n" > "$d/hooks/pre-push"; chmod +x "$d/hooks/pre-push"; git config core.hooksPath "$d/hooks"',
  ],
  ['what main is', 'for r in refs/heads/main refs/remotes/origin/main; do git update-ref $r HEAD~1; done'],
]
for (const [title, does] of redirects)
  story(`a gate changes ${title}: the landing is on origin all the same, or told`, {}, () => {
    const t = stranger({
      gate: `(${does}) >/dev/null 2>&1; exit 0`,
      before: (t) => t.sh(t.dir, 'git clone -q --bare origin.git elsewhere.git'),
    })
    for (const name of ['One', 'Two']) {
      const { landed } = t.ends(t.give(name))
      expect([landed, t.on(`${name}.txt`)]).toEqual([true, `${name}\n`])
    }
    expect(t.sh(join(t.dir, 'elsewhere.git'), 'git rev-list --count --all')).toBe('1')
    expect([t.branches(), t.evidenceOf('hooked')]).toEqual(['main', undefined])
  })

story('a gate’s repository has no remote and the very commit that lands', {}, () => {
  const t = stranger({
    gate: 'git remote > "$E/remotes"; git rev-parse HEAD > "$E/head"; git log --oneline | wc -l > "$E/log"',
  })
  t.lands(t.give('One'))
  expect([t.evidenceOf('remotes'), t.evidenceOf('head')?.trim()]).toEqual(['', t.sh(t.origin, 'git rev-parse main')])
  expect(Number(t.evidenceOf('log'))).toBeGreaterThan(1)
})

for (const who of ['gate', 'worker'] as const)
  story(`a ${who}’s “git config --global” is not the person’s`, {}, () => {
    const does = 'git config --global user.email ci@example.invalid; echo x >> ~/left-at-home'
    const t = stranger({
      gitconfig: { 'user.email': 'me@example.invalid' },
      ...(who === 'gate'
        ? { gate: `${does}; exit 0` }
        : { worker: `git config --global user.email ci@example.invalid; ${oneFile}` }),
    })
    t.lands(t.give('One'))
    expect(readFileSync(join(t.home, '.gitconfig'), 'utf8')).toContain('me@example.invalid')
    if (who === 'gate') expect(existsSync(join(t.home, 'left-at-home'))).toBe(false)
  })

story('--setup runs before the worker and before the gate; what fails in it is told as that', {}, () => {
  const t = stranger({
    files: {
      'setup.sh':
        '#!/bin/sh\n[ ! -e fails ] || { echo "no such dependency" >&2; exit 1; }\nmkdir -p deps; echo d > deps/d\n',
      '.gitignore': 'deps/\n',
    },
    add: ['--setup', 'deps=./setup.sh'],
    gate: 'test -e deps/d',
    worker: `test -e deps/d || exit 9; ${oneFile}`,
  })
  t.lands(t.give('One'))
  t.push('fails', 'x\n')
  t.stands(t.give('Two'), /no such dependency/, 30)
})

story('copy: files that are in no commit are there for worker and gate', {}, () => {
  const t = stranger({
    files: { '.gitignore': '.env\n' },
    settings: { copy: ['.env'] },
    until: 'rig',
    gate: 'grep -q KEY .env',
    worker: `grep -q KEY .env || exit 9; ${oneFile}`,
  })
  for (const place of ['r/.env', 'r/mayor/rig/.env']) t.sh(t.town, `echo KEY=1 > '${place}'`)
  t.up()
  t.lands(t.give('One'))
  expect(t.on('.env')).toBe(undefined)
})

story('setup_timeout: a setup that hangs is told, and the town goes on', { limit: 120 }, () => {
  const t = stranger({
    files: { 'setup.sh': '#!/bin/sh\nexec sleep 300\n' },
    add: ['--setup', 'deps=./setup.sh'],
    settings: { setup_timeout: '1s' },
  })
  t.stands(t.give('One'), /deps|setup/, 40)
  nobodyLeft(t, /sleep 300/)
})
