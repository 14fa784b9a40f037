// Which word of `gt` was meant by one that does not exist: by meaning first, then by spelling.
// Never: loaded but for a word that is unknown.
import { nearest } from '../actors/nearest.ts'
import { synonyms } from './synonyms.ts'

/** `typed`: the first one or two words. */
export function meant(typed: readonly string[], words: readonly string[]): readonly string[] {
  const whole = typed.join(' ').toLowerCase()
  const [first = ''] = whole.split(' ')
  const same = synonyms[whole] ?? synonyms[first]
  if (same) return same
  // `gt rig delet x`: the first word is right, and the second is what was misspelt, of ours or of another's.
  const group = words.filter((word) => word.startsWith(`${first} `))
  const known = [...(group.length > 0 ? group : words), ...Object.keys(synonyms)]
  const found = nearest(whole, known) ?? (group.length > 0 ? undefined : nearest(first, known))
  return found === undefined ? group : (synonyms[found] ?? [found])
}
