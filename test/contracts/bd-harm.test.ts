// What `bd` does no harm with: what is not understood is refused, what cannot be done whole is not begun, and what is
// claimed is claimed once. Through the bundled command, in processes of their own.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBeads } from '../../actors/beads/embedded.ts'
import { fileName } from '../../actors/beads/file.ts'
import { idLengthMax, nameBytesMax, textBytesMax, titleBytesMax } from '../../actors/beads/limits.ts'
import { schemaVersion } from '../../actors/beads/schema.ts'
import { globals } from '../../cli/bd-command.ts'
import { bdCommands } from '../../cli/generate.ts'
import { parse } from '../../cli/word.ts'
import { bdScript, cleanEnv } from '../fixture/real-town.ts'
import { toFirstSchema } from '../fixture/stores.ts'

let dir: string
const bdIn = (cwd: string, args: readonly string[], more: Record<string, string> = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bdScript, ...args], {
    cwd,
    env: { ...cleanEnv(), BD_ACTOR: 'tester', ...more },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return { status, stdout, stderr }
}
const bd = (...args: string[]) => bdIn(dir, args)
// biome-ignore lint/suspicious/noExplicitAny: what the command prints, read as a script would
const json = (...args: string[]): any => JSON.parse(bd(...args, '--json').stdout)
const create = (title: string, ...args: string[]) => json('create', title, ...args).id as string
/** From now on the store is a town's. */
const ofTown = () => {
  const db = new DatabaseSync(join(dir, '.beads', fileName))
  db.exec("INSERT INTO config (key, value) VALUES ('identity', '{}')")
  db.close()
}
const everything = () => bd('export').stdout
/** A mail in the store, as the town's daemon files it. */
const file = (id: string, assignee: string) => {
  const beads = openBeads(join(dir, '.beads'))
  const said = { id, title: 'Hello', description: 'text', priority: 2, sender: 'mayor/', labels: [], at: new Date() }
  beads.createMessages([{ ...said, assignee }])
  beads.close()
}

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'beads-')))
  expect(bd('init', '--prefix', 'ab', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('ready --claim takes the one it tells of, and leaves the others', () => {
  for (const title of ['a', 'b', 'c']) create(title)
  const claimed = json('ready', '--claim')
  expect(claimed).toMatchObject([{ status: 'in_progress', assignee: 'tester' }])
  expect(json('list', '--status', 'in_progress').map(({ id }: { id: string }) => id)).toEqual([claimed[0].id])
  expect(bd('ready', '--claim', '--assignee', 'ann')).toMatchObject({ status: 2 })
})

test('of many who claim what is ready at once, each is told of another issue, and of no more than there are', async () => {
  for (let n = 0; n < 10; n++) create(`issue ${n}`)
  const told = await Promise.all(
    Array.from({ length: 16 }, async (_, n) => {
      const child = spawn(process.execPath, [bdScript, 'ready', '--claim', '--json', '--actor', `w${n}`], {
        cwd: dir,
        env: cleanEnv(),
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let said = ''
      for await (const chunk of child.stdout) said += chunk
      return (JSON.parse(said) as { id: string }[]).map(({ id }) => `${id} w${n}`)
    }),
  )
  const held = json('list').map(({ id, assignee }: { id: string; assignee?: string }) => `${id} ${assignee}`)
  expect(told.flat().sort()).toEqual(held.sort())
  expect(told.filter((each) => each.length === 0)).toHaveLength(6)
}, 60_000)

test('a flag that a command does not know is an error that names the nearest, and nothing is done', async () => {
  const id = create('one')
  const before = everything()
  for (const { command } of await bdCommands())
    expect(() => parse(`bd ${command.name}`, command, [id, '--no-such-flag'], globals), command.name).toThrow(
      `\`bd ${command.name}\` has no --no-such-flag`,
    )
  expect(bd('dep', 'list', id, '--no-such-flag')).toMatchObject({ status: 2, stdout: '' })
  expect(bd('update', id, '--prioritty', '0').stderr).toContain('did you mean --priority?')
  // Of another command, of no store, one word too many, one thing said twice.
  for (const wrong of [
    ['show', id, '--claim'],
    ['dep', 'remove', id, id, '-t', 'blocks'],
    ['list', 'open'],
    ['create', 'two', 'words'],
    ['create', 'one', '--title', 'two'],
    ['create', 'x', '-d', 'a', '--body', 'b'],
    ['--no-such-flag', 'list'],
    ['lst'],
    ['dep', id],
  ])
    expect(bd(...wrong), wrong.join(' ')).toMatchObject({ status: 2, stdout: '' })
  expect(bd('lst').stderr).toContain('did you mean `bd list`?')
  expect(everything()).toBe(before)
})

test('with --readonly, before or after the word, nothing is written, and what only reads works', async () => {
  const [one, two] = [create('one'), create('two')]
  bd('dep', 'add', one, two)
  const lines = join(dir, 'more.jsonl')
  writeFileSync(lines, '{"id":"ab-new","title":"new","created_at":"2026-01-01T00:00:00Z"}\n')
  const args: Record<string, string[]> = {
    create: ['three'],
    update: [one, '--priority', '0'],
    close: [two],
    reopen: [one],
    'dep add': [two, one, '-t', 'relates-to'],
    'dep remove': [one, two],
    import: [lines],
    init: [],
    ready: ['--claim'],
    assign: [one, 'ann'],
    'comments add': [one, 'words'],
    'config set': ['x', 'y'],
    'config unset': ['x'],
    defer: [one],
    delete: [one, '--force'],
    dep: [one, '--blocks', two],
    'dep relate': [one, two],
    'dep unrelate': [one, two],
    duplicate: [one, '--of', two],
    'epic close-eligible': [],
    forget: ['x'],
    heartbeat: [one],
    human: [one],
    'label add': [one, 'x'],
    'label remove': [one, 'x'],
    'mail ack': [one],
    'mail reply': [one, '-m', 'x'],
    'mail send': ['ann', '-s', 'x'],
    note: [one, 'x'],
    priority: [one, '0'],
    q: ['x'],
    reclaim: [],
    remember: ['x'],
    'rename-prefix': ['zz'],
    supersede: [one, '--with', two],
    sync: [],
    dolt: ['push'],
    'github pull': [],
    'github push': [],
    'github sync': [],
    unclaim: [one],
    undefer: [one],
  }
  const before = everything()
  const writing = (await bdCommands()).map(({ command }) => command).filter(({ writes }) => writes !== false)
  expect(writing.map(({ name }) => name).sort()).toEqual(Object.keys(args).sort())
  for (const { name, ...command } of writing) {
    const { flags, args: typed } = parse(`bd ${name}`, { ...command }, args[name] ?? [], globals)
    expect(typeof command.writes === 'boolean' || command.writes(flags as never, typed as never), name).toBe(true)
  }
  for (const name of ['ready', 'label add'])
    for (const said of [
      ['--readonly', ...name.split(' '), ...(args[name] ?? [])],
      [...name.split(' '), ...(args[name] ?? []), '--readonly'],
    ])
      expect(bd(...said), said.join(' ')).toMatchObject({
        status: 1,
        stdout: '',
        stderr: expect.stringContaining(`operation '${name}' is not allowed in read-only mode`),
      })
  expect(everything()).toBe(before)
  expect(bd('--readonly', 'ready').stdout).toContain(two)
  const beads = openBeads(join(dir, '.beads'), { readonly: true })
  expect(() => beads.create({ title: 'x' }, 'tester')).toThrow('readonly')
  beads.close()
})

test('--db and BEADS_DB name the very database, --db also its folder, before or after the word', () => {
  const other = join(dir, 'elsewhere/issues.db')
  expect(bd('init', '--db', other, '--prefix', 'zz')).toMatchObject({ status: 0 })
  const id = json('--db', other, 'create', 'there').id
  expect(id).toMatch(/^zz-/)
  for (const said of [
    ['list', '--db', other],
    [`--db=${other}`, 'list'],
    ['--db', 'elsewhere/issues.db', 'list'],
  ])
    expect(bd(...said).stdout, said.join(' ')).toContain(id)
  expect(bdIn('/', ['list'], { BEADS_DB: other }).stdout).toContain(id)
  expect(bd('list').stdout).toBe('')
  create('here')
  expect(bdIn('/', ['list', '--db', join(dir, '.beads')]).stdout).toContain('here')
  // One that is named and is not there is not looked for elsewhere.
  expect(bd('list', '--db', join(dir, 'no.db'))).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringContaining(join(dir, 'no.db')),
  })
})

test('of several issues all are found before one is changed', () => {
  const [one, two] = [create('one'), create('two')]
  const before = everything()
  for (const said of [
    ['close', one, 'nope', two],
    ['update', one, 'nope', '--priority', '0'],
    ['reopen', one, 'nope'],
    ['show', one, 'nope'],
    ['create', 'x', '--deps', `${one},nope`],
  ])
    expect(bd(...said), said.join(' ')).toMatchObject({ status: 1, stdout: '' })
  // One that is refused, and one whose write fails: the others stay as they were, and nothing is said to be done.
  bd('update', two, '--claim', '--actor', 'ann')
  const claimed = everything()
  expect(bd('update', one, two, '--claim', '--add-label', 'x')).toMatchObject({ status: 1, stdout: '' })
  const db = new DatabaseSync(join(dir, '.beads', fileName))
  db.exec(
    `CREATE TRIGGER full BEFORE UPDATE ON issues WHEN old.id = '${two}' BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`,
  )
  db.close()
  for (const said of [
    ['update', one, two, '--priority', '0'],
    ['close', one, two],
    ['update', one, '--parent', two, '--title', 'x'.repeat(501)],
  ])
    expect(bd(...said), said.join(' ')).toMatchObject({ status: 1, stdout: '' })
  expect(everything()).toBe(claimed)
  expect(claimed).not.toBe(before)
})

test('an update that asks for nothing says so; another parent takes the place of the first', () => {
  const [one, first, second] = [create('one'), create('first', '-t', 'epic'), create('second', '-t', 'epic')]
  expect(bd('update', one)).toMatchObject({ status: 0, stdout: 'No updates specified\n' })
  bd('update', one, '--parent', first)
  bd('update', one, '--parent', second)
  expect(json('show', one)[0].dependencies).toMatchObject([{ id: second, dependency_type: 'parent-child' }])
  expect(bd('create', 'x', '--id', 'other-1')).toMatchObject({ status: 1, stderr: expect.stringContaining('--force') })
  expect(bd('create', 'x', '--id', 'other-1', '--force')).toMatchObject({ status: 0 })
})

test('mail of a town is made by nobody here, changed by nobody, and closed by its recipient alone', () => {
  const id = create('one')
  ofTown()
  file('ab-mail1', 'overseer')
  const before = everything()
  const line = (more: object) =>
    `${JSON.stringify({ title: 'Run this', created_at: '2030-01-01T00:00:00Z', assignee: 'overseer', ...more })}\n`
  writeFileSync(join(dir, 'same.jsonl'), line({ id: 'ab-mail1', issue_type: 'task' }))
  for (const said of [
    ['create', 'x', '-t', 'message', '-a', 'overseer'],
    ['update', id, '-t', 'message'],
    ['update', 'ab-mail1', '--title', 'Run this'],
    ['update', 'ab-mail1', '-d', 'Run this'],
    ['update', 'ab-mail1', '-a', 'ann'],
    ['update', 'ab-mail1', '-t', 'task'],
    ['update', 'ab-mail1', '--claim'],
    ['update', 'ab-mail1', '--status', 'closed', '--title', 'Run this', '--actor', 'overseer'],
    ['update', 'ab-mail1', '--metadata', '{"a":1}'],
    ['update', 'ab-mail1', '--add-label', 'x'],
    ['update', 'ab-mail1', '--parent', id],
    ['label', 'remove', 'ab-mail1', 'from:mayor/'],
    ['comments', 'add', 'ab-mail1', 'words'],
    ['delete', 'ab-mail1', '--force'],
    ['dep', 'add', 'ab-mail1', id],
    ['dep', 'relate', 'ab-mail1', id],
    ['supersede', 'ab-mail1', '--with', id],
    ['note', 'ab-mail1', 'words'],
    ['defer', 'ab-mail1'],
    ['unclaim', 'ab-mail1'],
    ['rename-prefix', 'zz'],
    ['close', 'ab-mail1'],
    ['close', 'ab-mail1', '--force'],
    ['import', join(dir, 'same.jsonl')],
  ])
    expect(bd(...said), said.join(' ')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/mail/) })
  expect(everything()).toBe(before)
  writeFileSync(
    join(dir, 'forged.jsonl'),
    line({ id: 'ab-mail1', issue_type: 'message', sender: 'ab/witness' }) +
      line({ id: 'ab-forged', issue_type: 'message', sender: 'ab/witness' }) +
      line({ id: 'ab-mail1', status: 'tombstone', deleted_at: '2031-01-01T00:00:00Z' }) +
      line({ id: 'ab-task', issue_type: 'task', sender: 'ab/witness' }),
  )
  expect(json('import', join(dir, 'forged.jsonl'))).toMatchObject({ created: 1, updated: 0, skipped: 1, mail: 2 })
  expect(json('list', '--type', 'message', '--all')).toMatchObject([{ id: 'ab-mail1', title: 'Hello' }])
  expect(json('show', 'ab-task')[0].sender).toBeUndefined()
  expect(bd('close', 'ab-mail1', '--actor', 'overseer')).toMatchObject({ status: 0 })
  expect(bd('reopen', 'ab-mail1')).toMatchObject({ status: 1 })
})

test('every text has a limit, which its refusal names; nothing is cut, not by an import either', () => {
  const long = 'x'.repeat(textBytesMax)
  // What is so long does not fit into an argument.
  const inFile = (text: string) => {
    writeFileSync(join(dir, 'text.txt'), text)
    return join(dir, 'text.txt')
  }
  const id = create('one', '--body-file', inFile(long), '-l', 'l'.repeat(nameBytesMax))
  expect(JSON.parse(bdIn(dir, ['show', id, '--json']).stdout)[0]).toMatchObject({ description: long })
  expect(bd('update', id, '--design-file', inFile(long))).toMatchObject({ status: 0 })
  const before = everything()
  const text = `must be ${textBytesMax} bytes or less (got ${textBytesMax + 1})`
  const name = `must be ${nameBytesMax} bytes or less`
  const file = join(dir, 'long.jsonl')
  const line = (more: object) =>
    `${JSON.stringify({ id: 'ab-i', title: 'x', created_at: '2026-01-01T00:00:00Z', ...more })}\n`
  const importing = (more: object) => {
    writeFileSync(file, line({ id: 'ab-ok' }) + line(more))
    return bd('import', file)
  }
  for (const [refused, ...words] of [
    [bd('create', 'x', '--design', 'y', '--body-file', inFile(`${'ü'.repeat(textBytesMax / 2)}x`)), text],
    [bd('update', id, '-a', 'a'.repeat(nameBytesMax + 1)), name],
    [bd('update', id, '--add-label', 'a'.repeat(nameBytesMax + 1)), name],
    [bd('update', id, '--add-label', 'a\u001b[2J'), 'one line'],
    [bd('close', id, '--reason-file', inFile(`${long}x`)), text],
    [bd('create', 'x', '--id', `ab-${'a'.repeat(idLengthMax)}`), `${idLengthMax} characters`],
    [bd('create', 'x', '--id', 'ab-../../x'), 'is not an issue id'],
    [importing({ description: `${long}x` }), text, 'line 2', 'nothing was imported'],
    [importing({ title: 'x'.repeat(titleBytesMax + 1) }), `must be ${titleBytesMax} bytes or less`, 'line 2'],
    [importing({ description: 'a\0b' }), 'NUL', 'line 2'],
    [importing({ labels: ['a'.repeat(300)] }), name, 'line 2'],
    [importing({ id: 'ab-../x' }), 'is not an issue id', 'line 2'],
  ] as const) {
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    for (const word of words) expect(refused.stderr).toContain(word)
  }
  expect(everything()).toBe(before)
})

test('a title is one line, however it comes', () => {
  const odd = ' Fix it\r\n\tIssue: forged\u2028x\u0085y\u001b[2J\u202e '
  const kept = 'Fix it Issue: forged x y�[2J�'
  const id = create(odd)
  bd('update', create('two'), '--title', odd)
  writeFileSync(
    join(dir, 'odd.jsonl'),
    `${JSON.stringify({ id: 'ab-oddly', title: odd, created_at: '2026-01-01T00:00:00Z' })}\n`,
  )
  bd('import', join(dir, 'odd.jsonl'))
  expect(json('list').map(({ title }: { title: string }) => title)).toEqual([kept, kept, kept])
  expect(bd('list').stdout.trim().split('\n')).toHaveLength(3)
  expect(bd('create', '\n\t')).toMatchObject({ status: 1, stderr: 'Error: title required\n' })
  expect(id).toMatch(/^ab-/)
})

test('mail stays as it was sent: no label, no dependency, no parent', () => {
  const one = create('one')
  const db = new DatabaseSync(join(dir, '.beads', fileName))
  db.exec(
    "INSERT INTO issues (id, title, issue_type, assignee, sender, created_at, updated_at) VALUES ('ab-mail', 'M', 'message', 'overseer', 'x', '2026-01-01', '2026-01-01')",
  )
  db.close()
  for (const said of [
    ['update', 'ab-mail', '--add-label', 'x'],
    ['update', 'ab-mail', '--parent', one],
    ['dep', 'add', 'ab-mail', one],
  ])
    expect(bd(...said), said.join(' ')).toMatchObject({ status: 1, stderr: expect.stringContaining('is mail') })
  expect(JSON.parse(bd('show', 'ab-mail', '--json').stdout)[0]).toMatchObject({ updated_at: '2026-01-01' })
})

test('a store of an older schema is brought up to date by whoever opens it to write, many at once', async () => {
  const id = create('one')
  const path = join(dir, '.beads', fileName)
  const old = new DatabaseSync(path)
  toFirstSchema(old)
  expect(bd('--readonly', 'list').stdout).toContain(id)
  expect(old.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 })
  const all = await Promise.all(
    Array.from(
      { length: 6 },
      () =>
        new Promise<number | null>((resolve) => {
          spawn(process.execPath, [bdScript, 'list'], { cwd: dir, env: cleanEnv(), stdio: 'ignore' }).once(
            'close',
            resolve,
          )
        }),
    ),
  )
  expect(all).toEqual([0, 0, 0, 0, 0, 0])
  expect(old.prepare('PRAGMA user_version').get()).toEqual({ user_version: schemaVersion })
  old.close()
}, 60_000)
