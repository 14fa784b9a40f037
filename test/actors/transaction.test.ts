// All of it, or nothing; and why it could not be, in the words of what went wrong.
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { inTransaction } from '../../actors/transaction.ts'

function opened() {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE one (name TEXT)')
  const add = (name: string) => db.prepare('INSERT INTO one VALUES (?)').run(name)
  const names = () =>
    db
      .prepare('SELECT name FROM one')
      .all()
      .map(({ name }) => name)
  return { db, add, names }
}

test('what is thrown takes all of it back, also from within another one', () => {
  const { db, add, names } = opened()
  inTransaction(db, () => add('kept'))
  expect(() =>
    inTransaction(db, () => {
      add('first')
      inTransaction(db, () => add('second'))
      throw new Error('not so')
    }),
  ).toThrow('not so')
  expect(names()).toEqual(['kept'])
})

test('what SQLite has rolled back itself, as on a full disk, is told in its own words', () => {
  const { db, add, names } = opened()
  db.exec(
    "CREATE TRIGGER full BEFORE INSERT ON one WHEN new.name = 'last' BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END",
  )
  expect(() =>
    inTransaction(db, () => {
      add('first')
      add('last')
    }),
  ).toThrow('the disk is full')
  expect(names()).toEqual([])
  inTransaction(db, () => add('next'))
  expect(names()).toEqual(['next'])
})
