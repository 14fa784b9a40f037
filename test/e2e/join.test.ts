// A person in an agent's terminal: by the way in that it leaves, or in its conversation, which they take over.
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Polecat } from '../../cli/api.ts'
import { make, refused, t } from '../fixture/own-town.ts'
import { eventually, gtScript, hasTmux } from '../fixture/real-town.ts'
import { terminal } from '../fixture/terminal.ts'

const nux = 'wyvern/Nux'
const polecat = () => t.json<Polecat[]>('polecats', 'wyvern')[0]
const inTerminal = (...args: string[]) => terminal([process.execPath, gtScript, ...args], t.town, t.env)
const linesOf = (name: string) => readFileSync(join(t.dir, name), 'utf8').split('\n')

/** What it leaves behind, by a number of this test's own. */
const left = 5_000_000 + process.pid
const isLeft = () => spawnSync('pgrep', ['-f', `sleep ${left}`]).status === 0

/** What is run by hand notes its environment, and tries what is the Overseer's. */
const byHand = (noted: string) =>
  `env > "${noted}"; (cd /; gt stop --all --town "$GT_TOWN") 2>> "${noted}"; setsid sleep ${left} & echo "here in $PWD: $*"`

/** An agent that is spoken to as Claude Code is; `--resume` alone is a person's, who goes on with its conversation. */
const agent = (more = '') => `#!/bin/sh
if [ "$1" = --resume ]; then ${byHand('${0%/*}/noted')}; read -r word; exit 5; fi
for word; do
  case "$before" in --session-id | --resume) talk=$word ;; esac
  before=$word
done
${more}
init='"type":"system","subtype":"init","model":"opus","claude_code_version":"2.1.0"'
while read -r line; do echo "{$init,\\"session_id\\":\\"$talk\\"}"; done
`

/** Lets a person in, whose program hears keys that would end it. */
const letsIn = `if [ "$1" = joined ]; then
  env > "\${0%/*}/noted"
  (cd /; gt stop --all --town "$GT_TOWN") 2>> "\${0%/*}/noted"
  trap 'echo heard' INT
  echo "joined in $PWD"
  until read -r word && [ "$word" = leave ]; do :; done
  exit 4
fi
echo '{"argv":["'"$0"'","joined"],"env":{"PASSWORD":"sesame"}}' > "$GT_SESSION/attach.json"`

async function atWork(worker: string, config: Record<string, unknown> = {}): Promise<void> {
  make({ worker, config: { agent: 'claude', ...config } }).issues(1)
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  await working()
}
const conversation = () =>
  t.json<{ agent: { started: { conversation: string } | null } | null }>('session', 'peek', nux).agent?.started
    ?.conversation
const working = () =>
  eventually(() => polecat()?.state === 'working' && t.alive().length === 1 && conversation() !== undefined)

test.runIf(hasTmux)(
  'where an agent lets a person in, its own program is theirs, as a part of that session',
  async () => {
    await atWork(agent(letsIn))
    expect(t.ok('session', 'peek', nux)).toContain('gt session attach wyvern/polecats/Nux joins it')
    const [session] = t.alive()
    using mine = inTerminal('session', 'attach', nux)
    await mine.shows(`joined in ${join(t.rig, 'polecats/Nux')}`)
    const noted = linesOf('noted')
    for (const line of ['PASSWORD=sesame', 'GT_ISSUE=wy-1', `GT_SESSION=${session?.dir}`]) expect(noted).toContain(line)
    expect(noted.join('\n')).not.toContain('GT_TOKEN')
    expect(noted.join('\n')).toContain('wyvern/polecats/Nux may not do that')
    // What is typed is its own.
    mine.type('C-c')
    await mine.shows('heard')
    mine.type('leave', 'Enter')
    expect(await mine.over()).toBe(4)
    expect(t.alive()).toEqual([session])
    // It ends with the session.
    using again = inTerminal('session', 'attach', nux)
    await again.shows('joined in')
    t.ok('session', 'stop', nux)
    expect(await again.over()).toBeGreaterThan(0)
  },
)

test('where it lets nobody in, what it does follows, and it is said how to take it over', async () => {
  await atWork(agent())
  const child = spawn(process.execPath, [gtScript, 'session', 'attach', nux], { cwd: t.town, env: t.env })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (said += piece))
  const over = new Promise((resolve) => child.once('close', resolve))
  await eventually(() => said.includes('· opus is here (2.1.0)'))
  expect(said).toContain('nobody can join this agent')
  expect(said).toContain('gt session attach wyvern/polecats/Nux --take-over')
  t.ok('session', 'stop', nux)
  expect(await over).toBe(0)
  refused(t.gt('session', 'attach', nux), 'has no live session')
})

test.runIf(hasTmux)(
  'a conversation is taken over once a person agrees, and the worker goes on when they leave',
  async () => {
    await atWork(agent(), { session_tries: 1 })
    const [before] = t.alive()
    const talk = conversation()
    expect(t.gt('session', 'attach', nux, '--take-over')).toMatchObject({ status: 2 })
    using no = inTerminal('session', 'attach', nux, '--take-over')
    await no.shows('take it over? [y/N]')
    no.type('n', 'Enter')
    expect(await no.over()).toBe(1)
    expect(t.alive()).toEqual([before])

    using mine = inTerminal('session', 'attach', nux, '--take-over')
    await mine.shows('take it over? [y/N]')
    mine.type('y', 'Enter')
    await mine.shows(`here in ${join(t.rig, 'polecats/Nux')}: --resume ${talk}`)
    expect([polecat()?.state, t.alive()]).toEqual(['stopped', []])
    const noted = linesOf('noted').join('\n')
    expect(noted).toMatch(/wyvern\/polecats\/Nux may not do that/)
    expect(noted).not.toContain('GT_TOKEN')
    expect(isLeft()).toBe(true)
    mine.type('word', 'Enter')
    expect(await mine.over()).toBe(5)
    expect(isLeft()).toBe(false)
    expect(mine.screen()).toContain('wyvern/polecats/Nux goes on')
    await working()
    const [after] = t.alive()
    expect([after?.epoch, conversation()]).toEqual([2, talk])
    // With one start allowed, a try that counted would have been its last.
    expect(polecat()).toMatchObject({ state: 'working', attempt: 1 })
  },
)

test.runIf(hasTmux)('a conversation goes on in one place: here no more once the worker does', async () => {
  await atWork(agent())
  using mine = inTerminal('session', 'attach', nux, '--take-over', '--yes')
  await mine.shows('here in')
  t.ok('session', 'resume', nux)
  expect(await mine.over()).toBeGreaterThan(0)
  await working()
  expect(mine.screen()).toContain('was not stopped')
})

test.runIf(hasTmux)('a window that is shut upon a conversation lets the worker go on', async () => {
  await atWork(agent())
  using mine = inTerminal('session', 'attach', nux, '--take-over', '--yes')
  await mine.shows('here in')
  mine.close()
  await working()
  expect([t.alive()[0]?.epoch, isLeft()]).toEqual([2, false])
})

test.runIf(hasTmux)(
  'where the town is gone meanwhile nothing is left behind, and it is said what is to be done',
  async () => {
    await atWork(agent())
    using mine = inTerminal('session', 'attach', nux, '--take-over', '--yes')
    await mine.shows('here in')
    process.kill(t.daemonPid(), 'SIGKILL')
    mine.type('word', 'Enter')
    expect(await mine.over()).toBe(1)
    expect(mine.screen()).toContain('does not go on yet')
    expect(mine.screen()).toContain('gt session resume wyvern/polecats/Nux')
    expect(isLeft()).toBe(false)
    t.ok('up')
    await working()
    expect(t.alive()[0]?.epoch).toBe(2)
  },
)

test('one that cannot be taken over is left as it is', async () => {
  await atWork(agent())
  const before = t.alive()
  const takeOver = () => t.gt('session', 'attach', nux, '--take-over', '--yes')
  const [{ dir } = { dir: '' }] = before
  const run = readFileSync(join(dir, 'run.json'), 'utf8')
  writeFileSync(join(dir, 'run.json'), run.replace('"claude"', '"aider"'))
  refused(takeOver(), 'cannot go on with a conversation of aider')
  writeFileSync(join(dir, 'run.json'), run)
  // Whichever agent the rig has by now, it is still this one's conversation.
  t.configure({ agent: 'aider' })
  refused(takeOver(), 'no program "claude"')
  t.configure({ agent: 'claude', worker: ['/no/such/claude'] })
  refused(takeOver(), 'no program "/no/such/claude"')
  // What is no name of a conversation is an option of a program's.
  appendFileSync(
    join(dir, 'evidence.jsonl'),
    '{"at":1,"what":"started","conversation":"--dangerous","version":"","model":""}\n',
  )
  refused(takeOver(), 'told of no conversation')
  rmSync(join(dir, 'run.json'))
  refused(takeOver(), 'no agent that is spoken to')
  expect(t.alive()).toEqual(before)
})
