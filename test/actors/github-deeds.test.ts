// Deeds at random on both sides of the bridge to GitHub, and answers that are lost: both come to say the same, and
// nothing is there twice (`GITHUB_RUNS=300`).
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Beads, openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { type Common, ofLocal, ofRemote, priorityOf, typeOf, typesOf } from '../../actors/github/fields.ts'
import type { RemoteIssue } from '../../actors/github/shapes.ts'
import { bdHere } from '../fixture/bd-here.ts'
import { type GitHub, github } from '../fixture/github.ts'
import { cleanEnv } from '../fixture/real-town.ts'

let dir: string
let hub: GitHub
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'github-')))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const bd = (argv: readonly string[]) => {
  const said = { GITHUB_API_URL: hub.url, GITHUB_REPOSITORY: 'octocat/Hello-World', GITHUB_TOKEN: 'x', BD_ACTOR: 'ann' }
  return bdHere(argv, { cwd: dir, env: { ...cleanEnv(), ...said } })
}
const json = async (...argv: string[]): Promise<unknown> => {
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
const real = () => hub.issues.filter((each) => !each.pull_request)
const nothing = { created: [], updated: [], comments: 0 }

/** What is done at random: to which issue, on which side, and what. */
const deed = fc.record({
  here: fc.boolean(),
  which: fc.nat(6),
  what: fc.constantFrom(
    'title',
    'body',
    'label',
    'unlabel',
    'priority',
    'type',
    'close',
    'reopen',
    'say',
    'file',
    'pull',
    'push',
    'sync',
    'lose',
  ),
  n: fc.nat(4),
})
const priorities = ['critical', 'high', 'medium', 'low', 'none']
const types = ['bug', 'feature', 'task', 'chore', 'epic']

async function act({ here, which, what, n }: typeof deed extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  if (['pull', 'push', 'sync'].includes(what)) return void (await json('github', what))
  if (what === 'lose') {
    // It is done, and the answer does not arrive.
    hub.refuse('lost', ({ method }) => method !== 'GET')
    return void (await bd(['github', n % 2 ? 'push' : 'sync']).finally(hub.calm))
  }
  const ids = store((beads) => beads.ids())
  const id = ids[which % Math.max(1, ids.length)] ?? ''
  const theirs = real()[which % real().length] as GitHub['issues'][number]
  const names = theirs.labels.map(({ name }: { name: string }) => name) as string[]
  const words = `${what} ${here} ${n}`
  if (here) {
    if (what === 'file') await bd(['create', words, '-t', types[n] ?? '', '-p', `${n}`, '-l', `l${n}`])
    if (id === '') return
    if (what === 'title') await bd(['update', id, '--title', words])
    if (what === 'body') await bd(['update', id, '-d', words])
    if (what === 'label') await bd(['label', 'add', id, `l${n}`])
    if (what === 'unlabel') await bd(['label', 'remove', id, `l${n}`])
    if (what === 'priority') await bd(['priority', id, `${n}`])
    if (what === 'type') await bd(['update', id, '-t', types[n] ?? ''])
    if (what === 'close') await bd(['close', id, '-f', '-r', n % 2 ? 'not planned' : 'done'])
    if (what === 'reopen') await bd(['reopen', id])
    if (what === 'say') await bd(['comment', id, words])
    return
  }
  const edit = (body: object) => hub.edit(theirs.number, body)
  if (what === 'title') edit({ title: words })
  if (what === 'body') edit({ body: words })
  if (what === 'label') edit({ labels: [...names, `L${n}`] })
  if (what === 'unlabel') edit({ labels: names.filter((name) => name.toLowerCase() !== `l${n}`) })
  if (what === 'priority')
    edit({ labels: [...names.filter((name) => priorityOf(name) === undefined), `priority:${priorities[n]}`] })
  if (what === 'type')
    edit({ labels: [...names.filter((name) => typeOf(name, types) === undefined), `type:${types[n]}`] })
  if (what === 'close') edit({ state: 'closed', state_reason: n % 2 ? 'not_planned' : 'completed' })
  if (what === 'reopen') edit({ state: 'open', state_reason: 'reopened' })
}

test('whatever was done on both sides, both say the same at last, and nothing is there twice', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(deed, { minLength: 10, maxLength: 40, size: 'max' }),
      fc.integer({ min: -1, max: 1 }),
      async (deeds, skewDays) => {
        rmSync(join(dir, '.beads'), { recursive: true, force: true })
        initBeads(join(dir, '.beads'), 'ab')
        hub = await github({ begin: Date.now() + skewDays * 86_400_000 })
        const recorded = real().length
        for (const each of deeds) await act(each)
        for (const _ of [1, 2]) await json('github', 'sync')
        const lower = ({ labels, ...rest }: Common) => ({
          ...rest,
          labels: [...new Set(labels.map((each) => each.toLowerCase()))].sort(),
        })
        store((beads) => {
          const all = beads.list({ all: true })
          for (const remote of real()) {
            const ours = all.filter(({ external_ref: ref }) => ref === remote.html_url)
            expect(ours.map(({ title }) => title)).toHaveLength(1)
            const [issue] = ours as [(typeof ours)[number]]
            const common = typesOf(beads.custom())
            expect(lower(ofLocal(issue, beads.labels(issue.id), common))).toEqual(
              lower(ofRemote(remote as RemoteIssue, common)),
            )
            expect(beads.comments(issue.id)).toHaveLength(remote.comments)
          }
          const filed = deeds.filter(({ here, what }) => here && what === 'file').length
          expect([all.length, real().length].filter((count) => count > recorded + filed)).toEqual([])
          // What was closed before it was ever there stays here alone.
          expect(all.filter(({ external_ref: ref, status }) => ref === null && status !== 'closed')).toEqual([])
        })
        const now = () => JSON.stringify([store((beads) => beads.list({ all: true })), hub.issues, hub.comments])
        const before = now()
        expect(await json('github', 'sync')).toMatchObject({
          pulled: nothing,
          pushed: nothing,
          conflicts: [],
          skipped: [],
        })
        expect(now()).toBe(before)
        await hub.close()
      },
    ),
    { numRuns: Number(process.env.GITHUB_RUNS ?? 12) },
  )
})
