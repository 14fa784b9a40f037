// A real town whose rig's issues a real `bd` keeps: made with it, landed by the town, closed in it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { programsHere } from '../fixture/real-bd.ts'
import { eventually, type RealTown, realTown } from '../fixture/real-town.ts'

const examples = join(import.meta.dirname, '../../examples')
test.skipIf(programsHere().length > 0)('no bd is here to keep the issues of a town', () => undefined)

let t: RealTown
afterEach(() => t?.dispose())

describe.each(programsHere())('bd $text', ({ path, text }) => {
  test('an epic made with the real bd lands, is closed there, and its worker used that bd', {
    timeout: 600_000,
  }, async () => {
    // Says in its place which bd it finds, and what that says, before it does its work.
    const worker = `#!/bin/sh
bd version > "$GT_TOWN/said-$GT_ISSUE"
bd show "$GT_ISSUE" --json >> "$GT_TOWN/said-$GT_ISSUE" 2> /dev/null
bd comments add "$GT_ISSUE" "I am at it" > /dev/null 2>&1
exec ${process.execPath} ${join(examples, 'worker.mjs')}
`
    t = realTown({ sample: join(examples, 'tinytext'), gates: ['test=node --test'], worker, rig: 'other' })
    const bin = join(t.dir, 'bin')
    mkdirSync(bin)
    symlinkSync(path, join(bin, 'bd'))
    Object.assign(t.env, { PATH: `${bin}:${t.env.PATH}` })
    const added = t.ok(
      ...['rig', 'add', 'kit', t.origin, '--prefix', 'kit', '--gate', 'test=node --test'],
      ...['--worker', join(t.dir, 'worker.sh'), '--session', 'process', '--beads', 'bd'],
    )
    expect(added).toContain(`its issues are kit-…, kept by bd ${text}`)
    const make = (...args: string[]) => (JSON.parse(t.bdIn('kit', 'create', ...args, '--json')) as { id: string }).id
    const epic = make('Text kit', '-t', 'epic')
    const [first, second] = [make('Add titleCase', '--parent', epic), make('Add truncate', '--parent', epic)]
    const last = make('Add headline', '--parent', epic)
    for (const on of [first, second]) t.bdIn('kit', 'dep', 'add', last, on)
    t.ok('up')
    t.ok('spawn', '--epic', epic)
    // While it goes on, a person files one more.
    await eventually(() => t.gt('status').stdout.includes('workers 1/') || t.gt('status').stdout.includes('workers 2/'))
    const late = make('Add words', '--parent', epic)
    let waited = t.gt('wait', epic, '--timeout', '60')
    // A busy machine takes its time; what is wrong ends in words before that.
    for (let n = 0; n < 6 && waited.status !== 0; n++) waited = t.gt('wait', epic, '--timeout', '60')
    const list = JSON.parse(t.bdIn('kit', 'list', '--all', '-n', '0', '--json')) as Record<string, string>[]
    const shown = list.map(({ id, status, close_reason: reason = '' }) => [id, status, reason.slice(0, 9)])
    expect([waited.status, shown.filter(([id]) => id !== epic).sort()]).toEqual([
      0,
      [first, second, last, late].sort().map((id) => [id, 'closed', 'Landed as']),
    ])
    expect(shown.find(([id]) => id === epic)?.[1]).toBe('closed')
    const subjects = execFileSync('git', ['-C', t.origin, 'log', '--format=%s', 'main'], { encoding: 'utf8' })
    for (const id of [first, second, last, late]) expect(subjects).toContain(`Merge ${id}: `)
    const said = execFileSync('cat', [join(t.town, `said-${first}`)], { encoding: 'utf8' })
    expect(said).toContain(`bd version ${text}`)
    expect(said).toContain('"status": "in_progress"')
    // The worker's words were written under its own name, with its town's mark.
    expect(t.bdIn('kit', 'comments', first, '--json')).toMatch(/"author": "gt-[0-9a-f]{6}:kit\/polecats\/\w+"/)
    expect(t.gt('why', first).stdout).toContain(first)
    expect(t.bdIn('kit', 'mail', 'inbox')).toBeDefined()
    expect(JSON.parse(t.ok('status', '--json'))).toMatchObject({ problems: [] })
  })
})
