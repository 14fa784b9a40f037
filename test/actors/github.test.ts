// `bd github` against GitHub as it was recorded: what is taken in, what is put there, and that neither is done twice.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Beads, openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { bdHere } from '../fixture/bd-here.ts'
import { type GitHub, github } from '../fixture/github.ts'
import { cleanEnv } from '../fixture/real-town.ts'

let dir: string
let hub: GitHub
beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'github-')))
  initBeads(join(dir, '.beads'), 'ab')
  hub = await github()
})
afterEach(async () => {
  await hub.close()
  rmSync(dir, { recursive: true, force: true })
})

const token = 'ghp_0123456789secret'
const bd = (argv: readonly string[], env: Record<string, string> = {}, stdin = '') => {
  const { GITHUB_TOKEN: _, GH_TOKEN: __, ...clean } = cleanEnv()
  const said = {
    GITHUB_API_URL: hub.url,
    GITHUB_REPOSITORY: 'octocat/Hello-World',
    GITHUB_TOKEN: token,
    BD_ACTOR: 'ann',
  }
  return bdHere(argv, { cwd: dir, env: { ...clean, ...said, ...env }, stdin })
}
// biome-ignore lint/suspicious/noExplicitAny: what the command prints, read as a script would
const json = async (...argv: string[]): Promise<any> => {
  const said = await bd([...argv, '--json'])
  expect(said, argv.join(' ')).toMatchObject({ rc: 0, err: '' })
  return JSON.parse(said.out)
}
function store<T>(work: (beads: Beads) => T): T {
  const beads = openBeads(join(dir, '.beads'))
  try {
    return work(beads)
  } finally {
    beads.close()
  }
}
const of = (number: number) =>
  store((beads) => {
    const [issue] = beads.list({ all: true }).filter((each) => each.external_ref?.endsWith(`/${number}`))
    return issue && { ...issue, labels: beads.labels(issue.id), comments: beads.comments(issue.id) }
  })
const everything = () => store((beads) => [beads.list({ all: true }), beads.configs(), beads.mark()])
const there = () => JSON.stringify([hub.issues, hub.comments])
const writes = () => hub.sent().filter(({ method }) => method !== 'GET')
const nothing = { created: [], updated: [], comments: 0 }
const create = async (...words: string[]) => (await json('create', ...words)).id as string
const long = '2099-01-01T00:00:00Z'

test('what is there is taken in, page by page; once', async () => {
  const done = await json('github', 'pull')
  expect(done).toMatchObject({ pulled: { updated: [], comments: 2 }, pushed: nothing, conflicts: [], skipped: [] })
  expect(done.pulled.created).toHaveLength(4)
  const sent = hub.sent()
  expect(sent.map(({ query }) => query.page ?? '1').join()).toBe('1,2,3,1,2')
  expect(sent[0]).toMatchObject({
    query: { state: 'all', sort: 'created', direction: 'asc', per_page: '100' },
    headers: { authorization: `Bearer ${token}`, 'x-github-api-version': '2022-11-28' },
  })
  expect(of(1347)).toMatchObject({
    ...{ title: 'Found a bug', description: 'I\'m having a problem with this.\n\nSteps: 1. <open> & "close" 🐛' },
    ...{
      issue_type: 'bug',
      priority: 1,
      labels: ['frontend'],
      assignee: 'octocat',
      created_by: 'octocat',
      status: 'open',
    },
    external_ref: 'https://github.com/octocat/Hello-World/issues/1347',
    comments: [
      { id: 'gh-1', author: 'hubot', text: 'Me too', created_at: '2026-01-05T11:00:00.000Z' },
      { author: 'octocat', text: 'Me\nthree' },
    ],
  })
  expect(of(1349)).toMatchObject({ status: 'closed', issue_type: 'feature', close_reason: 'not planned (on GitHub)' })
  expect(of(1350)).toMatchObject({ status: 'closed', close_reason: 'completed (on GitHub)' })
  expect(of(1351)).toMatchObject({ issue_type: 'bug', priority: 0, labels: ['Good First Issue'], created_by: 'hubot' })
  // A pull request is none, and neither is what was said of it.
  expect(of(1348)).toBe(undefined)

  const [before, theirs] = [everything(), there()]
  expect(await json('github', 'pull')).toMatchObject({ pulled: nothing, skipped: [] })
  // It says itself that nothing is new.
  expect(await json('github', 'sync')).toMatchObject({ pulled: nothing, pushed: nothing, conflicts: [], skipped: [] })
  expect(hub.sent().map(({ method, headers }) => [method, headers['if-none-match'] !== undefined])).toEqual([
    ['GET', false],
    ['GET', true],
  ])
  expect([everything()[0], there()]).toEqual([before[0], theirs])
})

test('what is here is put there; once, also when the answer was lost', async () => {
  const a = await create('Of ours', '-t', 'bug', '-p', '0', '-l', 'backend,bug', '-d', 'words', '-a', 'hubot')
  const b = await create('Another', '-a', 'nobody-there')
  const done = await create('Done before')
  await bd(['close', done])
  await create('A note', '-t', 'message')
  await bd(['comment', a, 'said here'])
  hub.refuse('lost', ({ method, body }) => method === 'POST' && body?.title === 'Another')
  hub.sent()
  expect(await bd(['github', 'push'])).toMatchObject({
    rc: 1,
    err: expect.stringMatching(/cannot be reached.*say it again/),
  })
  expect(await json('github', 'push')).toMatchObject({ pushed: nothing, skipped: [] })
  const sent = writes()
  expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /repos/octocat/Hello-World/issues',
    'POST /repos/octocat/Hello-World/issues/1352/comments',
    'POST /repos/octocat/Hello-World/issues',
  ])
  expect(sent[0]?.body).toEqual({
    ...{
      title: 'Of ours',
      body: expect.stringMatching(new RegExp(`^words\\n\\n<!-- bd:${a}/[\\w-]{12} -->$`)),
      assignees: ['hubot'],
    },
    labels: ['backend', 'priority:critical', 'type:bug'],
  })
  expect(sent[1]?.body?.body).toMatch(/^\*\*ann\*\*:\n\nsaid here\n\n<!-- bd:\S+ -->$/)
  expect(of(1352)).toMatchObject({ id: a, labels: ['backend', 'bug'] })
  expect(of(1353)).toMatchObject({ id: b, assignee: 'nobody-there' })
  const theirs = there()
  await json('github', 'pull')
  for (const way of ['push', 'sync', 'sync']) await json('github', way)
  expect(there()).toBe(theirs)
  expect(of(1352)).toMatchObject({ id: a, title: 'Of ours', description: 'words', priority: 0, assignee: 'hubot' })
  expect(of(1352)?.comments).toHaveLength(1)
  expect(of(1353)).toMatchObject({ id: b, assignee: 'nobody-there' })
  expect(store((beads) => beads.list({ all: true })).filter(({ title }) => title === 'Another')).toHaveLength(1)
})

test('each side’s changes reach the other, field by field', async () => {
  await json('github', 'pull')
  const { id = '' } = of(1347) ?? {}
  await bd([
    'update',
    id,
    '--title',
    'Found a worm',
    '--add-label',
    'Urgent',
    '--remove-label',
    'frontend',
    '-p',
    '3',
    '-t',
    'chore',
  ])
  await bd(['comment', id, 'On it'])
  hub.edit(1347, { body: 'Other words', labels: ['bug', 'priority: high', 'frontend', 'windows'] })
  hub.sent()
  const done = await json('github', 'sync')
  expect(done).toMatchObject({ pulled: { updated: [id] }, pushed: { updated: [id], comments: 1 }, conflicts: [] })
  expect(writes()[0]?.body).toEqual({
    title: 'Found a worm',
    labels: ['windows', 'Urgent', 'priority:low', 'type:chore'],
  })
  const both = { title: 'Found a worm' }
  expect(of(1347)).toMatchObject({
    ...both,
    description: 'Other words',
    labels: ['Urgent', 'windows'],
    priority: 3,
    issue_type: 'chore',
  })
  expect(hub.of(1347)).toMatchObject({ ...both, body: 'Other words' })

  // A label that was taken away there goes here, too, and does not come back.
  hub.edit(1347, { labels: ['Urgent', 'priority:low', 'type:chore'] })
  expect(await json('github', 'sync')).toMatchObject({ pulled: { updated: [id] }, pushed: nothing })
  expect(of(1347)?.labels).toEqual(['Urgent'])

  // Closed here, reopened there; closed there, reopened here.
  await bd(['close', id, '--force', '-r', 'Not planned: too old'])
  await json('github', 'push')
  expect(hub.of(1347)).toMatchObject({ state: 'closed', state_reason: 'not_planned' })
  hub.edit(1347, { state: 'open', state_reason: 'reopened' })
  await json('github', 'pull')
  expect(of(1347)).toMatchObject({ status: 'open', close_reason: '' })
  hub.edit(1347, { state: 'closed', state_reason: 'completed' })
  await json('github', 'sync')
  expect(of(1347)).toMatchObject({ status: 'closed', close_reason: 'completed (on GitHub)' })
  await bd(['reopen', id])
  await json('github', 'sync')
  expect(hub.of(1347)).toMatchObject({ state: 'open' })
  const [ours, theirs] = [everything()[0], there()]
  for (const way of ['pull', 'push', 'sync'])
    expect(await json('github', way)).toMatchObject({ pulled: nothing, pushed: nothing })
  expect([everything()[0], there()]).toEqual([ours, theirs])
})

test('of a field that both changed the later edit counts, or the one that is said; it is told', async () => {
  await json('github', 'pull')
  const { id = '' } = of(1347) ?? {}
  await bd(['update', id, '--title', 'Ours'])
  hub.edit(1347, { title: 'Theirs' }, '2026-01-07T00:00:00Z')
  const conflict = (kept: string) => ({ conflicts: [{ id, field: 'title', kept }] })
  // Where only one way is gone, nothing is lost of the other.
  expect(await json('github', 'pull', '--dry-run')).toMatchObject({ ...conflict('local'), pulled: nothing })
  expect(await json('github', 'sync')).toMatchObject(conflict('local'))
  expect([of(1347)?.title, hub.of(1347).title]).toEqual(['Ours', 'Ours'])

  await bd(['update', id, '--title', 'Ours again'])
  hub.edit(1347, { title: 'Theirs again' }, long)
  expect(await json('github', 'push')).toMatchObject({ ...conflict('github'), pushed: nothing })
  const said = await bd(['github', 'sync'])
  expect(said.out).toContain(`${id}: title was changed on both sides; what GitHub has counts`)
  expect([of(1347)?.title, hub.of(1347).title]).toEqual(['Theirs again', 'Theirs again'])

  await bd(['update', id, '--title', 'Ours at last'])
  hub.edit(1347, { title: 'Theirs at last' }, long)
  expect(await json('github', 'sync', '--prefer-local')).toMatchObject(conflict('local'))
  expect([of(1347)?.title, hub.of(1347).title]).toEqual(['Ours at last', 'Ours at last'])
  expect(await bd(['github', 'sync', '--prefer-local', '--prefer-github'])).toMatchObject({ rc: 2 })
})

test('--dry-run does nothing on either side; --readonly refuses; an id stands for itself', async () => {
  const a = await create('Of ours')
  const b = await create('Not that one')
  const [before, theirs] = [everything(), there()]
  const done = await json('github', 'sync', '--dry-run')
  expect(done).toMatchObject({ dry_run: true, pushed: { created: [a, b] } })
  expect(done.pulled.created).toHaveLength(4)
  expect([everything(), there()]).toEqual([before, theirs])
  expect(await bd(['--readonly', 'github', 'pull'])).toMatchObject({ rc: 1 })
  await json('github', 'push', a)
  expect(writes().map(({ body }) => body?.title)).toEqual(['Of ours'])
})

test('an issue that names one there is that one: by number, name or address; one that is not there is told', async () => {
  const names = ['gh-1347', 'octocat/hello-world#1349', 'https://github.com/octocat/Hello-World/issues/1351']
  for (const ref of [...names, 'gh-1348', 'gh-9999', 'jira-5', 'other/one#1347'])
    await create(`As ${ref}`, '--external-ref', ref)
  const done = await json('github', 'sync', '--prefer-github', '--state', 'open')
  expect(done.pulled).toMatchObject({ created: [], comments: 2 })
  expect(done.pulled.updated).toHaveLength(3)
  expect(done.pushed.created).toEqual([])
  expect(done.skipped.map(({ why }: { why: string }) => why).sort()).toEqual([
    'not taken by GitHub: #1348 is a pull request',
    'not taken by GitHub: there is no /repos/octocat/Hello-World/issues/9999',
  ])
  expect(store((beads) => beads.list({ all: true })).map(({ title }) => title)).toEqual(
    expect.arrayContaining([
      'Found a bug',
      'Say why',
      "Of an organization's own kind",
      'As jira-5',
      'As other/one#1347',
    ]),
  )
})

test('what was left away once is taken in when it is wanted, with what was said of it', async () => {
  hub.edit(1349, { title: 'Long closed' })
  hub.comments.push({ ...hub.comments[0], id: 9, issue_url: hub.of(1349).url, body: 'On that' })
  hub.of(1349).comments = 1
  const open = ['github', 'pull', '--state', 'open']
  expect((await json(...open)).pulled.created).toHaveLength(2)
  hub.sent()
  for (const _ of [1, 2]) expect((await json(...open)).pulled).toEqual(nothing)
  // The same question is asked of what is new alone.
  expect(hub.sent().map(({ query }) => query.since !== undefined)).not.toContain(false)
  expect((await json('github', 'pull')).pulled.created).toHaveLength(2)
  expect(of(1349)).toMatchObject({ status: 'closed', comments: [{ text: 'On that' }] })
  expect((await json('github', 'pull')).pulled).toEqual(nothing)
  // It was all seen, until some is left away again.
  hub.edit(1350, { title: 'Closed and renamed' })
  for (const words of [open, ['github', 'pull'], ['github', 'pull']]) await json(...words)
  hub.sent()
  await json('github', 'pull')
  expect(hub.sent()).toHaveLength(1)
})

test('nobody there takes an issue of ours by naming it', async () => {
  const a = await create('Of ours')
  const marks = [a, `${a}/`, `${a}/undefined`, `${a}/null`]
  for (const [n, number] of [1347, 1349, 1350, 1351].entries())
    hub.edit(number, { title: `Theirs ${n}`, body: `words\n\n<!-- bd:${marks[n]} -->` }, long)
  expect((await json('github', 'pull')).pulled.created).toHaveLength(4)
  expect(store((beads) => beads.get(a))).toMatchObject({ title: 'Of ours', external_ref: null })
  expect(of(1347)).toMatchObject({ title: 'Theirs 0', description: 'words' })
  await json('github', 'push')
  expect(of(1352)).toMatchObject({ id: a, title: 'Of ours' })
})

test('what one side cannot keep is left as it is, and told; the rest is done', async () => {
  hub.edit(1351, { labels: ['x'.repeat(300)] })
  hub.edit(1350, { title: '漢'.repeat(256) })
  const done = await json('github', 'pull')
  expect(done.pulled.created).toHaveLength(2)
  expect(done.skipped).toEqual([
    { id: '#1350', why: expect.stringMatching(/title must be 500 bytes or less/) },
    { id: '#1351', why: expect.stringMatching(/label must be 255 bytes or less/) },
  ])
  // It is told until it is mended, whatever else was taken in by then.
  hub.edit(1347, { title: 'Later' })
  expect((await json('github', 'pull')).skipped).toEqual(done.skipped)
  expect((await json('github', 'pull')).skipped).toEqual(done.skipped)
  const a = await create('Too long')
  await create('Fits')
  hub.refuse('invalid', ({ body }) => body?.title === 'Too long')
  expect(await json('github', 'push')).toMatchObject({
    pushed: { created: [expect.not.stringMatching(a)] },
    skipped: [{ id: a, why: expect.stringMatching(/Validation Failed; title title is too long/) }],
  })
})

test('what a session of a town holds is nobody’s at GitHub, and nobody there takes it', async () => {
  await json('github', 'pull')
  const { id = '' } = of(1347) ?? {}
  store((beads) => beads.update(id, { assignee: 'wyvern/polecats/Nux', status: 'in_progress' }, 'x'))
  hub.edit(1347, { assignees: ['hubot'], title: 'Renamed' })
  hub.sent()
  await json('github', 'sync')
  expect(of(1347)).toMatchObject({ assignee: 'wyvern/polecats/Nux', status: 'in_progress', title: 'Renamed' })
  expect(writes()).toEqual([])
  expect(hub.of(1347).assignee.login).toBe('hubot')
})

test('limits, refusals and lines that break: in words, and nothing by half', async () => {
  const any = () => true
  const before = everything()
  const refused = async (words: RegExp, env = {}, ...more: string[]) => {
    const said = await bd(['github', 'pull', ...more], env)
    expect(said).toMatchObject({ rc: 1, out: '', err: expect.stringMatching(words) })
    expect(said.err).not.toMatch(/ghp_|\n\s+at /)
    expect(everything()).toEqual(before)
  }
  hub.refuse('badToken', any)
  await refused(/does not know this token \(Bad credentials\); give another as GITHUB_TOKEN/)
  hub.refuse('notFound', any)
  await refused(/has no \/repos\/octocat\/Hello-World\/issues, or this token may not see it/)
  hub.refuse('rateLimit', any, 1, { 'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 900) })
  await refused(/answers nothing more to us until 20.*its rate limit\).*--wait 15m/)
  hub.refuse('noHtml', any, 3)
  await refused(/with 502: <html>Unicorn!/)
  // On the second page: the first is not taken in by itself.
  hub.refuse('cut', ({ query }) => query.page === '2', 3)
  await refused(/cannot be reached/)
  await refused(/is an address of https/, { GITHUB_API_URL: 'http://api.github.com' })
  await refused(/which repository on GitHub/, { GITHUB_REPOSITORY: '' })
  await refused(/is owner\/name, not/, { GITHUB_REPOSITORY: '../../x' })
  expect(await bd(['github', 'push'], { GITHUB_TOKEN: '' })).toMatchObject({
    rc: 1,
    err: expect.stringMatching(/wants a token/),
  })
  expect(hub.sent().filter(({ path }) => !path.startsWith('/repos/octocat/'))).toEqual([])

  // What is waited for in all is bounded, and not each time.
  hub.refuse('secondary', any, 9)
  expect(await bd(['github', 'pull', '--wait', '2s'])).toMatchObject({
    rc: 1,
    err: expect.stringMatching(/its rate limit/),
  })
  hub.calm()
  hub.sent()
  // A short limit is waited for, a line that breaks once is tried again, and who has no token may read.
  hub.refuse('secondary', any)
  hub.refuse('cut', ({ query }) => query.page === '3')
  const said = await bd(['github', 'pull'], { GITHUB_TOKEN: '' })
  expect(said).toMatchObject({
    rc: 0,
    err: expect.stringMatching(/has us wait for 1 s/),
    out: expect.stringMatching(/Pulled 4 issues/),
  })
  expect(hub.sent().every(({ headers }) => headers.authorization === undefined)).toBe(true)
})

test('a token goes to nobody else, wherever an answer leads', async () => {
  const other = await github()
  try {
    const any = () => true
    hub.refuse('moved', any, 1, { location: `${other.url}/repos/octocat/Hello-World/issues` })
    await bd(['github', 'pull'])
    hub.refuse('onePage', any, 1, { link: `<${other.url}/repos/octocat/Hello-World/issues?page=2>; rel="next"` })
    const before = everything()
    // Pages that nobody looked at are not taken for seen.
    expect(await bd(['github', 'pull', '--state', 'open'])).toMatchObject({
      rc: 1,
      err: expect.stringMatching(/next page .* at 127\.0\.0\.1:\d+, which is another host; nothing was taken in/),
    })
    expect(everything()).toEqual(before)
    const sent = other.sent()
    expect(sent.length).toBeGreaterThan(0)
    expect(sent.filter(({ query, headers }) => query.page === '2' || headers.authorization !== undefined)).toEqual([])
    await create('Of ours')
    hub.refuse('moved', ({ method }) => method === 'POST', 1, {
      location: `${other.url}/repos/octocat/Hello-World/issues`,
    })
    expect(await bd(['github', 'push'])).toMatchObject({ rc: 1 })
    expect(other.sent()).toEqual([])
  } finally {
    await other.close()
  }
})

test('a token stands in no command line, and is shown to nobody', async () => {
  expect(await bd(['config', 'set', 'github.token', token])).toMatchObject({
    rc: 1,
    err: expect.stringMatching(/every user of this machine/),
  })
  expect(await bd(['config', 'set', 'github.token', '-'], {}, `${token}\n`)).toMatchObject({ rc: 0 })
  const none = { GITHUB_TOKEN: '' }
  for (const words of [
    ['config', 'list'],
    ['config', 'get', 'github.token'],
    ['github', 'status'],
    ['config', 'list', '--json'],
  ])
    expect((await bd(words, none)).out).not.toContain('ghp_')
  expect((await bd(['github', 'status'], none)).out).toMatch(/Token: bd config: github.token/)
  await bd(['github', 'pull'], none)
  expect(hub.sent()[0]?.headers.authorization).toBe(`Bearer ${token}`)
  expect((await bd(['config', 'list'], none)).out).not.toMatch(/github\.link|sync\.base/)
})

test('thousands of issues are pages, and no more than are there', { timeout: 60_000 }, async () => {
  const [form] = hub.issues
  hub.wholePages()
  for (let n = 2000; n < 3000; n++)
    hub.issues.push({
      ...form,
      number: n,
      comments: 0,
      title: `Issue ${n}`,
      html_url: `https://github.com/octocat/Hello-World/issues/${n}`,
    })
  expect((await json('github', 'pull')).pulled.created).toHaveLength(1004)
  expect(await json('github', 'sync')).toMatchObject({ pulled: nothing, pushed: nothing })
})
