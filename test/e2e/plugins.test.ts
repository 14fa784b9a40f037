// Plugins as a user adds them: a folder, with a program or with a machine; and the files that show the town's state.
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { eventually, type RealTown, realTown } from '../fixture/real-town.ts'

let t: RealTown
afterEach(() => t?.dispose())
const inbox = () => t.json<{ from: string; subject: string; body: string }[]>('mail', 'inbox')

function plugin(name: string, file: string, text: string) {
  const dir = join(t.rig, 'plugins', name)
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, file), text)
  chmodSync(join(dir, file), 0o755)
}

test('a folder with a program is asked by mail and answers by mail', { timeout: 30_000 }, async () => {
  t = realTown()
  plugin('oracle', 'run', '#!/bin/sh\nread -r question\necho "I was asked: $question"\n')
  plugin('broken', 'run', '#!/bin/sh\necho "no idea" >&2\nexit 4\n')
  t.ok('up')
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

test('a folder with a machine is an actor like the others: durable, and in the log', { timeout: 30_000 }, async () => {
  t = realTown()
  cpSync(join(import.meta.dirname, '../../examples/plugins/greeter'), join(t.rig, 'plugins/greeter'), {
    recursive: true,
  })
  t.ok('up')
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

test('a plugin promises no more than is a plugin’s; one that cannot be read is named', {
  timeout: 30_000,
}, async () => {
  t = realTown()
  plugin(
    'greedy',
    'actor.mjs',
    `export default ({ xstate: { setup } }) => setup({}).createMachine({
    initial: 'a', states: { a: { on: { 'message.sent': { actions: { type: 'claimSlot', params: { pool: 'wyvern/workers', holder: 'me' } } } } } } })`,
  )
  t.ok('up')
  t.ok('send', 'wyvern/plugins/greedy', '-s', 'Take all')
  await eventually(() => t.json<{ depth: { dead: number } }>('status').depth.dead === 1)
  t.ok('down')
  plugin('greedy', 'actor.mjs', 'export default 7')
  expect(t.gt('up')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/greedy\/actor\.mjs is no plugin actor: it exports no function/),
  })
})

test('a machine that crashes too often is halted; mended, `gt up` lets it go on with the mail that waited', {
  timeout: 60_000,
}, async () => {
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
  t.ok('up')
  await eventually(() => status().escalations.length === 0)
  expect(t.gt('log', '--actor', 'wyvern/plugins/fragile').stdout).toContain('heard the last')
})

test('state.json shows each role’s committed state', { timeout: 30_000 }, async () => {
  t = realTown()
  t.issues(1)
  t.ok('up')
  t.ok('spawn', '--epic', 'wy-all')
  const read = (path: string) =>
    existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {}
  await eventually(() => Object.keys((read(join(t.rig, 'witness/state.json')).workers as object) ?? {}).includes('Nux'))
  expect(read(join(t.town, 'mayor/state.json'))).toMatchObject({ address: 'mayor/', escalations: [] })
  t.ok('down')
  expect(read(join(t.rig, 'witness/state.json'))).toMatchObject({
    address: 'wyvern/witness',
    state: { brake: expect.any(String) },
  })
})
