import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const at = (path) => new URL(`../${path}`, import.meta.url)

test('every function is described', () => {
  const sources = readdirSync(at('src')).filter((name) => name !== 'index.js')
  for (const source of sources) assert.ok(existsSync(at(`docs/${source.replace('.js', '.md')}`)), `docs/ has nothing on ${source}`)
})

test('the README has no leftovers of a merge', () => {
  assert.doesNotMatch(readFileSync(at('README.md'), 'utf8'), /^(<<<<<<<|=======|>>>>>>>)/m)
})
