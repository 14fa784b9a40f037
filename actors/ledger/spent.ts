// What was used, of tokens and money: as it is told.
// Never: needs anything to be read; pages in a browser know it, too.

export interface Spent {
  /** Answers of models, or turns of agents that count no finer. */
  answers: number
  /** Tokens; those read from a cache are in `cached` alone. */
  input: number
  output: number
  cached: number
  /** US dollars, as far as prices are known. */
  dollars: number
  /** What of it has no price that anybody knows. */
  unpriced: { answers: number; tokens: number }
}
