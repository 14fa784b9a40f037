// The words about mail, as people and agents type them, on the stores of a town that is down.
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { archivesOf } from '../../actors/beads/archive.ts'
import { filing } from '../../actors/beads/filing.ts'
import { openTier } from '../../actors/beads/tiers.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { keepSecret, newSecret, secretOf } from '../../actors/secret.ts'
import { rigOf } from '../../machines/address.ts'
import { bdScript, cleanEnv, gtScript } from '../fixture/real-town.ts'
import { type StoresTown, storesTown } from '../fixture/stores.ts'

let t: StoresTown
beforeEach(() => {
  t = storesTown(['w', 'v'])
  keepSecret(t.town, newSecret())
  for (const rig of ['w', 'v']) writeFileSync(rigLayout(t.town, rig).config, JSON.stringify({ beads: { prefix: rig } }))
})
afterEach(() => t.dispose())

const gt = (
  args: readonly string[],
  { input = '', env = {} }: { input?: string | Buffer; env?: Record<string, string> } = {},
) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [gtScript, '-C', t.town, ...args], {
    cwd: t.dir,
    env: { ...cleanEnv(), ...env },
    input,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
const ok = (...args: string[]) => {
  const { status, stdout, stderr } = gt(args)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}
// biome-ignore lint/suspicious/noExplicitAny: what the command prints, read as a script would
const json = (...args: string[]): any => JSON.parse(ok(...args, '--json'))

/** What somebody does to a store who can write its file. */
const raw = (rig: string | undefined, sql: string) => {
  const db = new DatabaseSync(t.file(rig))
  db.exec(sql)
  db.close()
}

/** A mail as the daemon files it, the n-th minute of the day. */
async function filed(
  id: string,
  said: { from?: string; to?: string; minute?: number; subject?: string; body?: string; priority?: number } = {},
  labels: readonly string[] = [],
) {
  const { from = 'overseer', to = 'overseer', minute = 0, subject = `About ${id}`, body = '', priority = 2 } = said
  const beads = openTier({ town: t.town, rig: rigOf(to) })
  const file = filing(async () => beads, secretOf(t.town) ?? '')
  await file(
    rigOf(to),
    {
      ...{ id, title: subject, description: body, priority, assignee: to, sender: from, labels },
      at: new Date(Date.UTC(2026, 0, 1, 0, minute)),
    },
    new AbortController().signal,
  )
  beads.close()
}
/** As what runs in a session of this polecat's. */
const as = (name: string) => ({
  env: {
    GT_SESSION: join(townLayout(t.town).sessions, `gt-w-${name}-1-1`),
    GT_ADDRESS: `w/polecats/${name}`,
  },
})
const nux = 'w/polecats/Nux'
/** The steps that a mail has come to. */
const steps = (id: string): string[] => {
  const all = json('mail', 'thread', id) as { id: string; progress: Record<string, string | null> }[]
  return Object.entries(all.find((each) => each.id === id)?.progress ?? {}).flatMap(([step, at]) => (at ? [step] : []))
}

test('a thread is shown in the order in which it was sent, from whatever part of it and wherever it is kept', async () => {
  await filed('gm-a1', { from: nux, minute: 1, body: 'one\ntwo\u001b[2J' })
  await filed('w-b1', { to: nux, minute: 2 }, ['reply-to:gm-a1', 'thread:gm-a1'])
  await filed('v-c1', { to: 'v/witness', from: nux, minute: 3 }, ['reply-to:w-b1', 'thread:gm-a1'])
  await filed('gm-d1', { minute: 4 })
  for (const id of ['gm-a1', 'b1', 'v-c1'])
    expect(json('mail', 'thread', id).map((each: { id: string }) => each.id)).toEqual(['gm-a1', 'w-b1', 'v-c1'])
  expect(ok('mail', 'thread', 'gm-a1').replaceAll(/delivered [-:\d ]+/g, 'delivered AT')).toBe(
    [
      'gm-a1  P2  2026-01-01 00:01:00  w/polecats/Nux → overseer  About gm-a1  (delivered AT)',
      '    one',
      '    two\\x1b[2J',
      '',
      'w-b1  P2  2026-01-01 00:02:00  overseer → w/polecats/Nux  About w-b1  (delivered AT)',
      '',
      'v-c1  P2  2026-01-01 00:03:00  w/polecats/Nux → v/witness  About v-c1  (delivered AT)',
      '',
    ].join('\n'),
  )
  // Two are called so; what is no mail, and what was changed, is said to be that.
  expect(gt(['mail', 'read', '1'])).toMatchObject({ status: 1, stderr: expect.stringContaining('gm-a1, gm-d1, w-b1') })
  raw('w', "UPDATE issues SET title = 'Run this' WHERE id = 'w-b1'")
  expect(gt(['mail', 'read', 'w-b1'])).toMatchObject({ status: 1, stderr: expect.stringContaining('was not sent by') })
  expect(ok('mail', 'thread', 'gm-a1')).toMatch(/v-c1.*\n1 not sent by this town/s)
  // One that was carried into another store is not that store's.
  raw(
    'v',
    `ATTACH '${t.file(undefined)}' AS town; INSERT INTO issues SELECT * FROM town.issues WHERE id = 'gm-a1';
    INSERT INTO labels SELECT * FROM town.labels WHERE issue_id = 'gm-a1'`,
  )
  expect(json('mail', 'search', 'gm-a1')).toHaveLength(1)
  // A store that cannot be used hides no other.
  writeFileSync(t.file('v'), 'broken')
  expect(gt(['mail', 'search', 'about'])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('gm-d1'),
    stderr: expect.stringContaining('the issues of v cannot be used'),
  })
})

test('an agent looks at the mail of others and marks none of it; a person marks no agent’s by looking', async () => {
  await filed('w-a1', { to: nux })
  await filed('w-b1', { to: 'w/polecats/Toast' })
  await filed('gm-c1')
  const run = (who: string, ...words: string[]) => gt(['mail', ...words], as(who))
  for (const words of [
    ['inbox', nux],
    ['inbox', nux, '--all', '--json'],
    ['read', 'w-a1'],
    ['thread', 'w-a1'],
  ]) {
    expect(run('Toast', ...words)).toMatchObject({ status: 0, stdout: expect.stringContaining('w-a1') })
    ok('mail', ...words)
  }
  for (const words of [
    ['ack', 'w-b1', 'w-a1'],
    ['ack', 'gm-c1'],
  ])
    expect(run('Toast', ...words)).toMatchObject({ status: 1, stderr: expect.stringContaining('nothing was written') })
  expect(['w-a1', 'w-b1', 'gm-c1'].map(steps)).toEqual(Array(3).fill(['queued', 'delivered']))
  // Its own it does, each step once.
  expect(run('Nux', 'inbox').stdout).toContain('w-a1')
  expect(steps('w-a1')).toEqual(['queued', 'delivered', 'shown'])
  expect(run('Nux', 'read', 'w-a1', '--peek').status).toBe(0)
  expect(steps('w-a1')).toEqual(['queued', 'delivered', 'shown'])
  expect(run('Nux', 'read', 'w-a1').status).toBe(0)
  const once = json('mail', 'thread', 'w-a1')
  expect(run('Nux', 'read', 'w-a1').status).toBe(0)
  expect(json('mail', 'thread', 'w-a1')).toEqual(once)
  expect(run('Nux', 'inbox').stdout).toBe('no unread mail\n')
  expect([run('Nux', 'ack', 'w-a1'), run('Nux', 'ack', 'w-a1')].map(({ status }) => status)).toEqual([0, 0])
  expect(steps('w-a1')).toEqual(['queued', 'delivered', 'shown', 'read', 'acked'])
  // Nor does a person say for an agent that it has read.
  expect(gt(['mail', 'ack', 'gm-c1', 'w-b1'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('w-b1 is mail to w/polecats/Toast, and only its reader says that; nothing was'),
  })
  expect([steps('w-b1'), steps('gm-c1')]).toEqual(Array(2).fill(['queued', 'delivered']))
  expect(gt(['mail', 'inbox', 'nosuch/witness'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('no rig "nosuch"'),
  })
})

test('what was sent to several at once is one line, with how many have come how far', async () => {
  const all = ['w/polecats/Nux', 'w/polecats/Toast', 'v/witness']
  for (const [n, to] of all.entries())
    await filed(`${rigOf(to)}-g${n}`, { to, minute: 1, subject: 'Freeze' }, ['group:w-g0', 'thread:w-g0'])
  await filed('gm-l1', { from: 'mayor/', minute: 2 })
  await filed('gm-m1', { to: 'mayor/', minute: 3 })
  gt(['mail', 'read', 'w-g1'], as('Toast'))
  const lines = () => ok('mail', 'sent').replaceAll(/delivered \d[-:\d ]+/g, 'delivered AT')
  expect(lines()).toBe(
    'gm-m1  2026-01-01 00:03:00  mayor/       About gm-m1  delivered AT\n' +
      'w-g0   2026-01-01 00:01:00  3 addresses  Freeze       1 read, 2 delivered\n',
  )
  expect(ok('mail', 'thread', 'w-g1')).toMatch(
    /^w-g0 .* overseer → 3 addresses {2}Freeze {2}\(1 read, 2 delivered\)\n$/,
  )
  expect(ok('mail', 'sent', '-n', '1')).toMatch(/^gm-m1.*\n… and more/)
  expect(json('mail', 'sent', '-n', '2')).toHaveLength(4)
  expect(ok('mail', 'sent', '--to', 'w/Toast')).toMatch(/^w-g1 .* w\/polecats\/Toast .* read \d/)
  expect(json('mail', 'sent', '--from', 'mayor/')).toMatchObject([{ id: 'gm-l1', progress: { read: null } }])
})

test('an inbox shows the urgent first, of one sender where that is asked for, and what was read only then', async () => {
  for (const [n, priority] of [3, 0, 2].entries()) await filed(`gm-p${n}`, { priority, minute: n })
  await filed('gm-q1', { from: nux, minute: 9 })
  const ids = (...args: string[]) => json('mail', 'inbox', ...args).map(({ id }: { id: string }) => id)
  expect(ids()).toEqual(['gm-p1', 'gm-q1', 'gm-p2', 'gm-p0'])
  expect(ids('--from', 'w/Nux')).toEqual(['gm-q1'])
  expect(ok('mail', 'inbox', '--from', 'overseer', '-n', '1')).toMatch(
    /^gm-p1 {2}P0 .*\n… and 2 more: gt mail inbox --from overseer --limit 0\n$/,
  )
  ok('mail', 'read', 'p1', 'gm-p2')
  expect(ids()).toEqual(['gm-q1', 'gm-p0'])
  expect(ids('--all')).toEqual(['gm-q1', 'gm-p2', 'gm-p1', 'gm-p0'])
  expect(ok('mail', 'inbox', '--all')).toMatch(/^new {2}gm-q1.*\n {5}gm-p2/)
})

test('an inbox that cannot be written to is shown all the same', async () => {
  await filed('gm-a1')
  const db = new DatabaseSync(t.file(undefined))
  db.exec('BEGIN IMMEDIATE')
  expect(gt(['mail', 'inbox'])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('gm-a1'),
    stderr: expect.stringMatching(/could not be noted that this was shown: .*locked/),
  })
  db.exec('ROLLBACK')
  db.close()
  expect(steps('gm-a1')).not.toContain('shown')
})

test('a text comes from one place, and is refused before the town is asked if no mail can hold it', () => {
  const file = join(t.dir, 'text')
  const send = (words: readonly string[], input: string | Buffer = '') =>
    gt(['mail', 'send', 'overseer', '-s', 'x', ...words], { input })
  writeFileSync(file, 'x'.repeat(1024 * 1024))
  for (const [words, input, said] of [
    [['-'], 'x'.repeat(1024 * 1024), '65536 characters is the most'],
    [['-F', file], '', '65536 characters is the most'],
    [['-'], 'x'.repeat(65_537), '65537 characters; 65536 is the most'],
    [['-'], Buffer.from([0xff, 0xfe]), 'no text in UTF-8'],
    [['-', '-m', 'x'], 'y', 'said twice, by -m and -'],
    [['-F', join(t.dir, 'nowhere')], '', 'nowhere cannot be read'],
    [['-F', t.dir], '', 'cannot be read'],
    [['--timeout', '5m'], '', '--timeout says how long --wait waits'],
    [['--wait=seen'], '', '--wait is delivered, shown, read or acked'],
    [['--ttl', 'soon'], '', '--ttl is a duration'],
  ] as const)
    expect(send(words, input), words.join(' ')).toMatchObject({ status: 2, stderr: expect.stringContaining(said) })
  for (const words of [['-'], ['-m', '-'], ['--stdin'], ['--file', '-'], ['@town', 'w/', '--to', 'v/witness', '-']])
    expect(send(words, `${'y'.repeat(65_536)}\n`), words.join(' ')).toMatchObject({ status: 3 })
  expect(gt(['mail', 'send', '-s', 'x'])).toMatchObject({ status: 2, stderr: expect.stringContaining('to whom?') })
  expect(gt(['mail', 'send', 'overseer', '-m', 'x'])).toMatchObject({ status: 2 })
  for (const said of ['mail show', 'mail delete', 'outbox', 'ack'])
    expect(gt(said.split(' '))).toMatchObject({ status: 2, stderr: expect.stringContaining('did you mean `gt mail') })
})

test('what was read is put away, and what is unread or another’s is not', async () => {
  for (const n of [1, 2, 3]) await filed(`gm-a${n}`, { minute: n })
  await filed('w-b1', { to: nux })
  ok('mail', 'read', 'a1', 'a2')
  expect(gt(['mail', 'archive', 'a1', 'a3'])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/unread: gm-a3; nothing was put away/),
  })
  expect(gt(['mail', 'archive', 'gm-a1'], as('Nux'))).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('only its reader'),
  })
  expect(gt(['mail', 'archive'])).toMatchObject({ status: 2 })
  expect(gt(['mail', 'archive', 'a1', '--read'])).toMatchObject({ status: 2 })
  expect(json('mail', 'archive', 'a1')).toEqual({ archived: ['gm-a1'] })
  expect(json('mail', 'archive', '--read', '--older', '30d')).toEqual({ archived: ['gm-a2'] })
  expect(json('mail', 'inbox', '--all')).toMatchObject([{ id: 'gm-a3' }])
  // There it is still read, found, and a part of its thread, as it was sent and as far as it had come.
  await filed('w-c1', { to: nux, minute: 9 }, ['reply-to:gm-a1', 'thread:gm-a1'])
  const [back] = json('mail', 'read', 'gm-a1')
  expect(back).toMatchObject({ subject: 'About gm-a1', is_read: true, progress: { read: expect.any(String) } })
  expect(ok('mail', 'search', 'ABOUT GM-A1')).toBe('no mail says that\n')
  expect(json('mail', 'search', 'ABOUT GM-A', '--archive', '--to', 'overseer', '--since', '2026-01-01')).toHaveLength(3)
  for (const id of ['gm-a1', 'w-c1'])
    expect(json('mail', 'thread', id, '--archive').map((each: { id: string }) => each.id)).toEqual(['gm-a1', 'w-c1'])
  expect(gt(['mail', 'thread', 'gm-a1'])).toMatchObject({ status: 1, stderr: expect.stringContaining('--archive') })
  // What was changed there is not the town's.
  const [file = ''] = archivesOf(t.town, undefined)
  writeFileSync(file, readFileSync(file, 'utf8').replace('About gm-a1', 'Run this'))
  expect(gt(['mail', 'read', 'gm-a1'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('not in the archive'),
  })
  expect(json('mail', 'read', 'gm-a2')).toHaveLength(1)
})

const bd = (args: readonly string[], env: Record<string, string> = {}, cwd = t.town) =>
  said(['mail', ...args], env, cwd)
const said = (args: readonly string[], env: Record<string, string> = {}, cwd = t.town) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bdScript, ...args], {
    cwd,
    env: { ...cleanEnv(), ...env },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('in a town `bd mail` is `gt mail`, and says as data what bd says', async () => {
  await filed('gm-a1', { from: nux, subject: 'Hello', body: 'text' })
  await filed('gm-b1', { priority: 0 })
  expect(bd(['inbox']).stdout).toBe(ok('mail', 'inbox'))
  expect(JSON.parse(bd(['inbox', '--json', '--from', 'w/Nux']).stdout)).toMatchObject([
    { id: 'gm-a1', title: 'Hello', issue_type: 'message', assignee: 'overseer', sender: nux, status: 'open' },
  ])
  expect(JSON.parse(bd(['inbox', '--json', '--priority', '0']).stdout)).toMatchObject([{ id: 'gm-b1' }])
  expect(bd(['inbox', '--priority', '0']).stdout).toBe(ok('mail', 'inbox', '--priority', '0'))
  expect(ok('mail', 'inbox', '--all', '--priority', '0')).toMatch(/^new {2}gm-b1.*\n$/)
  expect(bd(['send', 'overseer', '-s', 'x', '--thread-id', 'gm-a1'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('--reply-to gm-a1'),
  })
  expect(JSON.parse(bd(['read', 'a1', '--json']).stdout)).toMatchObject({ id: 'gm-a1', description: 'text' })
  expect(steps('gm-a1')).toContain('read')
  // As beads they are anybody's to look at.
  expect(said(['show', 'gm-a1']).stdout).toMatch(/Hello.*\nFrom: w\/polecats\/Nux\nTo: overseer\n\n {4}text\n/)
  expect(JSON.parse(said(['list', '--type', 'message', '--json']).stdout)).toMatchObject([{ id: 'gm-b1' }])
  expect(JSON.parse(bd(['ack', 'gm-a1', 'gm-b1', '--json']).stdout)).toEqual({
    acknowledged: ['gm-a1', 'gm-b1'],
    errors: [],
  })
  expect(bd(['send', 'overseer', '-s', 'x']).status).toBe(3)
  // What only `gt mail` knows, as it is.
  expect(bd(['thread', 'gm-a1', '--json']).stdout).toBe(gt(['mail', 'thread', 'gm-a1', '--json']).stdout)
  expect(bd(['nonsense'])).toMatchObject({ status: 2, stderr: expect.stringContaining('is no gt command') })
  expect(bd(['reply', 'gm-a1', '-m', 'x']).status).toBe(3)
  expect(bd(['send', 'overseer', '-s', 'x', '--identity', 'mayor/'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('under one’s own name, here overseer'),
  })
})

test('outside a town `bd mail` is messages in the repository’s own store, under the name one has there', () => {
  const dir = join(t.dir, 'repository')
  mkdirSync(dir)
  const as = (who: string, ...args: string[]) => bd(args, { BEADS_IDENTITY: who }, dir)
  spawnSync(process.execPath, [bdScript, 'init', '--prefix', 'ab'], { cwd: dir, env: cleanEnv() })
  const sent = JSON.parse(as('ann', 'send', 'bob', '-s', 'Hello', '-m', 'text', '--urgent', '--json').stdout)
  expect(sent).toMatchObject({ to: 'bob', from: 'ann', subject: 'Hello', priority: 0 })
  as('ann', 'send', 'bob', '-s', 'Later')
  expect(as('bob', 'inbox').stdout).toMatch(/P0\] from ann: Hello\n.*P2\] from ann: Later\n$/)
  expect(as('ann', 'inbox').stdout).toBe('No messages for ann\n')
  const answer = JSON.parse(as('bob', 'reply', sent.id, '-m', 'Yes', '--json').stdout)
  expect(answer).toMatchObject({ to: 'ann', from: 'bob', subject: 'Re: Hello', priority: 0 })
  expect(JSON.parse(as('ann', 'inbox', '--json').stdout)[0].labels).toEqual([
    'from:bob',
    `reply-to:${sent.id}`,
    `thread:${sent.id}`,
  ])
  expect(as('bob', 'ack', sent.id, 'ab-none')).toMatchObject({ status: 1 })
  expect(JSON.parse(as('bob', 'ack', sent.id, '--json').stdout)).toEqual({ acknowledged: [sent.id], errors: [] })
  expect(as('bob', 'thread', sent.id)).toMatchObject({ status: 2, stderr: expect.stringContaining('is for a town') })
  // Of config.yaml, where nothing else says it; what is typed counts most.
  appendFileSync(join(dir, '.beads/config.yaml'), 'identity: "bob"   # here\n')
  expect(bd(['inbox'], {}, dir).stdout).toContain('Later')
  expect(bd(['inbox', '--identity', 'ann'], {}, dir).stdout).toContain('Re: Hello')
})
