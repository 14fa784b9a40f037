// What comes in from files of other versions, what goes out again, and which store `bd` finds from where.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileName } from '../../actors/beads/file.ts'
import { bdHere } from '../fixture/bd-here.ts'
import { cleanEnv } from '../fixture/real-town.ts'

let dir: string
beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'beads-')))
  expect(await bd('init', '--prefix', 'ab')).toMatchObject({ rc: 0 })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const bdIn = (cwd: string, argv: readonly string[], env: Record<string, string> = {}, stdin?: string) =>
  bdHere(argv, { cwd, env: { ...cleanEnv(), BD_ACTOR: 'tester', ...env }, ...(stdin === undefined ? {} : { stdin }) })
const bd = (...argv: string[]) => bdIn(dir, argv)
// biome-ignore lint/suspicious/noExplicitAny: what the command prints, read as a script would
const json = async (...argv: string[]): Promise<any> => JSON.parse((await bd(...argv, '--json')).out)
const everything = async () => (await bd('export', '--all')).out
const importing = (text: string, ...more: string[]) => bdIn(dir, ['import', '-', ...more], {}, text)
const at = '2025-12-01T10:00:00.000Z'
const line = (more: object) => JSON.stringify({ title: 'T', status: 'open', priority: 2, created_at: at, ...more })

/** As other versions write it, every field in the format's order, and some that nobody here knows. */
const whole = [
  `{"id":"a.b-1","title":"Whole \\u003cb\\u003e","description":"d","design":"ds","acceptance_criteria":"ac","notes":"n","status":"in_progress","priority":0,"issue_type":"agent","assignee":"ann","estimated_minutes":90,"created_at":"${at}","created_by":"bob","updated_at":"${at}","started_at":"${at}","external_ref":"gh-9","due_at":"${at}","defer_until":"${at}","lease_expires_at":"${at}","heartbeat_at":"${at}","labels":["x","y"],"dependencies":[{"issue_id":"a.b-1","depends_on_id":"ab-elsewhere","type":"blocks","created_at":"${at}","created_by":"bob","metadata":"{}","thread_id":"t"}],"comments":[{"id":7,"issue_id":"a.b-1","author":"ann","text":"seven","created_at":"${at}"},{"id":"0190-uuid","issue_id":"a.b-1","author":"bob","text":"two\\nlines","created_at":"${at}","edited":1.50}],"ephemeral":true,"metadata":{"n":1.0,"big":12345678901234567890,"deep":{"e":1e400}},"spec_id":"s","waiters":["a"],"weight":2.50,"await_id":null}`,
  `{"id":"ab-gone","title":"Gone","status":"tombstone","priority":1,"issue_type":"bug","created_at":"${at}","updated_at":"${at}","deleted_at":"${at}","deleted_by":"ann","delete_reason":"was wrong","original_type":"bug","odd":1.0}`,
  '{"_type":"memory","key":"tmux","value":"tests need it"}',
]

test('what a file holds is given back as it was, to the byte, also what is not known here', async () => {
  const text = `${whole.join('\n')}\n`
  expect(JSON.parse((await importing(text, '--json')).out)).toMatchObject({ created: 1, deleted: 1, memories: 1 })
  expect(await everything()).toBe(text)
  // Again changes nothing.
  expect(JSON.parse((await importing(text, '--json')).out)).toMatchObject({ created: 0, updated: 0, skipped: 2 })
  expect(await everything()).toBe(text)
  expect((await json('show', 'a.b-1'))[0]).toMatchObject({ comments: [{ id: 7 }, { id: '0190-uuid' }], priority: 0 })
  expect((await bd('create', 'x', '--id', 'ab-gone')).err).toContain('was deleted')
  // Changed here, and what is not known stays.
  await bd('update', 'a.b-1', '--title', 'New')
  expect(await everything()).toContain('"spec_id":"s","waiters":["a"],"weight":2.50,"await_id":null}')
})

test('marks, line ends, long lines and blank ones are no trouble', async () => {
  const long = 'x'.repeat(200_000)
  const text = `\uFEFF${line({ id: 'ab-1' })}\r\n\r\n   \n${line({ id: 'ab-2', description: long })}\r\n${line({ id: 'ab-3' })}`
  expect(JSON.parse((await importing(text, '--json')).out)).toMatchObject({ created: 3 })
  expect((await json('show', 'ab-2'))[0].description).toBe(long)
})

test('a line that cannot be read is named, and nothing of the file is taken', async () => {
  const good = line({ id: 'ab-1' })
  const before = await everything()
  for (const [bad, ...words] of [
    [good.slice(0, 40), 'not JSON'],
    ['[1]', 'no object'],
    ['{"id":"ab-2"}', 'created_at'],
    [line({ id: '../x' }), 'not an issue id'],
    [line({ id: 'ab-2', priority: 9 }), 'invalid priority'],
    [line({ id: 'ab-2', title: 7 }), 'title is not a text'],
    [line({ id: 'ab-2', created_at: 'yesterday' }), 'not a time'],
    [line({ id: 'ab-2', labels: 'x' }), 'not a list'],
    [line({ id: 'ab-2', dependencies: [{}] }), 'depends_on_id'],
    [line({ id: 'ab-2', comments: [{ text: 'x' }] }), 'say its id'],
    [line({ id: 'ab-2', estimated_minutes: -1 }), 'invalid estimate'],
    [line({ id: '../x', status: 'tombstone' }), 'not an issue id'],
  ] as const) {
    const said = await importing(`${good}\n\n${bad}\n`)
    expect(said, bad).toMatchObject({ rc: 1, out: '' })
    for (const word of ['line 3:', 'nothing was imported', ...words]) expect(said.err).toContain(word)
  }
  expect(await bd('import', 'none.jsonl')).toMatchObject({ rc: 1, err: expect.stringContaining('none.jsonl') })
  expect(await everything()).toBe(before)
})

test('of what stands there twice the later news counts, older news never; a deletion is news', async () => {
  const later = '2025-12-02T10:00:00.000Z'
  const said = JSON.parse(
    (
      await importing(
        [
          line({ id: 'ab-1', title: 'new', updated_at: later }),
          line({ id: 'ab-1', title: 'old', updated_at: at }),
          line({ id: 'ab-2', status: 'waiting', issue_type: 'wish' }),
        ].join('\n'),
        '--json',
      )
    ).out,
  )
  expect(said).toMatchObject({ created: 2, skipped: 1, twice: ['ab-1'] })
  expect((await json('show', 'ab-1'))[0].title).toBe('new')
  expect((await json('show', 'ab-2'))[0]).toMatchObject({ status: 'waiting', issue_type: 'wish' })
  await importing(line({ id: 'ab-1', status: 'tombstone', deleted_at: at }))
  expect((await bd('show', 'ab-1')).rc).toBe(0)
  await importing(line({ id: 'ab-1', status: 'tombstone', deleted_at: later }))
  expect((await bd('show', 'ab-1')).rc).toBe(1)
  await importing(line({ id: 'ab-1', updated_at: later }))
  expect((await bd('show', 'ab-1')).rc).toBe(1)
})

test('a circle that a file brings is told of and hangs nothing', async () => {
  const on = (id: string, ...others: string[]) =>
    line({
      id,
      dependencies: others.map((other) => ({
        ...{ issue_id: id, depends_on_id: other, created_at: at, created_by: 'x' },
        type: other === 'ab-1' ? 'parent-child' : 'blocks',
      })),
    })
  await importing([on('ab-1', 'ab-2'), on('ab-2', 'ab-1'), on('ab-3', 'ab-3', 'ab-none')].join('\n'))
  expect((await json('dep', 'cycles')).map((circle: { id: string }[]) => circle.map(({ id }) => id))).toEqual([
    ['ab-1', 'ab-2'],
    ['ab-3'],
  ])
  expect(await json('ready')).toEqual([])
  for (const argv of [
    ['dep', 'tree', 'ab-1', '--show-all-paths'],
    ['graph', 'ab-1'],
    ['list', '--pretty'],
    ['blocked'],
    ['children', 'ab-1'],
    ['show', 'ab-3'],
    ['epic', 'status'],
  ])
    expect(await bd(...argv), argv.join(' ')).toMatchObject({ rc: 0 })
  const { rc, out } = await bd('doctor')
  expect([rc, out]).toEqual([1, expect.stringContaining('ab-3 → ab-none')])
})

test('a store is found from a worktree of its repository, over a redirect, and not beyond another bd’s', async () => {
  const repo = join(dir, 'repo')
  mkdirSync(join(repo, 'deep/er'), { recursive: true })
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], { cwd: repo })
  git('init', '-q')
  git('commit', '-q', '--allow-empty', '-m', 'first')
  const tree = join(dir, 'tree')
  git('worktree', 'add', '-q', tree, '-b', 'side')
  mkdirSync(join(tree, 'sub'))
  expect((await bdIn(repo, ['init', '--prefix', 'repo'])).rc).toBe(0)
  const prefixAt = async (cwd: string, env = {}) =>
    JSON.parse((await bdIn(cwd, ['where', '--json'], env)).out || '{}').prefix
  expect([await prefixAt(join(repo, 'deep/er')), await prefixAt(tree), await prefixAt(join(tree, 'sub'))]).toEqual([
    ...['repo', 'repo', 'repo'],
  ])
  // Relative to the folder that holds .beads.
  const crew = join(dir, 'crew/ann')
  mkdirSync(join(crew, '.beads'), { recursive: true })
  writeFileSync(join(crew, '.beads/redirect'), '# where they are\n\n../../repo/.beads\n')
  expect(await prefixAt(crew)).toBe('repo')
  expect(await prefixAt('/', { BEADS_DIR: join(crew, '.beads') })).toBe('repo')
  expect(await prefixAt('/', { BEADS_DB: join(repo, '.beads/beads.db') })).toBe('repo')
  expect(await prefixAt(repo, { BEADS_DIR: join(dir, '.beads') })).toBe('ab')
  // What lies above another program's issues is not meant.
  const foreign = join(repo, 'vendor')
  mkdirSync(join(foreign, '.beads'), { recursive: true })
  writeFileSync(join(foreign, '.beads/metadata.json'), '{"database":"beads.db"}')
  expect(await bdIn(foreign, ['list'])).toMatchObject({ rc: 1, err: expect.stringContaining('another bd') })
  expect(await bdIn(repo, ['list', '--db', join(dir, 'none.db')])).toMatchObject({ rc: 1, out: '' })
  expect(await prefixAt(dir)).toBe('ab')
  rmSync(join(crew, '.beads/redirect'))
  writeFileSync(join(crew, '.beads/redirect'), '../nowhere/.beads\n')
  expect((await bdIn(crew, ['list'])).rc).toBe(1)
})

test('what other programs wrote is refused in words, and a full export is never half', async () => {
  await bd('create', 'x')
  const out = join(dir, 'out.jsonl')
  expect(await bd('export', '-o', out)).toMatchObject({ rc: 0, err: expect.stringContaining('Exported 1') })
  expect(await bd('export', '-o', join(dir, 'no/such/out.jsonl'))).toMatchObject({
    rc: 1,
    err: expect.stringContaining('cannot be written'),
  })
  const other = join(dir, 'other.db')
  const db = new DatabaseSync(other)
  db.exec('CREATE TABLE issues (id TEXT); CREATE TABLE config (key TEXT)')
  db.close()
  expect(await bd('list', '--db', other)).toMatchObject({ rc: 1, err: expect.stringContaining('another program') })
  writeFileSync(join(dir, '.beads', fileName), '')
  expect(await bd('list')).toMatchObject({ rc: 1, err: expect.stringContaining('is empty') })
})
