// "Did you mean …?": the nearest spelling, said in one way everywhere.
// Never: guesses where nothing is near.
import { closest, distance } from 'fastest-levenshtein'

/** The known text that is spelled most like this one; undefined when none is near enough to be meant. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const found = closest(text, known)
  return distance(text, found) <= Math.max(2, Math.floor(found.length / 2)) ? found : undefined
}

/** `; did you mean wyvern/refinery?`, or nothing. */
export function didYouMean(text: string, known: readonly string[]): string {
  const found = nearest(text, known)
  return found === undefined ? '' : `; did you mean ${found}?`
}

/** The same for addresses: as people say them, `wyvern/Nux` is as near to `wyvern/Nix` as it looks. */
export function didYouMeanAddress(text: string, known: readonly string[]): string {
  const short = (address: string) => address.replace('/polecats/', '/')
  const found = nearest(short(text), known.map(short))
  return found === undefined ? '' : `; did you mean ${known.find((address) => short(address) === found)}?`
}
