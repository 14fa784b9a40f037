// What the database writes of many issues is, to the byte, what is said of each of them alone.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Beads, openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { importLines, issueJson } from '../../actors/beads/jsonl.ts'

const at = '2026-01-01T00:00:00.000Z'
const words = fc
  .oneof(fc.constantFrom('', '"', '\\', 'a\tb\r\nc', '}\n', '\u007f\u0085\u202e', '<&>'), fc.string())
  .map(
    // Neither is kept in a store.
    (text) => text.toWellFormed().replaceAll('\0', ''),
  )
const name = fc.constantFrom('', 'me "x"', 'ü')
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const json = fc.jsonValue({ maxDepth: 3, stringUnit: words })
const edge = fc.record({
  depends_on_id: fc.constantFrom('ab-0', 'ab-1', 'ab-2'),
  type: fc.constantFrom('blocks', 'parent-child', 'a"b'),
  more: some(json),
})
const issue = fc.record({
  ...{ title: words.map((text) => `T${text}`.slice(0, 100)), description: words, notes: words, close_reason: words },
  ...{ priority: fc.nat(4), assignee: some(name), estimated_minutes: some(fc.nat()), external_ref: some(name) },
  ...{ status: fc.constantFrom('open', 'closed', 'odd'), ephemeral: fc.boolean(), defer_until: some(fc.constant(at)) },
  ...{ labels: fc.uniqueArray(fc.constantFrom('b', 'a', 'ü"', 'z')), metadata: some(fc.dictionary(words, json)) },
  dependencies: fc.uniqueArray(edge, { selector: (each) => each.depends_on_id }),
  ...{ unknown: some(json), other: some(json) },
})

test('a list as JSON says of each issue what is said of it alone, byte for byte', () => {
  fc.assert(
    fc.property(fc.array(issue, { minLength: 1, maxLength: 5 }), (issues) => {
      const lines = issues.map((each, n) => {
        const dependencies = each.dependencies.map((dep) => ({ ...dep, created_at: at, created_by: 'x' }))
        return JSON.stringify({
          id: `ab-${n}`,
          issue_type: 'task',
          created_at: at,
          updated_at: at,
          ...each,
          dependencies,
        })
      })
      const dir = mkdtempSync(join(tmpdir(), 'row-json-'))
      initBeads(dir, 'ab')
      const beads = openBeads(dir)
      try {
        importLines(beads, lines.join('\n'), 'x')
        const { bytes } = beads.json({ all: true, sort: 'id' })
        expect(new TextDecoder().decode(bytes)).toBe(JSON.stringify(alone(beads), null, 2))
      } finally {
        beads.close()
        rmSync(dir, { recursive: true })
      }
    }),
    { numRuns: 60 },
  )
})

const alone = (beads: Beads) =>
  beads.counted({ all: true, sort: 'id' }).map((row) => ({
    ...issueJson(beads, row),
    ...(row.parent ? { parent: row.parent } : {}),
    ...{
      dependency_count: row.dependency_count,
      dependent_count: row.dependent_count,
      comment_count: row.comment_count,
    },
  }))

test('JSON that is too deep for the database to lay out is told all the same', () => {
  const dir = mkdtempSync(join(tmpdir(), 'row-json-'))
  initBeads(dir, 'ab')
  const beads = openBeads(dir)
  const deep = `${'['.repeat(2000)}1${']'.repeat(2000)}`
  const line = `{"id":"ab-1","title":"T","created_at":"${at}","metadata":{"a":${deep}},"odd":${deep},"more":1}`
  importLines(beads, line, 'x')
  const [told] = JSON.parse(new TextDecoder().decode(beads.json().bytes)) as Record<string, unknown>[]
  beads.close()
  rmSync(dir, { recursive: true })
  expect(JSON.stringify([told?.metadata, told?.odd, told?.more])).toBe(`[{"a":${deep}},${deep},1]`)
})
