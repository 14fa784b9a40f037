// What tokens cost where the agent's own program does not say: the price table of town.json.
// Never: knows a price that nobody wrote there.
import type { TownConfig } from '../config.ts'

type Prices = TownConfig['prices']
interface Tokens {
  input: number
  output: number
  cached: number
}

/** The price of a model is that of the longest name in the table that its name begins with; null: there is none. */
export function costOf(prices: Prices, model: string, { input, output, cached }: Tokens): number | null {
  const [name] = Object.keys(prices)
    .filter((each) => model.startsWith(each))
    .sort((a, b) => b.length - a.length)
  const price = name === undefined ? undefined : prices[name]
  if (!price) return null
  return (input * price.input + output * price.output + cached * price.cached) / 1_000_000
}
