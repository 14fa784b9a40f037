// What came of the last try of each agent in this town.
// Never: decides anything by it; a try is for people.
import { z } from 'zod'
import { textOf, writeWhole } from '../files.ts'
import { townLayout } from '../layout.ts'

const verdict = z.object({ at: z.string(), verdict: z.string(), why: z.string() })
const verdicts = z.record(z.string(), verdict)
export type Verdict = z.infer<typeof verdict>

/** By the preset's name; none where nothing was tried, or the file is not what it was. */
export function verdictsIn(town: string): Readonly<Record<string, Verdict>> {
  try {
    return verdicts.safeParse(JSON.parse(textOf(townLayout(town).agentsJson) ?? '{}')).data ?? {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

export function keepVerdict(town: string, preset: string, one: Verdict): void {
  writeWhole(townLayout(town).agentsJson, `${JSON.stringify({ ...verdictsIn(town), [preset]: one }, null, 2)}\n`)
}
