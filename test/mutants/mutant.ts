// A mutant: one small wrong change.
export interface Mutant {
  /** The mistake, in words. */
  name: string
  file: string
  /** Must be there exactly once. */
  find: string
  replace: string
}
