// The days of the town's own calendar, which sums and budgets go by.
// Never: asks what day it is; a moment is handed in.

/** The day of a moment in the town's own calendar. */
export function dayOf(at: number): string {
  const date = new Date(at)
  const two = (part: number) => String(part).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** Milliseconds until that day is over. */
export const leftOfDay = (at: number): number => new Date(at).setHours(24, 0, 0, 0) - at
