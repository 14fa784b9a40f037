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
  // `gt rig delet x`: the first word is right, and the second is what was misspelt.
  const group = words.filter((word) => word.startsWith(`${first} `))
  const found = group.length > 0 ? nearest(whole, group) : (nearest(whole, words) ?? nearest(first, words))
  return found === undefined ? group : [found]
}
