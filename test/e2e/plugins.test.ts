// Plugins as a user adds them: a folder, with a program or with a machine; and the files that show the town's state.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { eventually, type RealTown, realTown } from '../fixture/real-town.ts'

let t: RealTown
afterEach(() => t?.dispose())
const read = (path: string) => readFileSync(path, 'utf8')
const inbox = () => t.json<{ from: string; subject: string; body: string }[]>('mail', 'inbox')

function plugin(name: string, file: string, text: string) {
  const dir = join(t.rig, 'plugins', name)
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, file), text)
  chmodSync(join(dir, file), 0o755)
}
const enable = (name: string) => t.ok('plugin', 'enable', `wyvern/${name}`)
const send = (name: string, subject = 'Hello') => t.gt('send', `wyvern/plugins/${name}`, '-s', subject)

test('a folder with a program is asked by mail and answers by mail', async () => {
  t = realTown()
  plugin('oracle', 'run', '#!/bin/sh\nread -r question\necho "I was asked: $question"\n')
  plugin('broken', 'run', '#!/bin/sh\necho "no idea" >&2\nexit 4\n')
  enable('oracle')
  t.ok('up')
  enable('broken')
  t.ok('send', 'wyvern/plugins/oracle', '-s', 'What now?', '-m', 'Tell $(me) all')
  t.ok('send', 'wyvern/plugins/broken', '-s', 'And you?')
  expect(t.gt('send', 'wyvern/plugins/oracel', '-s', 'x')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('wyvern/plugins/oracle'),
  })
  await eventually(() => inbox().length === 2)
  const answers = Object.fromEntries(inbox().map((mail) => [mail.from, mail]))
  expect(answers['wyvern/plugins/oracle']).toMatchObject({
    subject: 'Re: What now?',
    body: expect.stringContaining('Tell $(me) all'),
  })
  expect(answers['wyvern/plugins/broken']).toMatchObject({ body: expect.stringContaining('no idea') })
})

test('a folder with a machine is an actor like the others: durable, and in the log', async () => {
  t = realTown()
  cpSync(join(import.meta.dirname, '../../examples/plugins/greeter'), join(t.rig, 'plugins/greeter'), {
    recursive: true,
  })
  t.ok('up')
  enable('greeter')
  t.ok('send', 'wyvern/plugins/greeter', '-s', 'One')
  await eventually(() => inbox().length === 1)
  process.kill(t.daemonPid(), 'SIGKILL')
  t.ok('up')
  t.ok('send', 'wyvern/plugins/greeter', '-s', 'Two')
  await eventually(() => inbox().length === 2)
  expect(
    inbox()
      .map((mail) => mail.body)
      .sort(),
  ).toEqual(['Hello from wyvern; you are number 1.', 'Hello from wyvern; you are number 2.'])
  expect(t.gt('log', '--actor', 'wyvern/plugins/greeter').stdout).toContain('greets overseer (2)')
})

test('a plugin promises no more than is a plugin’s; one that cannot be read is named', async () => {
  t = realTown()
  plugin(
    'greedy',
    'actor.mjs',
    `export default ({ xstate: { setup } }) => setup({}).createMachine({
    initial: 'a', states: { a: { on: { 'message.sent': { actions: { type: 'claimSlot', params: { pool: 'wyvern/workers', holder: 'me' } } } } } } })`,
  )
  enable('greedy')
  t.ok('up')
  t.ok('send', 'wyvern/plugins/greedy', '-s', 'Take all')
  await eventually(() => t.json<{ depth: { dead: number } }>('status').depth.dead === 1)
  t.ok('down')
  plugin('greedy', 'actor.mjs', 'export default 7')
  enable('greedy')
  expect(t.gt('up')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/greedy\/actor\.mjs is no plugin actor: it exports no function/),
  })
})

test('a machine that crashes too often is halted; mended, `gt up` lets it go on with the mail that waited', async () => {
  t = realTown()
  const actor = (
    action: string,
  ) => `export default ({ xstate: { setup, assign }, words }) => setup({ actions: words }).createMachine({
    context: { heard: 0 }, initial: 'a', states: { a: { on: { 'message.sent': { actions: [assign({ heard: ${action} }), { type: 'note', params: ({ context, event }) => ({ text: 'heard ' + event.subject }) }] } } } } })`
  plugin(
    'fragile',
    'actor.mjs',
    actor("({ event }) => { if (event.subject !== 'hello') throw new Error('too fragile') }"),
  )
  enable('fragile')
  t.ok('up')
  t.ok('send', 'wyvern/plugins/fragile', '-s', 'hello')
  const status = () =>
    t.json<{ escalations: { subject: string; body: string }[]; depth: { dead: number; mail: number } }>('status')
  for (let n = 1; n <= 6; n++) t.ok('send', 'wyvern/plugins/fragile', '-s', `${n}`)
  // Each is tried three times, with pauses of 0.4 and 1.6 s.
  await new Promise((resolve) => setTimeout(resolve, 8000))
  await eventually(() => status().escalations.length > 0)
  expect(status().escalations).toMatchObject([{ subject: 'wyvern/plugins/fragile crashed too often and is halted' }])
  t.ok('send', 'wyvern/plugins/fragile', '-s', 'the last')
  await eventually(() => inbox().some(({ body }) => body.includes('too fragile') && body.includes('gt up')))
  t.ok('down')
  plugin('fragile', 'actor.mjs', actor('({ context }) => context.heard + 1'))
  enable('fragile')
  t.ok('up')
  await eventually(() => status().escalations.length === 0)
  expect(t.gt('log', '--actor', 'wyvern/plugins/fragile').stdout).toContain('heard the last')
})

test('a folder that somebody makes runs nothing until the Overseer has enabled it, and then only as it was', async () => {
  t = realTown({
    worker:
      '#!/bin/sh\np=$GT_TOWN/wyvern/plugins; mkdir $p/evil $p/evil2 || exec sleep 1000; cp "$GT_TOWN/../evil" $p/evil/run; echo "import \\"$p/evil2/side.mjs\\"" > $p/evil2/actor.mjs\ngt plugin enable wyvern/evil 2> $GT_TOWN/../refused; gt send wyvern/plugins/evil -s x 2>> $GT_TOWN/../refused; gt send wyvern/plugins/evil2 -s x 2>> $GT_TOWN/../refused\necho done >> $GT_TOWN/../refused; exec sleep 1000\n',
  })
  const ran = join(t.dir, 'ran')
  t.writeScript(
    'evil',
    `#!/bin/sh\necho ran >> ${ran}\necho here > state.json; mkdir -p mail; echo x > mail/x\necho I ran\n`,
  )
  t.issues(1)
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => existsSync(join(t.dir, 'refused')) && read(join(t.dir, 'refused')).endsWith('done\n'))
  const refused = read(join(t.dir, 'refused'))
  expect(refused).toContain('wyvern/polecats/Nux may not do that')
  expect(refused).toMatch(/plugins\/evil is not enabled by the Overseer.*gt plugin enable wyvern\/evil/)
  expect(refused).toMatch(/plugins\/evil2 is not enabled/)
  const problems = () => t.json<{ problems: string[] }>('status').problems.join('\n')
  expect(problems()).toMatch(/evil is not enabled/)
  expect(existsSync(ran)).toBe(false)

  enable('evil')
  expect(problems()).not.toMatch(/evil is/)
  for (let n = 1; n <= 2; n++) {
    // What it keeps in its folder makes no other plugin of it.
    expect(send('evil').status).toBe(0)
    await eventually(() => inbox().filter(({ body }) => body === 'I ran').length === n)
  }
  const dir = join(t.rig, 'plugins/evil')
  const changes: [change: () => void, back: () => void][] = [
    [() => writeFileSync(join(dir, 'more'), ''), () => rmSync(join(dir, 'more'))],
    [() => chmodSync(join(dir, 'run'), 0o644), () => chmodSync(join(dir, 'run'), 0o755)],
    [() => symlinkSync('/bin/sh', join(dir, 'sh')), () => rmSync(join(dir, 'sh'))],
    [() => execFileSync('mkfifo', [join(dir, 'pipe')]), () => rmSync(join(dir, 'pipe'))],
    [() => writeFileSync(join(dir, 'run'), '#!/bin/sh\ntouch ran-other\n'), () => undefined],
  ]
  for (const [change, back] of changes) {
    change()
    expect(send('evil')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('has changed since it was enabled'),
    })
    expect(problems()).toMatch(/evil has changed/)
    back()
  }
  expect(t.ok('plugins', 'wyvern')).toMatch(/wyvern\/evil +changed\nwyvern\/evil2 +not enabled/)
  expect(t.ok('plugin', 'status', 'wyvern/evil')).toMatch(/is changed[\s\S]*\n {2}run$/m)
  expect(read(ran)).toBe('ran\nran\n')
  t.ok('down')
  expect(t.ok('up')).toMatch(/warning: wyvern\/plugins\/evil has changed/)
  enable('evil')
  expect(send('evil').status).toBe(0)
  await eventually(() => existsSync(join(dir, 'ran-other')))
  t.ok('plugin', 'disable', 'wyvern/evil')
  expect(send('evil')).toMatchObject({ status: 1, stderr: expect.stringContaining('is not enabled') })
})

test('a machine counts at once when it is enabled, not at all once its file is another, and its past is kept', async () => {
  t = realTown()
  const counter = (word: string) =>
    `export default ({ xstate: { setup, assign }, words }) => setup({ actions: words }).createMachine({
    context: { heard: 0 }, initial: 'a', states: { a: { on: { 'message.sent': { actions: [assign({ heard: ({ context }) => context.heard + 1 }), { type: 'note', params: ({ context }) => ({ text: '${word} ' + context.heard }) }] } } } } })`
  plugin('counter', 'actor.mjs', counter('first'))
  t.ok('up')
  expect(send('counter').stderr).toContain('is not enabled')
  enable('counter')
  const log = () => t.ok('log', '--actor', 'wyvern/plugins/counter')
  expect(send('counter').status).toBe(0)
  await eventually(() => log().includes('first 1'))
  plugin('counter', 'actor.mjs', counter('second'))
  expect(send('counter').stderr).toContain('has changed')
  expect(enable('counter')).toContain('until gt down and gt up')
  t.ok('down')
  t.ok('up')
  expect(send('counter').status).toBe(0)
  await eventually(() => log().includes('second 2'))
  t.ok('down')
  plugin('counter', 'actor.mjs', counter('third'))
  expect(t.ok('up')).toContain('has changed')
  expect(send('counter').status).toBe(1)
  expect(log()).not.toContain('third')
  t.ok('plugin', 'disable', 'wyvern/counter')
  t.ok('plugin', 'enable', 'wyvern/plugins/counter')
  expect(send('counter').status).toBe(0)
  await eventually(() => log().includes('third 3'))
})

test('a plugin that asks is itself, and no Overseer', async () => {
  t = realTown()
  plugin(
    'caller',
    'run',
    `#!/bin/sh\nPATH=${t.layout.shims}:$PATH; gt stop --all > ../../../stop 2>&1; env -i PATH="$PATH" gt send overseer -s "From whom?" --town "$GT_TOWN" > ../../../sent 2>&1\n`,
  )
  enable('caller')
  t.ok('up')
  expect(send('caller').status).toBe(0)
  await eventually(() => inbox().length > 0)
  expect(inbox()).toMatchObject([{ from: 'wyvern/plugins/caller', subject: 'From whom?' }])
  expect(read(join(t.town, 'stop'))).toContain('wyvern/plugins/caller may not do that')
})

test('state.json shows each role’s committed state', async () => {
  t = realTown()
  t.issues(1)
  t.ok('up')
  t.ok('spawn', '--epic', 'wy-all')
  const stateOf = (path: string) =>
    existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {}
  await eventually(() =>
    Object.keys((stateOf(join(t.rig, 'witness/state.json')).workers as object) ?? {}).includes('Nux'),
  )
  expect(stateOf(join(t.town, 'mayor/state.json'))).toMatchObject({ address: 'mayor/', escalations: [] })
  t.ok('down')
  expect(stateOf(join(t.rig, 'witness/state.json'))).toMatchObject({
    address: 'wyvern/witness',
    state: { brake: expect.any(String) },
  })
})
