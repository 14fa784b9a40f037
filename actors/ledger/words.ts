// Tokens and money as people read them.
// Never: shows less than there is as nothing.
import type { Spent } from './spent.ts'

/** `1.52$`, or in tokens where nobody knows a price; what has none is told beside what has. */
export function spentWords({ dollars, input, output, cached, unpriced }: Spent): string {
  const all = input + output + cached
  if (unpriced.tokens === 0) return dollarWords(dollars)
  return unpriced.tokens === all && dollars === 0
    ? `${tokenWords(all)} tokens`
    : `${dollarWords(dollars)} and ${tokenWords(unpriced.tokens)} tokens without a price`
}

/** `0.004$`, `1.52$`, `214.00$`. */
export function dollarWords(dollars: number): string {
  if (dollars === 0 || dollars >= 0.1) return `${dollars.toFixed(2)}$`
  return dollars < 0.0001 ? '<0.0001$' : `${dollars.toFixed(4)}$`
}

/** `0`, `950`, `12.3k`, `4.56M`. */
export function tokenWords(tokens: number): string {
  if (tokens < 1000) return String(tokens)
  // What rounds up to a thousand thousands is a million.
  if (tokens < 999_950) return `${(tokens / 1000).toFixed(1)}k`
  return `${(tokens / 1_000_000).toFixed(2)}M`
}
