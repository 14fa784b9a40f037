// Ids that begin with something else from now on, wherever they stand.
// Never: renames what is not of this prefix; leaves an id in a text behind.
import { BeadsError } from './contract.ts'
import type { Rows } from './rows.ts'

const texts = ['title', 'description', 'design', 'acceptance_criteria', 'notes', 'close_reason'] as const

export function renamingIn({ rows, run, written, event }: Rows) {
  return {
    /** Returns how many issues were renamed. */
    rename(from: string, to: string, actor: string): number {
      if (from === '' || from === to) throw new BeadsError(`ids begin with ${to}- already; nothing was written`)
      return written(() => {
        run('PRAGMA defer_foreign_keys = ON')
        const start = `${from}-`
        const [taken] = rows<{ id: string }>(
          `SELECT id FROM (SELECT id FROM issues UNION SELECT id FROM tombstones)
           WHERE id IN (SELECT ? || substr(id, ?) FROM issues WHERE substr(id, 1, ?) = ?)`,
          ...[`${to}-`, start.length + 1, start.length, start],
        )
        if (taken) throw new BeadsError(`there is a ${taken.id} already; nothing was renamed`)
        const isOld = (column: string) => `substr(${column}, 1, ${start.length}) = ?`
        const renamed = (column: string) => `${column} = ? || substr(${column}, ${start.length + 1})`
        // What is left of an id that is gone keeps its name where another one of that name is gone too; of two edges to
        // one issue that of an issue that is here counts.
        const change = (table: string, column: string) =>
          run(
            `UPDATE OR ${table === 'dependencies' ? 'REPLACE' : 'IGNORE'} ${table} SET ${renamed(column)} WHERE ${isOld(column)}`,
            `${to}-`,
            start,
          )
        const count = change('issues', 'id')
        for (const [table, column] of [
          ['dependencies', 'issue_id'],
          ['dependencies', 'depends_on_id'],
          ['labels', 'issue_id'],
          ['comments', 'issue_id'],
          ['events', 'issue_id'],
          ['tombstones', 'id'],
          ['receipts', 'mail'],
          ['archived', 'id'],
          ['child_counters', 'parent_id'],
        ] as const)
          change(table, column)
        const spoken = new RegExp(`(?<![\\w.-])${from.replace(/[.]/g, '\\$&')}-(?=\\w)`, 'g')
        for (const column of texts)
          for (const { id, text } of rows<{ id: string; text: string }>(
            `SELECT id, ${column} AS text FROM issues WHERE instr(${column}, ?) > 0`,
            start,
          ))
            run(`UPDATE issues SET ${column} = ? WHERE id = ?`, text.replace(spoken, `${to}-`), id)
        run("UPDATE config SET value = ? WHERE key = 'issue_prefix'", to)
        run('DELETE FROM part')
        run('INSERT INTO restate SELECT id FROM issues')
        event('', 'renamed', actor, `${from} ${to}`)
        return count
      })
    },
  }
}
