// The machine around the town: old or missing programs, odd folders, several towns, and everything ended from outside.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { expect } from 'vitest'
import { gtScript, hasTmux } from '../fixture/real-town.ts'
import { story, stranger, until } from './story.ts'
import { oneFile, type Stranger } from './town.ts'

const real = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim()

/** A git that says it is of this version and does not know these options. */
const oldGit = (t: Stranger, version: string, unknown: Readonly<Record<string, number>>) =>
  t.program(
    'git',
    `for a; do case "$a" in --version|version) echo 'git version ${version}'; exit 0;;
${Object.entries(unknown)
  .map(([option, status]) => `${option}) echo "error: unknown option '${option}'" >&2; exit ${status};;`)
  .join('\n')}
esac; done
exec ${real('git')} "$@"`,
  )

for (const [version, unknown] of [
  ['2.34.1', { '--write-tree': 129, '--reason': 129 }],
  ['2.38.1', { '--merge-base': 129 }],
  ['2.20.0', { '--write-tree': 129, '--reason': 129, '--show-current': 129, '-b': 129 }],
] as const)
  story(`git ${version}: the town works with it, or says in one sentence which it needs`, {}, () => {
    const t = stranger({ until: 'origin' })
    oldGit(t, version, unknown)
    t.worker('echo x > new.txt; git add -A; git commit -qm work')
    const added = t.rig()
    const up = added.status === 0 ? t.gt('up') : added
    if (up.status !== 0) return expect(up.stderr).toMatch(/git.*\b2\.\d+/)
    t.lands(t.give('One'))
  })

story('git becomes too old while the rig is there already: gt up says so', {}, () => {
  const t = stranger({ until: 'rig' })
  oldGit(t, '2.34.1', { '--write-tree': 129, '--reason': 129 })
  const up = t.gt('up')
  if (up.status !== 0) return expect(up.stderr).toMatch(/git.*\b2\.\d+/)
  t.lands(t.give('One'))
})

story('a git of a vendor’s own numbering is no reason to refuse', {}, () => {
  const t = stranger({ until: 'origin' })
  oldGit(t, '2.39.5 (Apple Git-154)', {})
  expect(t.rig()).toMatchObject({ status: 0 })
  t.up()
  t.lands(t.give('One'))
})

for (const version of ['3.0a', '2.8', 'next-3.1'])
  story(
    `tmux ${version}, without -e: sessions start all the same, or gt up says which it needs`,
    { unless: !hasTmux && 'tmux is not here' },
    () => {
      const t = stranger({ until: 'origin' })
      t.program(
        'tmux',
        `[ "$1" = -V ] && { echo 'tmux ${version}'; exit 0; }
for a; do [ "$a" = -e ] && { echo 'usage: new-session [-AdDEPX] [-c start-directory] [-s session-name]' >&2; exit 1; }; done
exec ${real('tmux')} "$@"`,
      )
      const added = t.rig('--session', 'auto')
      const up = added.status === 0 ? t.gt('up') : added
      if (up.status !== 0) return expect(up.stderr).toMatch(/tmux.*3/)
      t.lands(t.give('One'))
    },
  )

story('a worker program that is not there is refused when the rig is added, or told by name', {}, () => {
  const t = stranger({ until: 'origin' })
  const added = t.rig('--worker', 'no-such-agent --flag')
  if (added.status !== 0) return expect(added.stderr).toContain('no-such-agent')
  t.up()
  t.stands(t.give('One'), /no-such-agent/, 20)
})

story('--no-gate and --gate together are refused', {}, () => {
  const t = stranger({ until: 'origin' })
  const added = t.rig('--gate', 'test=true')
  expect(added.status).not.toBe(0)
  expect(added.stderr).toMatch(/no-gate/)
})

story('gt rig set changes a setting of a town that is up, rig show shows it, rig remove takes the rig away', {}, () => {
  const t = stranger()
  expect(t.gt('rig', 'show', 'r').stdout).toMatch(/main/)
  t.lands(t.give('One'))
  expect(t.gt('rig', 'set', 'r', '--max-workers', '7')).toMatchObject({ status: 0 })
  expect(t.gt('rig', 'show', 'r', '--json').stdout).toMatch(/7/)
  t.lands(t.give('Two'))
  expect(t.gt('rig', 'remove', 'r')).toMatchObject({ status: 0 })
  expect(t.gt('rigs', '--json').stdout).not.toContain('"r"')
})

story('a rig’s folder is taken away by hand: the others go on, and it is said which is missing', {}, () => {
  const t = stranger({ until: 'rig' })
  t.sh(t.dir, 'git clone -q --bare origin.git fine.git')
  t.ok('rig', 'add', 'fine', join(t.dir, 'fine.git'), '--no-gate', '--worker', t.workerScript, '--session', 'process')
  t.sh(t.town, 'mv r away')
  const up = t.gt('up')
  if (up.status !== 0) return expect(up.stderr).toMatch(/\br\b/)
  t.lands(t.give('Two', 'fine'))
})

story('a town in a folder with blanks, quotes and letters of other alphabets', {}, () => {
  const t = stranger({ until: 'origin' })
  const odd = join(t.dir, "my 'town' ü $x")
  const gt = (...args: string[]) => t.run(process.execPath, [gtScript, ...args], odd)
  t.run(process.execPath, [gtScript, 'install', odd], t.dir)
  const flags = ['--no-gate', '--prefix', 'r', '--worker', t.workerScript, '--session', 'process']
  expect(gt('rig', 'add', 'r', t.origin, ...flags)).toMatchObject({ status: 0 })
  try {
    expect(gt('up')).toMatchObject({ status: 0 })
    const bd = t.run(
      process.execPath,
      [gtScript.replace('gt.cjs', 'bd.cjs'), 'create', 'One', '--json'],
      join(odd, 'r'),
    )
    const { id } = JSON.parse(bd.stdout) as { id: string }
    gt('spawn', '--issue', id)
    expect(gt('wait', id, '--timeout', '15')).toMatchObject({ status: 0 })
  } finally {
    gt('down')
  }
  expect(t.on('One.txt')).toBe('One\n')
})

story('gt down in the midst of everything ends sessions, gates and git, and loses nothing', { share: true }, () => {
  const t = stranger({
    gate: 'touch "$E/gate"; (setsid sleep 301 >/dev/null 2>&1 </dev/null &); exec sleep 300',
    worker:
      'if [ "$(title)" = One ]; then echo x > One.txt; commit; else echo half > half.txt; touch "$E/began"; exec sleep 302; fi',
  })
  t.give('One')
  t.give('Two')
  until(() => t.evidenceOf('gate') !== undefined && t.evidenceOf('began') !== undefined, 'gate and worker run')
  t.ok('down')
  until(() => t.processes().length === 0, 'nobody is left', 8)
  expect(t.kept('half')).toBe(true)
})

story('kill -9 of the daemon while a gate runs: the next town ends what it left, and lands', {}, () => {
  const t = stranger({
    gate: '[ -e "$E/again" ] && exit 0; touch "$E/again"; trap "" TERM; (setsid sleep 301 >/dev/null 2>&1 </dev/null &); sleep 300',
  })
  const id = t.give('One')
  until(() => t.evidenceOf('again') !== undefined, 'the gate runs')
  process.kill(t.daemonPid(), 'SIGKILL')
  t.up()
  t.lands(id, 25)
  until(() => t.processes().every(({ command }) => !/sleep 30/.test(command)), 'nobody is left', 8)
})

story('two towns on one origin: both land, neither takes the other’s work for its own', {}, () => {
  const one = stranger({ settings: { foreign_commits: 'allow' } })
  const two = stranger({ settings: { foreign_commits: 'allow' }, url: () => one.origin })
  const ids = ['A', 'B', 'C'].map((title) => [one.give(`${title}1`), two.give(`${title}2`)] as const)
  for (const [a, b] of ids) {
    one.lands(a, 25)
    two.lands(b, 25)
  }
  for (const title of ['A1', 'A2', 'B1', 'B2', 'C1', 'C2']) expect(one.on(`${title}.txt`)).toBe(`${title}\n`)
})

story('the clock of a commit lies: far ahead, and before 1970', {}, () => {
  const t = stranger({
    worker: `export GIT_AUTHOR_DATE='@4102444800 +0000' GIT_COMMITTER_DATE='@4102444800 +0000'; ${oneFile}`,
    before: (t) =>
      t.colleague("echo o > o; git add -A; GIT_COMMITTER_DATE='@1 +0000' git commit -qm old; git push -q origin main"),
  })
  t.lands(t.give('One'))
  t.lands(t.give('Two'))
})

story('the refinery’s clone is deleted while the town is down: it is made again, or told', {}, () => {
  const t = stranger()
  t.lands(t.give('One'))
  t.ok('down')
  t.sh(t.town, 'rm -rf r/refinery/rig')
  const up = t.gt('up')
  if (up.status !== 0) return expect(up.stderr).toContain('refinery/rig')
  const { landed, said } = t.ends(t.give('Two'), 25)
  if (!landed) expect(said).toMatch(/refinery/)
  expect(existsSync(join(t.town, 'r'))).toBe(true)
})
