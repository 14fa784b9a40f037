// What each further command of `bd` does, what it answers, and what it refuses. Within this process; that the bundle
// holds them all is asked of the bundle.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Beads, openBeads } from '../../actors/beads/embedded.ts'
import { bdHere } from '../fixture/bd-here.ts'
import { bdScript, cleanEnv } from '../fixture/real-town.ts'

let dir: string
let now: number
beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'beads-')))
  now = Date.now()
  expect(await bd('init', '--prefix', 'ab')).toMatchObject({ rc: 0 })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const bd = (...argv: string[]) => bdHere(argv, { cwd: dir, env: { ...cleanEnv(), BD_ACTOR: 'tester' } })
// biome-ignore lint/suspicious/noExplicitAny: what the command prints, read as a script would
const json = async (...argv: string[]): Promise<any> => {
  const said = await bd(...argv, '--json')
  expect(said.err, argv.join(' ')).toBe('')
  return JSON.parse(said.out)
}
const create = async (title: string, ...more: string[]) => (await json('create', title, ...more)).id as string
const show = async (id: string) => (await json('show', id))[0]
const everything = async () => (await bd('export', '--all')).out
const ids = (rows: { id: string }[]) => rows.map(({ id }) => id)
function store<T>(work: (beads: Beads) => T): T {
  const beads = openBeads(join(dir, '.beads'), { now: () => new Date(now) })
  try {
    return work(beads)
  } finally {
    beads.close()
  }
}

test('every command is in the bundle as it is here', async () => {
  const bundled = spawnSync(process.execPath, [bdScript, 'help'], { env: cleanEnv(), encoding: 'utf8' })
  expect(bundled.stderr).toBe('')
  expect(bundled.stdout).toBe((await bd('help')).out)
})

test('short ways to change one thing', async () => {
  const id = (await bd('q', 'Quick', 'one', '-p', '1', '-l', 'x')).out.trim()
  expect(await show(id)).toMatchObject({ title: 'Quick one', priority: 1, labels: ['x'] })
  expect((await json('assign', id, 'ann'))[0] ?? (await show(id))).toMatchObject({ id, assignee: 'ann' })
  await bd('priority', id, 'P4')
  await bd('note', id, 'first')
  expect(await json('note', id, 'second', 'words')).toEqual({ id, notes: 'first\nsecond words' })
  await bd('tag', id, 'y')
  expect(await json('label', 'list', id)).toEqual(['x', 'y'])
  expect(await json('label', 'list-all')).toEqual([
    { label: 'x', count: 1 },
    { label: 'y', count: 1 },
  ])
  expect(await json('label', 'remove', id, 'y')).toEqual([{ status: 'removed', issue_id: id, label: 'y' }])
  await bd('human', id)
  expect(ids(await json('human'))).toEqual([id])
  await bd('update', id, '--set-metadata', 'a=1.0', '--set-metadata', 'b={"c":12345678901234567890}', '-e', '90')
  const { out } = await bd('show', id, '--json')
  expect(out).toMatch(/"a": 1\.0,\s+"b": \{\s+"c": 12345678901234567890\s+\}/)
  expect(JSON.parse(out)[0]).toMatchObject({ priority: 4, assignee: 'ann', estimated_minutes: 90 })
})

test('what is deferred, replaced, the same, or waits for nobody', async () => {
  const [a, b, c, d] = [await create('a'), await create('b'), await create('c'), await create('d')]
  await bd('defer', a)
  await bd('defer', b, '--until', '+2d')
  expect(ids(await json('ready')).sort()).toEqual([c, d].sort())
  expect((await json('undefer', a))[0]).toMatchObject({ id: a, status: 'open' })
  // Its day has come.
  await bd('update', b, '--defer', '2020-01-01')
  expect(ids(await json('ready')).sort()).toEqual([a, b, c, d].sort())
  expect(await json('supersede', a, '--with', b)).toEqual({ id: a, replacement: b, status: 'closed' })
  expect(await json('duplicate', c, '--of', b)).toEqual({ id: c, canonical: b, status: 'closed' })
  expect(await show(a)).toMatchObject({
    close_reason: `Superseded by ${b}`,
    dependencies: [{ id: b, dependency_type: 'supersedes' }],
  })
  // Parts of what is deferred are not ready either.
  const epic = await create('epic', '-t', 'epic')
  const part = await create('part', '--parent', epic)
  await bd('defer', epic, '--until', '+1w')
  expect(ids(await json('ready'))).not.toContain(part)
  await bd('undefer', epic)
  expect(ids(await json('ready'))).toContain(part)
})

test('a status that only its project knows keeps others from starting, until it is closed', async () => {
  const [first, later] = [await create('first'), await create('later')]
  await bd('dep', first, '--blocks', later)
  expect(await bd('update', first, '--status', 'in-review')).toMatchObject({
    ...{ rc: 1, err: expect.stringContaining('status.custom') },
  })
  await bd('config', 'set', 'status.custom', 'in-review:wip,done')
  expect((await json('update', first, '--status', 'in-review'))[0]).toMatchObject({ status: 'in-review' })
  expect(await json('ready')).toEqual([])
  expect(await json('blocked')).toMatchObject([{ id: later, blocked_by_count: 1, blocked_by: [first] }])
  expect((await bd('close', later)).err).toContain('blocked by')
  await bd('update', first, '--status', 'pinned')
  expect(ids(await json('ready'))).toEqual([later])
  expect(await json('statuses')).toMatchObject({ statuses: expect.arrayContaining(['in-review', 'done']) })
  await bd('config', 'set', 'types.custom', 'agent')
  expect((await json('types')).types).toContain('agent')
  expect(await create('x', '-t', 'agent')).toMatch(/^ab-/)
})

test('compare and set: what somebody changed first is not written over, and the code says so', async () => {
  const [a, b] = [await create('a'), await create('b')]
  expect(await bd('update', a, '--if-assignee', '', '--assignee', 'ann')).toMatchObject({ rc: 0 })
  const before = await everything()
  for (const argv of [
    ['update', a, '--if-assignee', '', '--assignee', 'bob'],
    ['update', b, a, '--if-status', 'closed', '--title', 'x'],
    ['unclaim', a, '--if-assignee', 'bob'],
  ]) {
    expect(await bd(...argv), argv.join(' ')).toMatchObject({ rc: 13, out: '' })
    const { err } = await bd(...argv, '--json')
    expect(JSON.parse(err)).toMatchObject({ failed: [{ guard_mismatch: true }] })
  }
  expect(await everything()).toBe(before)
  expect((await json('unclaim', a, '--if-assignee', 'ann'))[0]).toMatchObject({ status: 'open' })
})

test('a claim is a lease: its holder keeps it, an earlier session does not get it back, and it can be reclaimed', async () => {
  const id = await create('a')
  store((beads) => {
    expect(beads.claim(id, 'w/Nux', { epoch: 3 })).toBeNull()
    const first = beads.get(id)
    // The same session may say it again, and a later one of that name; an earlier one is told.
    expect(beads.claim(id, 'w/Nux', { epoch: 3 })).toBeNull()
    expect(beads.claim(id, 'w/Nux', { epoch: 4 })).toBeNull()
    expect(beads.claim(id, 'w/Nux', { epoch: 3 })).toEqual({ held: 'a later session of w/Nux' })
    expect(beads.claim(id, 'w/Ace', { epoch: 9 })).toEqual({ held: 'w/Nux' })
    now += 60_000
    expect(beads.heartbeat(id, 'w/Nux').lease_expires_at).not.toBe(first?.lease_expires_at)
    expect(() => beads.heartbeat(id, 'w/Ace')).toThrow('not w/Ace')
    expect(beads.expired(new Date(now).toISOString())).toEqual([])
  })
  const held = async (by: string) => {
    const other = await create('held')
    store((beads) => beads.claim(other, by))
    return other
  }
  now -= 3_600_000
  store((beads) => beads.heartbeat(id, 'w/Nux'))
  expect((await bd('heartbeat', id)).err).toContain("not tester's")
  expect((await bd('close', id)).err).toContain('assignee is "w/Nux"')
  // In a town a person may, and another worker may not.
  store((beads) => beads.setConfig('identity', '{}'))
  expect((await bd('close', id, '--actor', 'w/Ace')).err).toContain('assignee is "w/Nux"')
  expect((await bd('close', await held('w/Nux'))).rc).toBe(0)
  expect((await bd('reclaim')).err).toContain('Witness')
  // An agent takes back what it filed itself, and nothing else.
  const [theirs, own] = [
    await create('of a person'),
    ids([await json('create', 'own', '--actor', 'w/Ace')])[0] as string,
  ]
  expect(await bd('delete', own, theirs, '--force', '--actor', 'w/Ace')).toMatchObject({
    rc: 1,
    err: expect.stringContaining(`${theirs} was not filed by w/Ace`),
  })
  expect((await bd('delete', own, '--force', '--actor', 'w/Ace')).rc).toBe(0)
  expect((await bd('delete', theirs, '--force')).rc).toBe(0)
  store((beads) => beads.unsetConfig('identity'))
  expect(ids(await json('reclaim', '--older-than', '2h'))).toEqual([])
  expect(ids(await json('reclaim', '--dry-run'))).toEqual([id])
  expect((await json('reclaim'))[0]).toMatchObject({ id, status: 'open' })
  expect(await show(id)).not.toHaveProperty('lease_expires_at')
  expect((await bd('doctor')).rc).toBe(0)
})

test('comments and memories are kept in order, and an empty one is none', async () => {
  const id = await create('a')
  await bd('comments', 'add', id, 'one')
  expect(await json('comment', id, 'two', 'words')).toMatchObject({ issue_id: id, author: 'tester', text: 'two words' })
  expect(await bd('comments', 'add', id, ' ')).toMatchObject({ rc: 1 })
  expect((await json('comments', id)).map(({ text }: { text: string }) => text)).toEqual(['one', 'two words'])
  expect(await json('remember', 'Tests need tmux', '--key', 'tmux')).toMatchObject({ action: 'remembered' })
  expect(await json('remember', 'Tests need tmux 3', '--key', 'tmux')).toMatchObject({ action: 'updated' })
  expect((await bd('recall', 'tmux')).out).toBe('Tests need tmux 3\n')
  expect((await bd('prime')).out).toContain('Tests need tmux 3')
  expect(await json('forget', 'tmux')).toEqual({ key: 'tmux', deleted: true })
  expect(await bd('recall', 'tmux')).toMatchObject({ rc: 1, out: '' })
})

test('trees, epics, and what is under them', async () => {
  const epic = await create('epic', '-t', 'epic')
  const [one, two] = [await create('one', '--parent', epic), await create('two', '--parent', epic)]
  await bd('dep', 'add', two, one)
  const tree = (await json('dep', 'tree', two)).map(({ id, depth }: { id: string; depth: number }) => [id, depth])
  expect(tree).toEqual([
    [two, 0],
    [epic, 1],
    [one, 1],
  ])
  expect((await json('dep', 'list', one, '--direction', 'up')).map(({ id }: { id: string }) => id)).toEqual([two])
  expect((await json('graph', epic)).layers.map(ids)).toEqual([[epic, one], [two]])
  expect(ids(await json('children', epic)).sort()).toEqual([one, two])
  expect(await json('epic', 'status')).toMatchObject([{ total_children: 2, closed_children: 0 }])
  await bd('close', one, two)
  expect((await bd('close', epic, '--suggest-next')).rc).toBe(0)
  await bd('reopen', epic)
  expect(await json('epic', 'close-eligible')).toEqual({ closed: [epic], count: 1 })
  // What waits for something does not cease to because it is said to be related, too.
  expect((await bd('dep', 'relate', one, two)).err).toContain('already exists with type "blocks"')
  expect((await bd('dep', 'add', two, epic)).err).toContain('part of')
  expect(await json('dep', 'list', one)).toMatchObject([{ id: epic, dependency_type: 'parent-child' }])
  const other = await create('other')
  expect(await json('dep', 'relate', one, other)).toMatchObject({ related: true })
  expect(await json('dep', 'list', other)).toMatchObject([{ id: one, dependency_type: 'relates-to' }])
  expect(await json('dep', 'unrelate', other, one)).toMatchObject({ unrelated: true })
  expect(await json('dep', 'list', one)).toHaveLength(1)
})

test('what is deleted is in no list, its id is not given again, and others say so', async () => {
  const gone = await create('gone')
  const left = await create('left', '--deps', gone, '-d', `after ${gone}, not ${gone}x`)
  expect((await bd('delete', gone)).out).toContain('PREVIEW')
  expect(await json('delete', gone, '--force')).toEqual({
    deleted: gone,
    dependencies_removed: 1,
    references_updated: 1,
  })
  expect((await show(left)).description).toBe(`after [deleted:${gone}], not ${gone}x`)
  expect(ids(await json('list', '--all'))).toEqual([left])
  expect(ids(await json('ready'))).toEqual([left])
  expect((await bd('create', 'again', '--id', gone)).err).toContain('was deleted')
  // A number below a parent neither.
  const epic = await create('epic', '-t', 'epic')
  const first = await create('first', '--parent', epic)
  await bd('delete', first, '--force')
  expect(await create('second', '--parent', epic)).toBe(`${epic}.2`)
  await bd('update', left, '--claim', '--actor', 'ann')
  expect((await bd('delete', left, '--force')).err).toContain('ann works on it')
})

test('of several that are named all are found before one is written', async () => {
  const id = await create('a', '-l', 'x')
  const before = await everything()
  for (const argv of [
    ['label', 'add', id, 'nope', 'y'],
    ['label', 'remove', id, 'nope', 'x'],
    ['defer', id, 'nope'],
    ['undefer', id, 'nope'],
    ['unclaim', id, 'nope'],
    ['heartbeat', id, 'nope'],
    ['human', id, 'nope'],
    ['delete', id, 'nope', '--force'],
    ['dep', 'add', id, 'nope'],
    ['dep', 'relate', id, 'nope'],
    ['supersede', id, '--with', 'nope'],
    ['duplicate', id, '--of', 'nope'],
    ['supersede', id, '--with', id],
    ['comments', 'add', 'nope', 'x'],
    ['create', 'x', '--parent', 'nope'],
    ['config', 'set', 'issue_prefix', 'zz'],
    ['config', 'set', 'identity', '{}'],
  ])
    expect(await bd(...argv), argv.join(' ')).toMatchObject({ rc: 1, out: '' })
  expect(await everything()).toBe(before)
})

test('another prefix is said everywhere, or nowhere', async () => {
  const a = await create('a')
  const b = await create('b', '--deps', a, '-d', `see ${a}`, '-l', 'x')
  await bd('comments', 'add', b, 'words')
  const was = a.slice(3)
  expect(await json('rename-prefix', 'zz-')).toMatchObject({ old_prefix: 'ab', new_prefix: 'zz', issues_count: 2 })
  expect(await show(`zz-${b.slice(3)}`)).toMatchObject({
    description: `see zz-${was}`,
    labels: ['x'],
    dependencies: [{ id: `zz-${was}` }],
    comments: [{ text: 'words' }],
  })
  expect(await create('c')).toMatch(/^zz-/)
  writeFileSync(join(dir, 'x.jsonl'), `{"id":"ab-${was}","title":"Foreign","created_at":"2026-01-01T00:00:00Z"}\n`)
  await bd('import', join(dir, 'x.jsonl'))
  const before = await everything()
  expect((await bd('rename-prefix', 'ab')).err).toContain(`there is a ab-${was} already`)
  expect(await everything()).toBe(before)
})

test('hooks that another bd has set up are told what they ask, and end with 0 also where there are no issues', async () => {
  await bd('remember', 'the gate is slow', '--key', 'gate')
  const told = async (...words: string[]) => JSON.parse((await bd(...words)).out)
  expect(await told('codex-hook', 'SessionStart')).toMatchObject({
    hookSpecificOutput: {
      hookEventName: 'SessionStart',
      additionalContext: expect.stringMatching(/bd ready[\s\S]*the gate is slow/),
    },
  })
  expect(await told('cursor-hook', 'sessionStart')).toMatchObject({
    additional_context: expect.stringMatching(/bd ready/),
  })
  for (const [program, moment] of [
    ['codex-hook', 'PreCompact'],
    ['cursor-hook', 'postToolUse'],
  ] as const)
    expect(await told(program, moment)).toEqual({})
  expect((await bd('prime', '--memories-only')).out).toMatch(/^\s*## Remembered[\s\S]*the gate is slow\s*$/)
  rmSync(join(dir, '.beads'), { recursive: true })
  for (const words of [
    ['codex-hook', 'SessionStart'],
    ['cursor-hook', 'sessionStart'],
  ])
    expect(await told(...words)).toEqual({})
})

test('what is called something else here is answered with that', async () => {
  const id = await create('One')
  expect(await bd('update', id, '--status', 'done')).toMatchObject({
    rc: 1,
    err: expect.stringMatching(/; instead: bd close <id>/),
  })
  expect(await bd('edit', id)).toMatchObject({
    rc: 2,
    err: expect.stringMatching(/; instead: bd update <id> --description/),
  })
})
