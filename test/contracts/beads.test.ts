// The contract of `bd` (profile 0.30), kept by every issue store there is here: one suite through the command that
// agents use.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

type Bd = readonly [program: string, ...args: string[]]
const embedded: Bd = [process.execPath, join(import.meta.dirname, '../../dist/bd.cjs')]
const stores: [string, Bd][] = [['embedded', embedded]]

let dir: string
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GT_|BEADS_|BD_)/.test(name)))
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'beads-')))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe.each(stores)('%s', (_, [program, ...first]) => {
  const bd = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(program, [...first, ...args], {
      cwd: dir,
      env: { ...env, BD_ACTOR: 'tester' },
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }
  // biome-ignore lint/suspicious/noExplicitAny: what the command prints, read as a script would
  const json = (...args: string[]): any => {
    const done = bd(...args, '--json')
    expect(done.stderr).toBe('')
    return JSON.parse(done.stdout)
  }
  const create = (title: string, ...args: string[]) => json('create', title, ...args).id as string
  const ids = (issues: { id: string }[]) => issues.map((issue) => issue.id)
  const refused = (words: string | RegExp, ...args: string[]) =>
    expect(bd(...args)).toMatchObject({
      status: 1,
      stderr: words instanceof RegExp ? expect.stringMatching(words) : expect.stringContaining(words),
    })

  beforeEach(() => {
    expect(bd('init', '--prefix', 'ab', '--quiet')).toMatchObject({ status: 0 })
  })

  test('an issue has the format’s id, defaults, fields and order', () => {
    const issue = json('create', 'Fix login')
    expect(Object.keys(issue)).toEqual([
      ...['id', 'title', 'status', 'priority', 'issue_type', 'created_at', 'created_by', 'updated_at'],
    ])
    expect(issue).toMatchObject({
      id: expect.stringMatching(/^ab-[0-9a-z]{3}$/),
      status: 'open',
      priority: 2,
      issue_type: 'task',
    })
    const full = create(
      'All of it',
      '-t',
      'bug',
      '-p',
      '0',
      '-d',
      'why',
      '--design',
      'how',
      '--acceptance',
      'when',
      '--notes',
      'n',
      '-a',
      'me',
      '-l',
      'z,a',
    )
    expect(json('show', full)[0]).toMatchObject({
      title: 'All of it',
      issue_type: 'bug',
      priority: 0,
      description: 'why',
      design: 'how',
      acceptance_criteria: 'when',
      notes: 'n',
      assignee: 'me',
      labels: ['a', 'z'],
    })
  })

  test('text is kept to the byte, whatever a shell would make of it', () => {
    const odd = '$(touch x) `y` ; rm -rf / # "q" \'s\' \\ <a>& ünï 🚂'
    expect(json('show', create(odd, '-d', `${odd}\n\u2028${odd}`))[0]).toMatchObject({
      title: odd,
      description: `${odd}\n\u2028${odd}`,
    })
  })

  test('what cannot be is refused with words, and nothing is written', () => {
    refused('title must be 500 bytes or less (got 501)', 'create', 'x'.repeat(501))
    refused('title must be 500 bytes or less (got 502)', 'create', 'ü'.repeat(251))
    refused('invalid priority', 'create', 'x', '-p', '9')
    refused('invalid issue type', 'create', 'x', '-t', 'wish')
    refused('not found', 'create', 'x', '--parent', 'ab-zzz')
    refused('no issue found matching', 'show', 'zzzz')
    refused('issue cannot depend on itself', 'dep', 'add', create('one'), json('list')[0].id)
    expect(bd('create')).toMatchObject({ status: 2 })
    expect(bd('create', 'x', '--no-such-flag')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--no-such-flag'),
    })
    expect(bd('crate', 'x')).toMatchObject({ status: 2 })
    expect(json('list')).toHaveLength(1)
  })

  test('children are numbered under their parent, three levels deep, and no number comes back', () => {
    const epic = create('Epic', '-t', 'epic')
    expect([create('a', '--parent', epic), create('b', '--parent', epic)]).toEqual([`${epic}.1`, `${epic}.2`])
    expect(create('c', '--parent', `${epic}.2`)).toBe(`${epic}.2.1`)
    create('d', '--parent', `${epic}.2.1`)
    refused('maximum hierarchy depth (3) exceeded', 'create', 'e', '--parent', `${epic}.2.1.1`)
    // A list tells of an issue's own parts, `ready` of all levels.
    expect(ids(json('list', '--parent', epic)).sort()).toEqual([`${epic}.1`, `${epic}.2`])
    expect(ids(json('ready', '--parent', epic))).toContain(`${epic}.2.1.1`)
  })

  test('any unique part of an id will do, an ambiguous one will not', () => {
    create('one', '--id', 'ab-xyz1')
    create('two', '--id', 'ab-xyz2')
    expect(json('show', 'xyz1')[0].title).toBe('one')
    expect(json('show', 'z2')[0].title).toBe('two')
    expect(json('show', 'ab-z2')[0].title).toBe('two')
    refused('ambiguous ID "xyz" matches 2 issues', 'show', 'xyz')
    refused('issue ID already exists', 'create', 'three', '--id', 'ab-xyz1')
  })

  test('ready is open, unblocked work by priority and age; a block reaches down to children', () => {
    const [first, later] = [create('first', '-p', '3'), create('later', '-p', '1')]
    const epic = create('epic', '-t', 'epic')
    const child = create('child', '--parent', epic, '-p', '0')
    bd('dep', 'add', later, first)
    expect(ids(json('ready'))).toEqual([child, epic, first])
    bd('dep', 'add', epic, first)
    expect(ids(json('ready'))).toEqual([first])
    expect(ids(json('ready', '--parent', epic))).toEqual([])
    bd('close', first)
    expect(ids(json('ready'))).toEqual([child, later, epic])
    create('talk', '-t', 'gate')
    expect(ids(json('ready'))).toEqual([child, later, epic])
  })

  test('no circle of dependencies, whatever their kind', () => {
    const [a, b, c] = [create('a'), create('b'), create('c')]
    bd('dep', 'add', a, b)
    bd('dep', 'add', b, c, '-t', 'parent-child')
    refused('would create a cycle', 'dep', 'add', c, a)
    expect(bd('dep', 'add', c, a, '-t', 'relates-to')).toMatchObject({ status: 0 })
    refused('does not exist', 'dep', 'remove', a, c)
    expect(bd('dep', 'remove', a, b)).toMatchObject({ status: 0 })
  })

  test('closing says when and why, waits for blockers and children unless forced; reopening forgets it', () => {
    const [a, b] = [create('a'), create('b')]
    bd('dep', 'add', a, b)
    refused('blocked by open issues', 'close', a)
    expect(json('close', b, '--reason', 'done well')[0]).toMatchObject({
      status: 'closed',
      close_reason: 'done well',
      closed_at: expect.any(String),
    })
    expect(json('close', a)[0]).toMatchObject({ status: 'closed' })
    const [open] = json('reopen', a)
    expect([open.status, open.closed_at, open.close_reason]).toEqual(['open', undefined, undefined])
    const epic = create('epic', '-t', 'epic')
    create('child', '--parent', epic)
    refused('1 open child issue(s)', 'close', epic)
    expect(bd('close', epic, '--force')).toMatchObject({ status: 0 })
  })

  test('a claim has one winner, however many ask at once', async () => {
    const issue = create('wanted')
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        run(program, [...first, 'update', issue, '--claim', '--actor', `worker-${n}`]),
      ),
    )
    expect(claims.filter(({ status }) => status === 0)).toHaveLength(1)
    expect(claims.filter(({ stderr }) => /already claimed by worker-\d/.test(stderr))).toHaveLength(7)
    const winner = json('show', issue)[0]
    expect(winner).toMatchObject({ status: 'in_progress', assignee: expect.stringMatching(/^worker-\d$/) })
    expect(bd('update', issue, '--claim', '--actor', winner.assignee)).toMatchObject({ status: 0 })
    expect(json('ready', '--claim', '--actor', 'late')).toEqual([])
  })

  test('many create at once: every one gets an id of its own', async () => {
    const epic = create('epic', '-t', 'epic')
    const made = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        run(program, [...first, 'create', 'the same', ...(n % 2 ? ['--parent', epic] : []), '--json']),
      ),
    )
    expect(made.map(({ stderr }) => stderr).join('')).toBe('')
    expect(new Set(made.map(({ stdout }) => JSON.parse(stdout).id)).size).toBe(12)
  })

  test('export and import carry everything over; missing priority is 0, older news changes nothing, one bad line stops all', () => {
    const epic = create('epic', '-t', 'epic', '-l', 'x')
    create('child <&>', '--parent', epic, '-d', 'two\nlines')
    bd('close', `${epic}.1`)
    const before = bd('export').stdout
    expect(before).toContain('\\u003c\\u0026\\u003e')
    const elsewhere = join(dir, 'elsewhere')
    mkdirSync(elsewhere)
    const there = (...args: string[]) =>
      spawnSync(program, [...first, ...args], { cwd: elsewhere, env, encoding: 'utf8' })
    there('init', '--prefix', 'ab', '--quiet')
    writeFileSync(join(dir, 'all.jsonl'), before)
    expect(JSON.parse(there('import', '-i', join(dir, 'all.jsonl'), '--json').stdout)).toMatchObject({ created: 2 })
    expect(there('export').stdout).toBe(before)
    expect(JSON.parse(there('import', '-i', join(dir, 'all.jsonl'), '--json').stdout)).toMatchObject({
      created: 0,
      updated: 0,
      skipped: 2,
    })
    const line = (more: object) =>
      JSON.stringify({
        id: 'ab-new',
        title: 'new',
        created_at: '2026-01-01T00:00:00Z',
        updated_at: '2026-01-01T00:00:00Z',
        ...more,
      })
    writeFileSync(join(dir, 'some.jsonl'), `${line({})}\n${line({ id: 'ab-bad', priority: 7 })}\n`)
    expect(there('import', join(dir, 'some.jsonl'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('invalid priority'),
    })
    expect(there('show', 'ab-new').status).toBe(1)
    writeFileSync(join(dir, 'some.jsonl'), `${line({})}\n\n{"status":"tombstone","id":"ab-dead"}\n`)
    there('import', join(dir, 'some.jsonl'))
    expect(JSON.parse(there('show', 'ab-new', '--json').stdout)[0]).toMatchObject({
      priority: 0,
      status: 'open',
      issue_type: 'task',
    })
  })

  test('it is found from below, from BEADS_DIR, and over a redirect', () => {
    create('here')
    const below = join(dir, 'a/b')
    mkdirSync(below, { recursive: true })
    const at = (cwd: string, more: Record<string, string> = {}) =>
      JSON.parse(
        spawnSync(program, [...first, 'list', '--json'], { cwd, env: { ...env, ...more }, encoding: 'utf8' }).stdout,
      )
    expect(at(below)).toHaveLength(1)
    expect(at('/', { BEADS_DIR: join(dir, '.beads') })).toHaveLength(1)
    mkdirSync(join(below, '.beads'))
    writeFileSync(join(below, '.beads/redirect'), join(dir, '.beads'))
    expect(at(below)).toHaveLength(1)
  })
})

test('a damaged or newer database is refused with words and left as it is', () => {
  const bd = (...args: string[]) =>
    spawnSync(embedded[0], [...embedded.slice(1), ...args], { cwd: dir, env, encoding: 'utf8' })
  expect(bd('list')).toMatchObject({ status: 1, stderr: expect.stringContaining('no beads database found') })
  bd('init', '--prefix', 'ab')
  const path = join(dir, '.beads/issues.sqlite')
  const db = new DatabaseSync(path)
  db.exec('PRAGMA user_version = 99')
  db.close()
  expect(bd('list')).toMatchObject({ status: 1, stderr: expect.stringContaining('newer version') })
  writeFileSync(path, 'this is no database, not at all, whatever its name says')
  expect(bd('list')).toMatchObject({ status: 1, stderr: expect.stringContaining('left as it is') })
  expect(readFileSync(path, 'utf8')).toBe('this is no database, not at all, whatever its name says')
})

function run(
  program: string,
  args: readonly string[],
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: dir, env })
    const said = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text))
    child.once('close', (status) => resolve({ status, ...said }))
  })
}
