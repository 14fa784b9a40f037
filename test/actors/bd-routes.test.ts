// `bd` finds an issue of another rig of the town by its id, from anywhere in the town.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { bdHere } from '../fixture/bd-here.ts'
import { cleanEnv } from '../fixture/real-town.ts'
import { inStore, type StoresTown, storesTown } from '../fixture/stores.ts'

let t: StoresTown
let ids: { gm: string; w: string; x: string; x2: string }
beforeEach(() => {
  t = storesTown(['w', 'x'])
  for (const rig of ['w', 'x'])
    writeFileSync(rigLayout(t.town, rig).config, JSON.stringify({ name: rig, beads: { prefix: rig } }))
  const made = (rig: string | undefined, title: string) =>
    inStore(t.of(rig), (beads) => beads.create({ title }, 'ann').id)
  ids = { gm: made(undefined, 'The town'), w: made('w', 'Of w'), x: made('x', 'Of x'), x2: made('x', 'More of x') }
})
afterEach(() => t.dispose())

const bd = (cwd: string, argv: readonly string[], env = {}) =>
  bdHere(argv, { cwd, env: { ...cleanEnv(), BD_ACTOR: 'ann', ...env } })
const get = (rig: string | undefined, id: string) => inStore(t.of(rig), (beads) => beads.get(id))
const everything = () =>
  [undefined, 'w', 'x'].map((rig) => inStore(t.of(rig), (beads) => [beads.list({ all: true }), beads.mark()]))

test('from every folder of a town, and by the environment of a session', async () => {
  const { clone, polecat, plugin, root } = rigLayout(t.town, 'w')
  const folders = [t.town, townLayout(t.town).mayor, root, clone, polecat('Nux'), plugin('greeter')]
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true })
    for (const id of [ids.gm, ids.w, ids.x])
      expect(JSON.parse((await bd(folder, ['show', id, '--json'])).out), `${id} from ${folder}`).toMatchObject([{ id }])
  }
  const env = { BEADS_DIR: rigLayout(t.town, 'w').beads }
  expect(JSON.parse((await bd('/', ['show', ids.x, ids.w, ids.gm, '--json'], env)).out)).toMatchObject([
    { id: ids.x },
    { id: ids.w },
    { id: ids.gm },
  ])
})

test('what is written is written there, and nowhere else', async () => {
  const w = rigLayout(t.town, 'w').root
  const before = get('w', ids.w)
  expect(await bd(w, ['update', ids.x, '--priority', '0'])).toMatchObject({ rc: 0, err: '' })
  expect(await bd(w, ['comment', ids.x, 'seen', 'from', ids.w])).toMatchObject({ rc: 0 })
  expect(await bd(w, ['label', 'add', ids.x, ids.x2, 'x-urgent'])).toMatchObject({ rc: 0 })
  expect(await bd(w, ['dep', 'add', ids.x, ids.x2])).toMatchObject({ rc: 0 })
  expect(await bd(w, ['close', ids.gm, '--reason', 'done'])).toMatchObject({ rc: 0 })
  expect(get('x', ids.x)).toMatchObject({ priority: 0, waits: 1 })
  inStore(t.of('x'), (beads) => {
    expect(beads.comments(ids.x).map(({ text }) => text)).toEqual([`seen from ${ids.w}`])
    expect([ids.x, ids.x2].map((id) => beads.labels(id))).toEqual([['x-urgent'], ['x-urgent']])
  })
  expect(get(undefined, ids.gm)).toMatchObject({ status: 'closed', close_reason: 'done' })
  const { out } = await bd(w, ['create', 'A part', '--parent', ids.x, '--json'])
  expect(JSON.parse(out)).toMatchObject({ id: `${ids.x}.1` })
  expect(get('w', ids.w)).toEqual(before)
})

test('a command changes issues of one store, or none', async () => {
  const before = everything()
  for (const words of [
    ['close', ids.w, ids.x],
    ['update', ids.x, ids.gm, '--priority', '0'],
    ['dep', 'add', ids.w, ids.x],
    ['dep', ids.x, '--blocks', ids.w],
    ['create', 'One', '--parent', ids.x, '--deps', ids.w],
    ['close', ids.x, 'x-none'],
    ['delete', ids.w, ids.x, '--force'],
  ])
    expect(await bd(rigLayout(t.town, 'w').root, words), words.join(' ')).toMatchObject({ rc: 1, out: '' })
  expect((await bd(t.town, ['close', ids.w, 'NONE-1'])).err).toMatch(/no issue found matching "NONE-1"/)
  expect((await bd(t.town, ['close', ids.w, ids.x])).err).toMatch(/different stores of this town.*Nothing was written/)
  expect(await bd(t.town, ['--readonly', 'close', ids.w])).toMatchObject({ rc: 1 })
  // A store that was named is meant, and no other.
  expect(await bd(t.town, ['--db', rigLayout(t.town, 'w').beads, 'show', ids.x])).toMatchObject({ rc: 1 })
  expect(await bd(t.town, ['show', ids.w, 'x-none', ids.x])).toMatchObject({ rc: 1, out: '' })
  expect(everything()).toEqual(before)
})

test('what an agent may not do in its own rig it may not do in another', async () => {
  inStore(t.of('x'), (beads) => beads.claim(ids.x, 'x/polecats/Nux'))
  const session = join(townLayout(t.town).sessions, 'gt-w-Ace-1-1')
  const as = (...words: string[]) => bd(rigLayout(t.town, 'w').root, words, { GT_SESSION: session })
  for (const rig of ['w', 'x']) mkdirSync(rigLayout(t.town, rig).polecats, { recursive: true })
  const words = ['delete', 'close', 'update'].map((word) => [word, ids.x])
  expect(await as(...(words[0] as string[]), '--force')).toMatchObject({
    rc: 1,
    err: expect.stringMatching(/not filed by w\/polecats\/Ace/),
  })
  expect(await as(...(words[1] as string[]))).toMatchObject({
    rc: 1,
    err: expect.stringMatching(/assignee is "x\/polecats\/Nux"/),
  })
  expect(await as(...(words[2] as string[]), '--claim')).toMatchObject({
    rc: 1,
    err: expect.stringMatching(/already claimed/),
  })
  expect(get('x', ids.x)).toMatchObject({ status: 'in_progress', assignee: 'x/polecats/Nux' })
})

test('what was imported into a store is meant before another’s of the same prefix', async () => {
  inStore(t.of('w'), (beads) => beads.create({ id: ids.x, title: 'Imported' }, 'ann'))
  const { out } = await bd(rigLayout(t.town, 'w').root, ['show', ids.x, '--json'])
  expect(JSON.parse(out)).toMatchObject([{ title: 'Imported' }])
})
