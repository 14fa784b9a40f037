// What agents are to remember beyond one issue: words under a key.
// Never: more than one text a key.
import { BeadsError } from './contract.ts'
import { checkText, nameBytesMax } from './limits.ts'
import type { Rows } from './rows.ts'

export interface Memory {
  key: string
  value: string
  created_at: string
  updated_at: string
}

/** A key made of what is to be remembered: its first words. */
export const keyOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
    .replace(/-+$/, '') || 'note'

export function memoriesIn({ rows, row, run, written, at }: Rows) {
  const recall = (key: string) => row<Memory>('SELECT * FROM memories WHERE key = ?', key)
  return {
    recall,
    /** True when there was one of this key before. */
    remember(key: string, value: string): boolean {
      if (value.trim() === '') throw new BeadsError('there is nothing to remember; nothing was written')
      if (key === '' || Buffer.byteLength(key) > nameBytesMax)
        throw new BeadsError(`a key has 1 to ${nameBytesMax} bytes; nothing was written`)
      checkText('memory', value)
      return written(() => {
        const isKnown = recall(key) !== undefined
        run(
          'INSERT INTO memories VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at',
          key,
          value,
          at(),
          at(),
        )
        return isKnown
      })
    },
    forget: (key: string): boolean => run('DELETE FROM memories WHERE key = ?', key) > 0,
    /** Those that contain these words, or all. */
    memories: (words = '') =>
      rows<Memory>(
        'SELECT * FROM memories WHERE instr(lower(key), lower(?)) > 0 OR instr(lower(value), lower(?)) > 0 ORDER BY key',
        words,
        words,
      ),
  }
}
