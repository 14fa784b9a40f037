// Where issues are kept, what is refused in their place, and how they come back.
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { copyToday, outdated } from '../../actors/beads/copies.ts'
import { openFound, placeToMake } from '../../actors/beads/find.ts'
import { importLines } from '../../actors/beads/jsonl.ts'
import { writeSeen } from '../../actors/beads/kept.ts'
import { mendLinks } from '../../actors/beads/links.ts'
import { moveStores } from '../../actors/beads/move.ts'
import { copyMeant, restore } from '../../actors/beads/restore.ts'
import { copiesOf, daysCopied, linksOf, openTier, seenPath, storeOf } from '../../actors/beads/tiers.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { openShelves } from '../../cli/shelves.ts'
import { asBefore, inStore, type StoresTown, storesTown, titles } from '../fixture/stores.ts'

let t: StoresTown
beforeEach(() => {
  t = storesTown(['w', 'x'])
  inStore(t.of('w'), (beads) => beads.create({ title: 'One' }, 'tester'))
})
afterEach(() => t.dispose())

const making = (dir: string) => placeToMake({ named: undefined, dir, db: undefined, cwd: '/' })
const list = (cwd: string, env: { dir?: string; db?: string } = {}) => {
  const beads = openFound({ named: undefined, dir: env.dir, db: env.db, cwd })
  try {
    return titles(beads)
  } finally {
    beads.close()
  }
}
const at = Date.parse('2026-03-01T12:00:00Z')
/** What was set aside, by file names. */
const aside = () => {
  const { aside } = townLayout(t.town)
  return existsSync(aside) ? readdirSync(aside).flatMap((each) => readdirSync(join(aside, each))) : []
}

describe('a store that cannot be used is refused in words, and stays as it is', () => {
  const wrongs: [string, (path: string) => void, RegExp][] = [
    ['missing', (path) => rmSync(path), /issues\.sqlite is missing/],
    ['its folder missing', (path) => rmSync(dirname(path), { recursive: true }), /issues\.sqlite is missing/],
    ['empty', (path) => truncateSync(path), /is empty/],
    ['cut in its middle', (path) => truncateSync(path, statSync(path).size / 2), /is damaged/],
    ['no database', (path) => writeFileSync(path, 'words and words and words'), /is no database/],
    ['another program’s', (path) => otherDatabase(path), /another program’s/],
    ['another rig’s', (path) => cpSync(t.file('x'), path), /holds the issues of the rig x/],
    ['the town’s', (path) => cpSync(t.file(undefined), path), /holds the issues of the town itself/],
    ['another town’s', (path) => run(path, "UPDATE config SET value = replace(value, '2026', '2025')"), /another town/],
    ['without a name', (path) => run(path, "DELETE FROM config WHERE key = 'identity'"), /does not say whose/],
    ['newer', (path) => run(path, 'PRAGMA user_version = 99'), /written by a newer version \(schema 99/],
    ['older than it was', (path) => run(path, 'DELETE FROM issues'), /is older than it has been: it has 0 issues/],
  ]
  test.each(wrongs)('%s', async (_, spoil, words) => {
    await copyToday(t.of('w'), at)
    writeFileSync(seenPath(t.of('w')), '{"issues":1,"events":1}')
    spoil(t.file('w'))
    const before = existsSync(t.file('w')) ? readFileSync(t.file('w')) : undefined
    expect(() => openTier(t.of('w'))).toThrow(words)
    expect(() => openTier(t.of('w'))).toThrow(/^the issues of w .*last copy is of 2026-03-01 .*gt restore w/)
    expect(() => list(rigLayout(t.town, 'w').root)).toThrow(words)
    expect(existsSync(t.file('w')) ? readFileSync(t.file('w')) : undefined).toEqual(before)

    const wasThere = existsSync(storeOf(t.of('w')))
    restore(t.of('w'), copyMeant(t.of('w'), undefined), 'w')
    expect(inStore(t.of('w'), titles)).toEqual(['One'])
    expect(aside()).toEqual(wasThere ? ['w'] : [])
    expect(list(rigLayout(t.town, 'w').root)).toEqual(['One'])
  })

  test('where there is no copy, it is said how to begin anew, and nothing else does', () => {
    rmSync(t.file('w'))
    expect(() => openTier(t.of('w'))).toThrow(/no copy.*gt restore w --empty/)
    expect(existsSync(t.file('w'))).toBe(false)
    restore(t.of('w'), null, 'w')
    expect(inStore(t.of('w'), titles)).toEqual([])
  })
})

function run(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
}
function otherDatabase(path: string): void {
  rmSync(path)
  run(path, 'CREATE TABLE issues (id TEXT PRIMARY KEY, title TEXT); CREATE TABLE dirty_issues (id TEXT)')
}

describe('bd finds the issues', () => {
  const paths = () => {
    const { root, beads, cloneBeads, clone } = rigLayout(t.town, 'w')
    return { root, beads, cloneBeads, clone }
  }
  test('over its links, from below, and also when they are gone', () => {
    const { root, beads, cloneBeads, clone } = paths()
    const below = join(root, 'polecats/Nux/src')
    mkdirSync(below, { recursive: true })
    const everywhere = () => [
      list(root),
      list(clone),
      list(below),
      list(t.town, { dir: beads }),
      list('/', { dir: cloneBeads }),
      list('/', { dir: storeOf(t.of('w')) }),
      list('/', { db: t.file('w') }),
    ]
    const all = Array(7).fill(['One'])
    expect(everywhere()).toEqual(all)
    for (const link of [beads, cloneBeads, ...linksOf(t.of(undefined))]) rmSync(link)
    expect(everywhere()).toEqual(all)
    expect(list(t.town)).toEqual([])
    symlinkSync('nowhere', beads)
    expect(everywhere()).toEqual(all)
    for (const dir of [beads, `${root}/./.beads`]) expect(() => making(dir)).toThrow('nothing to initialize')
  })

  test('a link that leads elsewhere is told and not followed, until it is mended', () => {
    const { root, beads, cloneBeads } = paths()
    rmSync(beads)
    symlinkSync(storeOf(t.of('x')), beads)
    const words = /w\/\.beads leads to .*stores\/x, and not to .*stores\/w/
    expect(() => list(root)).toThrow(words)
    expect(() => list('/', { dir: beads })).toThrow(words)
    rmSync(cloneBeads)
    expect(mendLinks(t.of('w'))).toEqual({ made: [beads, cloneBeads], wrong: [] })
    expect(mendLinks(t.of('w'))).toEqual({ made: [], wrong: [] })
    expect(list(root)).toEqual(['One'])
  })

  test('what is in the way of a link stays; what the project has of its own is no matter', () => {
    const { root, beads, cloneBeads } = paths()
    for (const link of [beads, cloneBeads]) {
      rmSync(link)
      mkdirSync(link)
    }
    expect(mendLinks(t.of('w'))).toEqual({ made: [], wrong: [expect.stringContaining(beads)] })
    expect(list(join(root, 'mayor/rig'))).toEqual(['One'])
    expect(() => list(root)).not.toThrow()
  })

  test('outside a town, a link that leads nowhere says so', () => {
    const link = join(t.dir, '.beads')
    symlinkSync('gone', link)
    expect(() => list(t.dir)).toThrow(/\.beads is a link to gone, which is not there/)
    expect(() => list('/', { dir: link })).toThrow('which is not there')
    expect(() => making(link)).toThrow('which is not there')
  })
})

test('no file that a real bd takes for its own, and nobody else may read', () => {
  const seen = readdirSync(storeOf(t.of('w')))
  expect(seen.filter((name) => name.endsWith('.db') || name === 'metadata.json' || name.endsWith('.jsonl'))).toEqual([])
  expect([t.file('w'), storeOf(t.of('w'))].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o700])
})

describe('stores of an older version', () => {
  const tiers = () => [undefined, 'w', 'x'].map((rig) => ({ tier: t.of(rig), prefix: rig ?? 'gm' }))
  test('are read where they are, and moved with all that they hold', () => {
    const before = tiers().map(({ tier }) => asBefore(tier))
    writeFileSync(join(dirname(before[1] as string), 'config.yaml'), 'sync-branch: some\n')
    expect(list(rigLayout(t.town, 'w').root)).toEqual(['One'])
    expect(before.map((path) => existsSync(path))).toEqual([true, true, true])
    expect(moveStores(tiers())).toHaveLength(3)
    expect(inStore(t.of('w'), titles)).toEqual(['One'])
    expect(readFileSync(join(storeOf(t.of('w')), 'config.yaml'), 'utf8')).toBe('sync-branch: some\n')
    for (const { tier } of tiers()) mendLinks(tier)
    for (const link of tiers().flatMap(({ tier }) => linksOf(tier))) expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(aside()).toEqual(['.beads', '.beads', '.beads'])
    expect(moveStores(tiers())).toEqual([])
  })

  test('are all moved or none: one that is damaged holds the others', () => {
    const before = tiers().map(({ tier }) => asBefore(tier))
    truncateSync(before[2] as string)
    expect(() => moveStores(tiers())).toThrow(/the issues of x cannot be used: .*beads\.db is empty/)
    expect(list(rigLayout(t.town, 'w').root)).toEqual(['One'])
    expect(existsSync(storeOf(t.of('w')))).toBe(false)
    expect(aside()).toEqual([])
  })

  test('with another prefix are not this rig’s', () => {
    const path = asBefore(t.of('w'))
    run(path, "UPDATE config SET value = 'zz' WHERE key = 'issue_prefix'")
    expect(() => moveStores(tiers())).toThrow('has issues zz-…, and not w-…')
  })

  test('a crash between two steps is gone on from', () => {
    const path = asBefore(t.of('w'))
    const kept = join(t.dir, 'kept')
    cpSync(dirname(path), kept, { recursive: true })
    moveStores(tiers())
    // As if it had ended before the old one was out of the way, and as if it had ended while it copied.
    cpSync(kept, dirname(path), { recursive: true })
    mkdirSync(join(dirname(storeOf(t.of('x'))), '.making-x'))
    inStore(t.of('w'), (beads) => beads.create({ title: 'Two' }, 'tester'))
    asBefore(t.of('x'))
    moveStores(tiers())
    mendLinks(t.of('w'))
    expect(list(rigLayout(t.town, 'w').root)).toEqual(['One', 'Two'])
    expect(readdirSync(dirname(storeOf(t.of('w')))).sort()).toEqual(['mayor', 'w', 'x'])
  })

  test('one that is only looked at stays of its version, and one is brought back by the Overseer’s word', () => {
    const path = asBefore(t.of('w'))
    const versionOf = () => {
      const db = new DatabaseSync(path, { readOnly: true })
      const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
      db.close()
      return version
    }
    truncateSync(asBefore(t.of('x')))
    expect(() => moveStores(tiers())).toThrow('x cannot be used')
    expect(versionOf()).toBe(1)
    restore(t.of('w'), path, 'w')
    expect(inStore(t.of('w'), titles)).toEqual(['One'])
  })

  test('whoever still writes to an old one is told', () => {
    const old = new DatabaseSync(asBefore(t.of('w')))
    old.prepare('SELECT * FROM issues').all()
    moveStores(tiers())
    expect(() => old.exec("UPDATE issues SET title = 'Lost'")).toThrow('the issues have moved; say it again')
    old.close()
  })
})

describe('copies', () => {
  test('of a day, a week, a month: those that are kept', () => {
    const days = Array.from({ length: 60 }, (_, n) => new Date(at - (59 - n) * 86_400_000).toISOString().slice(0, 10))
    const gone = outdated(days, at)
    const left = days.filter((day) => !gone.includes(day))
    expect(left).toMatchInlineSnapshot(`
      [
        "2026-01-29",
        "2026-02-05",
        "2026-02-12",
        "2026-02-19",
        "2026-02-23",
        "2026-02-24",
        "2026-02-25",
        "2026-02-26",
        "2026-02-27",
        "2026-02-28",
        "2026-03-01",
      ]
    `)
    expect(outdated(left, at)).toEqual([])
    expect(outdated(['2020-01-01'], at)).toEqual([])
  })

  test('hold all, for their owner alone, and replace an earlier one of the day', async () => {
    await copyToday(t.of('w'), at)
    inStore(t.of('w'), (beads) => beads.create({ title: 'Two <b>' }, 'tester'))
    await copyToday(t.of('w'), at)
    const dir = join(copiesOf(t.of('w')), '2026-03-01')
    expect(readdirSync(copiesOf(t.of('w')))).toEqual(['2026-03-01'])
    expect(readdirSync(dir).map((name) => [name, statSync(join(dir, name)).mode & 0o777])).toEqual([
      ['issues.jsonl', 0o600],
      ['issues.sqlite', 0o600],
      ['of.json', 0o600],
    ])
    // Nothing was written since: another one would be the same.
    const made = statSync(join(dir, 'issues.sqlite')).ino
    await copyToday(t.of('w'), at + 86_400_000)
    expect([daysCopied(t.of('w')), statSync(join(dir, 'issues.sqlite')).ino]).toEqual([['2026-03-01'], made])
    const lines = readFileSync(join(dir, 'issues.jsonl'), 'utf8')
    inStore(t.of('x'), (beads) => {
      expect(importLines(beads, lines)).toMatchObject({ created: 2, updated: 0, skipped: 0, mail: 0 })
      expect(titles(beads).sort()).toEqual(['One', 'Two <b>'])
    })
  })

  test('a store that cannot be read whole leaves no copy, and the older ones', async () => {
    await copyToday(t.of('w'), at)
    inStore(t.of('w'), (beads) => {
      for (let n = 0; n < 300; n++) beads.create({ title: `No ${n}` }, 'tester')
    })
    const bytes = readFileSync(t.file('w'))
    writeFileSync(t.file('w'), bytes.fill(7, 8192))
    await expect(copyToday(t.of('w'), at + 86_400_000)).rejects.toThrow()
    expect(readdirSync(copiesOf(t.of('w'))).filter((name) => !name.startsWith('.'))).toEqual(['2026-03-01'])
  })

  test('the town goes on while ten thousand issues are copied', async () => {
    const lines = Array.from({ length: 10_000 }, (_, n) =>
      JSON.stringify({
        id: `w-${n + 10}`,
        title: `Issue ${n}`,
        description: 'x'.repeat(200),
        created_at: '2026-01-01',
      }),
    )
    inStore(t.of('w'), (beads) => importLines(beads, lines.join('\n')))
    let turns = 0
    const turn = setInterval(() => turns++, 0)
    await copyToday(t.of('w'), at)
    clearInterval(turn)
    // A hundred pieces of the text, and the town between each two.
    expect(turns).toBeGreaterThan(20)
  })

  test('two that are asked for at once are made one after the other', async () => {
    const wrong: unknown[] = []
    const nobody = {
      mended() {},
      linked() {},
      unusable() {},
      usable() {},
      report: (error: unknown) => wrong.push(error),
    }
    const shelves = openShelves(t.town, { env: {}, ours: [] }, nobody)
    shelves.begin([{ rig: 'w', prefix: 'w' }])
    await Promise.all([shelves.copy(at), shelves.copy(at)])
    await shelves.close()
    expect([wrong, daysCopied(t.of('w'))]).toEqual([[], ['2026-03-01']])
  })

  test('another rig’s or no copy is not brought back, and nothing is changed', async () => {
    await copyToday(t.of('x'), at)
    const other = join(copiesOf(t.of('x')), '2026-03-01/issues.sqlite')
    expect(() => restore(t.of('w'), other, 'w')).toThrow('holds the issues of the rig x')
    writeFileSync(join(t.dir, 'junk'), 'junk')
    expect(() => restore(t.of('w'), join(t.dir, 'junk'), 'w')).toThrow('cannot be brought back')
    expect(() => copyMeant(t.of('w'), '2020-01-01')).toThrow('there is no copy of 2020-01-01')
    expect(inStore(t.of('w'), titles)).toEqual(['One'])
    renameSync(t.file('w'), join(t.dir, 'mine'))
    restore(t.of('w'), join(t.dir, 'mine'), 'w')
    expect(inStore(t.of('w'), titles)).toEqual(['One'])
  })

  test('what a worker had closed itself, and nobody had looked into, is in its hands in what is brought back', () => {
    const nux = 'w/polecats/Nux'
    const made = inStore(t.of('w'), (beads) => {
      const ids = ['word', 'landed', 'nothing', 'by hand'].map((title) => beads.create({ title }, 'tester').id)
      const [word = '', landed = '', nothing = '', byHand = ''] = ids
      for (const id of [word, landed, nothing]) {
        beads.claim(id, nux)
        beads.closeIssue(id, id === nothing ? 'No change: it is right' : 'done', nux)
      }
      beads.update(landed, { status: 'closed', close_reason: 'Landed as abc' }, 'gastown')
      beads.closeIssue(byHand, 'not wanted', 'ann')
      return ids
    })
    renameSync(t.file('w'), join(t.dir, 'older'))
    restore(t.of('w'), join(t.dir, 'older'), 'w')
    const now = inStore(t.of('w'), (beads) => made.map((id) => beads.get(id)))
    expect(now.map((issue) => [issue?.title, issue?.status, issue?.assignee])).toEqual([
      ['word', 'in_progress', nux],
      ['landed', 'closed', nux],
      ['nothing', 'closed', nux],
      ['by hand', 'closed', null],
    ])
  })

  test('it is told what an older copy lacks', async () => {
    await copyToday(t.of('w'), at)
    inStore(t.of('w'), (beads) => writeSeen(t.of('w'), { ...beads.mark(), issues: 7 }))
    expect(restore(t.of('w'), copyMeant(t.of('w'), undefined), 'w').lacks).toMatch(/it has 1 issues .* there were 7/)
    expect(restore(t.of('w'), copyMeant(t.of('w'), undefined), 'w').lacks).toBeUndefined()
  })
})
