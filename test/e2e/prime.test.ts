// `gt prime` as whoever asks has it, with the bundled commands in a real town.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PrimeFacts } from '../../actors/agents/prime.ts'
import { hasProc } from '../../actors/proc.ts'
import { make, refused, t } from '../fixture/own-town.ts'
import { eventually, isWritten } from '../fixture/real-town.ts'

/** Does what lies in `<town>/../do`, and writes what came of it to `did`. */
const obedient = `#!/bin/sh
cd "$GT_TOWN/.."
while :; do
  if [ -e do ]; then mv do doing; (cd "$GT_TOWN/wyvern/polecats/Nux"; . "$GT_TOWN/../doing") > part 2>&1; echo "ended with $?" >> part; mv part did; fi
  sleep 0.05
done
`

/** What a command of the worker's prints, in its worktree and with its variables. */
async function inSession(command: string): Promise<string> {
  const did = join(t.dir, 'did')
  rmSync(did, { force: true })
  writeFileSync(join(t.dir, 'next'), `${command}\n`)
  renameSync(join(t.dir, 'next'), join(t.dir, 'do'))
  await eventually(() => existsSync(did) && isWritten(did))
  return readFileSync(did, 'utf8')
}

async function atWork() {
  make({ worker: obedient })
  t.issues(1, undefined, 'It creaks.')
  t.okBd('update', 'wy-1', '--acceptance', 'No creak.')
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  // It is there.
  await inSession(':')
}

test('a worker is told its issue as it is now, and its mail, also while the town is down', async () => {
  await atWork()
  const first = await inSession('gt prime')
  for (const words of [
    'You are Nux, a polecat of the rig wyvern',
    `${t.rig}/polecats/Nux, on the branch polecat/Nux-1`,
  ])
    expect(first).toContain(words)
  expect(first).toMatch(/Your issue: wy-1 Issue 1\nPart of wy-all\. Try 1\.\n\n {4}It creaks\.\n.*\n {4}No creak\.\n/s)
  expect(first).not.toMatch(/Unread mail|The town is down/)
  expect(await inSession('gt prime --short')).not.toContain('It creaks')
  // Where all of it is, as it says.
  expect(await inSession('bd show wy-1')).toMatch(/It creaks\..*Done when:\n *No creak\./s)
  t.okBd('update', 'wy-1', '-d', 'It creaks at night.')
  for (let n = 1; n <= 7; n++) t.ok('mail', 'send', 'wyvern/Nux', '-s', `Word ${n}`, '--priority', n === 2 ? '0' : '2')
  await eventually(() => t.json<unknown[]>('mail', 'inbox', 'wyvern/Nux').length === 7)
  const second = await inSession('gt prime')
  expect(second).toMatch(
    /It creaks at night\..*## Unread mail: 7, 1 urgent\n- wy-\w+ P0 from overseer: Word 2\n- wy-\w+ P2 from overseer: Word 7\n.*and 2 more: `gt mail inbox wyvern\/polecats\/Nux`/s,
  )
  expect(second).toContain('Read your mail first.')
  // What it was told of was shown to it, the rest was not; what a person looks at is shown to nobody.
  const sent = t.json<{ subject: string; progress: { shown: string | null } }[]>('mail', 'sent')
  expect(sent.flatMap(({ subject, progress }) => (progress.shown ? [subject] : [])).sort()).toEqual(
    [2, 4, 5, 6, 7].map((n) => `Word ${n}`),
  )
  const facts = JSON.parse((await inSession('gt prime --json')).replace(/ended with 0\n$/, '')) as PrimeFacts
  expect(facts).toMatchObject({ role: 'polecat', attempt: 1, returned: null, mail: { unread: 7 } })
  t.ok('down', '--keep-sessions')
  const down = await inSession('gt prime')
  expect(down).toContain('The town is down just now. Go on with your work')
  expect(down).toMatch(/It creaks at night\..*Unread mail: 7.*ended with 0\n$/s)
})

test('a worker whose variables are gone is known by its ancestors', { skip: !hasProc }, async () => {
  await atWork()
  const bare = 'env -i PATH="$PATH" gt prime'
  expect(await inSession(bare)).toMatch(/You are Nux, a polecat.*Your issue: wy-1 Issue 1.*ended with 0/s)
  expect(await inSession(`cd /tmp; env -i PATH="$PATH" gt prime --town ${t.town}`)).toContain('You are Nux, a polecat')
})

test('a worker hears that its issue is not its own any more, or closed, and of a session that is over', async () => {
  await atWork()
  t.okBd('update', 'wy-1', '--assignee', 'wyvern/polecats/Toast')
  expect(await inSession('gt prime')).toContain(
    'wy-1 is not yours any more: wyvern/polecats/Toast has it. Change nothing',
  )
  t.okBd('close', 'wy-1', '--reason', 'not wanted')
  expect(await inSession('gt prime')).toContain('wy-1 is closed (not wanted). Begin nothing new')
  for (const spoil of ['rm -f "$GT_ASSIGNMENT"', 'echo "{" > "$GT_ASSIGNMENT"', 'mkfifo "$GT_ASSIGNMENT"'])
    expect(await inSession(`rm -f "$GT_ASSIGNMENT"; ${spoil}; gt prime`)).toMatch(
      /assignment\.json is not there.*this session of wyvern\/polecats\/Nux is over.*ended with 1\n/s,
    )
})

test('work that came back is told with what the gate said', async () => {
  make({
    worker: `#!/bin/sh
gt prime > "$GT_TOWN/../told.part"
if [ -e "$GT_TOWN/../told" ]; then mv "$GT_TOWN/../told.part" "$GT_TOWN/../again"; exec sleep 1000; fi
mv "$GT_TOWN/../told.part" "$GT_TOWN/../told"
echo x > x.txt && git add x.txt && git commit --quiet -m x && gt handoff
exec sleep 1000
`,
    gates: ['test=sh -c "echo one is not two; test ! -e x.txt"'],
  })
  t.issues(1)
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => existsSync(join(t.dir, 'again')))
  expect(readFileSync(join(t.dir, 'told'), 'utf8')).not.toContain('It came back')
  const again = readFileSync(join(t.dir, 'again'), 'utf8')
  expect(again).toMatch(
    /Try 2\..*## It came back: a gate failed\n.*\n {4}.*one is not two\n.*`git merge main`, find out why the gate/s,
  )
})

test('the Mayor, advisers, crew and the Overseer are told by the folder they are in', () => {
  make()
  const workspace = join(t.rig, 'crew/ann')
  mkdirSync(workspace)
  const told = (cwd: string, ...more: string[]) => {
    const done = t.gtIn(cwd, 'prime', ...more)
    expect(done).toMatchObject({ status: 0, stderr: '' })
    return done.stdout
  }
  for (const folder of [t.town, t.layout.mayor, join(t.rig, 'mayor/rig')]) {
    const text = told(folder)
    expect(text).toContain(`You are the Mayor of the town at ${t.town}.`)
    expect(text).toContain('The town is down, and this is what its files say; `gt up` starts it.')
  }
  expect(told(join(t.rig, 'crew/ann'))).toMatch(/# ann, in the crew of wyvern.*your address is wyvern\/crew\/ann/s)
  expect(told(join(t.rig, 'witness'))).toContain('You advise the Witness of the rig wyvern')
  expect(told(join(t.rig, 'refinery/rig'))).toContain('You advise the Refinery of the rig wyvern')
  for (const folder of [t.rig, join(t.rig, 'crew'), join(t.rig, 'refinery/pool'), t.layout.config]) {
    expect(told(folder)).toContain('You speak as the Overseer')
    expect(told(folder)).not.toContain('You are the Mayor')
  }
  t.ok('up')
  t.ok('mail', 'send', 'mayor/', '-s', 'To the Mayor')
  t.ok('mail', 'send', 'wyvern/crew/ann', '-s', 'To Ann')
  expect(told(t.town)).toMatch(/Unread mail: 1\n- gm-\w+ P2 from overseer: To the Mayor\n/)
  expect(told(workspace)).toMatch(/Unread mail: 1\n- wy-\w+ P2 from overseer: To Ann\n/)
  // Whoever asks there may be anybody: nothing was shown to its reader by that.
  const sent = t.json<{ progress: { shown: string | null } }[]>('mail', 'sent')
  expect(sent.map(({ progress }) => progress.shown)).toEqual([null, null])
  for (const folder of [t.town, t.rig]) expect(told(folder)).not.toContain('The town is down')
  expect(JSON.parse(told(workspace, '--json'))).toMatchObject({ role: 'crew', address: 'wyvern/crew/ann' })
})

test('outside a town, and for what is no agent, it says so', async () => {
  make()
  refused(t.gtIn(t.dir, 'prime'), 'is not in a town')
  refused(t.gtWith({ GT_RUN: `${t.rig}/plugins/greeter#1` }, 'prime'), 'is a plugin')
  refused(t.gtWith({ GT_GATE: `${t.rig}/refinery/pool/x` }, 'prime'), 'is nobody in the town')
})

test('what cannot be read is told, and the rest all the same', async () => {
  await atWork()
  t.ok('down', '--keep-sessions')
  const store = join(t.layout.daemon, 'stores/wyvern')
  renameSync(store, `${store}.aside`)
  const lost = await inSession('gt prime')
  expect(lost).toMatch(/the issues of wyvern cannot be used.*Your issue: wy-1 Issue 1.* {4}It creaks\..*ended with 0/s)
  renameSync(`${store}.aside`, store)
  rmSync(t.layout.secret)
  expect(await inSession('gt prime')).toMatch(/Mail cannot be told from what only looks like it.*Your issue: wy-1/s)
  mkdirSync(join(t.layout.config, 'roles'), { recursive: true })
  writeFileSync(t.layout.roleText('mayor'), 'You are {{nmae}}.\n')
  refused(t.gt('prime'), `${t.layout.roleText('mayor')}, line 1: {{nmae}} is no placeholder`)
  writeFileSync(t.layout.roleText('mayor'), 'You run {{town}}, kindly.\n')
  expect(t.ok('prime')).toMatch(new RegExp(`^You run ${t.town}, kindly\\.\n`))
})

// The town's CLAUDE.md

const former = `# Mayor

You are the Mayor of this Gas Town: you give work to rigs and answer for it to the Overseer.

- \`gt status\` shows the town; \`gt mail inbox\` your mail.
- \`gt spawn --epic <id>\` or \`--issue <id>\` gives work to a rig's Witness; \`gt wait <id>\` waits for it.
- Per-worker cleanup, killing and nudging are the Witness's, never yours.
`

test('the town’s CLAUDE.md says who tells, and is true for everybody below; a person’s own stays', () => {
  make()
  const { instructions } = t.layout
  const read = () => readFileSync(instructions, 'utf8')
  const ours = read()
  expect(ours).toContain('`gt prime`')
  expect(ours).not.toMatch(/mayor|witness|polecat/i)
  const upWith = (text: string) => {
    writeFileSync(instructions, text)
    t.ok('up')
    t.ok('down')
    return read()
  }
  expect(upWith(former)).toBe(ours)
  for (const persons of [`${former}And be kind.\n`, former.trimEnd(), former.replaceAll('\n', '\r\n'), ''])
    expect(upWith(persons)).toBe(persons)
  writeFileSync(instructions, former)
  t.gtIn(t.dir, 'install', t.town)
  expect(read()).toBe(ours)
  // A link to a file of theirs is theirs too, and none is none.
  rmSync(instructions)
  writeFileSync(join(t.dir, 'mine.md'), former)
  symlinkSync(join(t.dir, 'mine.md'), instructions)
  t.ok('up')
  expect(readFileSync(join(t.dir, 'mine.md'), 'utf8')).toBe(former)
  t.ok('down')
  rmSync(instructions)
  t.ok('up')
  expect(existsSync(instructions)).toBe(false)
})
