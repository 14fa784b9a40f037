// Every mutant still has its place in the code: a mistake that cannot be made catches nothing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutants } from './mutants.ts'

const root = join(import.meta.dirname, '../..')
const times = (text: string, piece: string) => text.split(piece).length - 1

test('what a mutant changes stands in its file, once', () => {
  const texts = new Map(mutants.map(({ file }) => [file, readFileSync(join(root, file), 'utf8')]))
  const stale = mutants.filter(({ file, find }) => times(texts.get(file) as string, find) !== 1)
  expect(stale.map(({ name }) => name)).toEqual([])
})
