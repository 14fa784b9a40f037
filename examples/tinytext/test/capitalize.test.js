import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capitalize } from '../src/capitalize.js'

test('capitalize raises the first letter only', () => {
  assert.equal(capitalize('war boys'), 'War boys')
  assert.equal(capitalize(''), '')
})
