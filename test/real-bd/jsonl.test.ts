// Issues go to a real `bd` and come back, as lines: what each side keeps, field by field.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Beads, openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { exportLines, importLines } from '../../actors/beads/jsonl.ts'
import { makeStore } from '../../actors/beads/real/make.ts'
import { openProgram, type Program } from '../../actors/beads/real/program.ts'
import { programsHere } from '../fixture/real-bd.ts'

let root: string
const open: { close(): void }[] = []
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'jsonl-')))
})
afterEach(() => {
  for (const each of open.splice(0)) each.close()
  rmSync(root, { recursive: true, force: true })
})
const ours = (name: string): Beads => {
  initBeads(join(root, name), 'w')
  // Of a part of a second the real ones keep nothing.
  const beads = openBeads(join(root, name), { now: () => new Date('2026-01-01T10:00:00Z') })
  open.push(beads)
  return beads
}
type Json = Record<string, unknown>
const byId = (text: string) =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Json)
      .map((json) => [String(json.id), json]),
  )
/** Times as whole seconds in UTC; what a program counts or calls itself is no field of an issue. */
const plain = (json: Json | undefined): Json => {
  const { _type, dependency_count, dependent_count, comment_count, parent, ...rest } = json ?? {}
  const second = (value: unknown): unknown => {
    if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value))
      return `${new Date(value).toISOString().slice(0, 19)}Z`
    if (Array.isArray(value)) return value.map(second).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    if (typeof value !== 'object' || value === null) return value
    // Of an edge nobody said anything about.
    const entries = Object.entries(value).filter(([key, each]) => !(key === 'metadata' && each === '{}'))
    return Object.fromEntries(entries.map(([key, each]) => [key, second(each)]))
  }
  return second(rest) as Json
}
/** The paths at which two differ, with both values. */
function differences(one: Json, other: Json, at = ''): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].sort().flatMap((key) => {
    const [a, b] = [one[key], other[key]]
    const isBoth = [a, b].every((each) => typeof each === 'object' && each !== null)
    if (isBoth) return differences(a as Json, b as Json, `${at}${key}.`)
    return JSON.stringify(a) === JSON.stringify(b) ? [] : [`${at}${key}: ${JSON.stringify(a)} → ${JSON.stringify(b)}`]
  })
}

describe.each(programsHere())('bd $text', ({ path, family, guards }) => {
  const real = async (): Promise<Program> => {
    const where = { path, dir: join(root, 'real/.beads'), home: join(root, 'home'), env: process.env }
    await makeStore(where, 'w')
    const program = await openProgram(where)
    open.push(program)
    return program
  }
  const said = (program: Program, ...args: string[]) =>
    program.inTurn(async (call) => {
      const { code, out, err } = await call(args)
      expect([code, code === 0 ? '' : err + out]).toEqual([0, ''])
      return out
    })

  test('ours there and back', async () => {
    const beads = ours('from')
    const epic = beads.create({ title: 'All <&>', issue_type: 'epic', priority: 0, labels: ['z', 'a'] }, 'ann')
    const one = beads.create(
      {
        ...{ title: 'Ünï 漢字 🎉 \u2028 "q"', description: 'two\nlines\t<b>', design: 'd', acceptance_criteria: 'ac' },
        ...{ notes: 'n', priority: 4, issue_type: 'bug', assignee: 'ann', external_ref: 'gh-9', parent: epic.id },
        ...{ estimated_minutes: 90, due_at: '2026-05-01T00:00:00.000Z', metadata: '{"k":{"n":1.5}}' },
      },
      'ann',
    )
    const two = beads.create({ title: 'Waits', parent: epic.id, deps: [{ type: 'blocks', id: one.id }] }, 'ann')
    const three = beads.create({ title: 'Done', deps: [{ type: 'related', id: one.id }] }, 'ann')
    beads.comment(one.id, 'said <so>\nand so', 'ann')
    beads.claim(two.id, 'ann')
    beads.closeIssue(three.id, 'Landed as abc', 'ann')
    const before = exportLines(beads)
    writeFileSync(join(root, 'all.jsonl'), before)
    const program = await real()
    await said(program, 'import', ...(family === 'dolt' ? [] : ['-i']), join(root, 'all.jsonl'))
    const after = await said(program, 'export')
    const back = ours('back')
    importLines(back, after)
    const [was, is] = [byId(before), byId(exportLines(back))]
    expect([...is.keys()].sort()).toEqual([...was.keys()].sort())
    const lost = [...was].flatMap(([id, json]) => differences(plain(json), plain(is.get(id))))
    expect(lost.filter((each) => !notKept[guards ? 'newest' : family].test(each))).toEqual([])
  })

  test('theirs here and back', async () => {
    const program = await real()
    const made = async (...args: string[]) =>
      (JSON.parse(await said(program, 'create', ...args, '--json')) as { id: string }).id
    const epic = await made('--title=All', '--type=epic', '--priority=0')
    const one = await made(
      '--title=One <&>',
      `--parent=${epic}`,
      '--description=a\nb',
      '--labels=z,a',
      '--external-ref=gh-1',
      '--estimate=30',
    )
    const two = await made('--title=Two', `--parent=${epic}`, '--design=d', '--acceptance=ac', '--assignee=ann')
    await said(program, 'dep', 'add', two, one)
    await said(program, 'comments', 'add', one, 'words')
    await said(program, 'update', two, '--status=in_progress', '--notes=n')
    await said(program, 'close', one, '--reason=why', '--force')
    const before = await said(program, 'export')
    const here = ours('here')
    expect(importLines(here, before)).toMatchObject({ created: 3, skipped: 0, deleted: 0 })
    const [was, is] = [byId(before), byId(exportLines(here))]
    for (const [id, json] of was) expect(differences(plain(json), plain(is.get(id)))).toEqual([])
    // Both agree on what that means.
    const ready = JSON.parse(await said(program, 'ready', '--json', '-n', '0')) as { id: string }[]
    expect(here.ready().map(({ id }) => id)).toEqual(ready.map(({ id }) => id))
  })
})

/** Fields that one does not give back. Of the classic ones that is from their sources: none was at hand to be tried. */
const notKept: Record<'classic' | 'dolt' | 'newest', RegExp> = {
  classic: /^(comments|metadata|due_at|started_at|created_by|heartbeat_at|lease_expires_at|owner)\b/,
  dolt: /^(heartbeat_at|lease_expires_at|updated_at|dependencies\.\d+\.created_by)\b/,
  newest: /^$/,
}

test.skipIf(programsHere().length > 0)('RECORDED: no real bd is here to exchange lines with', () => undefined)
