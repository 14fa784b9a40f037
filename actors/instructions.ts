// The CLAUDE.md at a town's root. Agents read it from any folder below, whoever they are there, so it says only who
// tells them.
// Never: writes over a word of a person's; says what is true for one role alone.
import process from 'node:process'
import { textOf, writeIfMissing, writeWhole } from './files.ts'
import { townLayout } from './layout.ts'

const text = `# Gas Town

This folder is a town of coding agents. Each of them has a place and a part of its own: \`gt prime\` tells who you are
here, and what is next.
`

/** What earlier versions wrote, by its SHA-256: words for the Mayor, which everybody below read. */
const former = ['6ace7bec5099258ad79b4ac2b2382c10c2dbebc3608d1c0268fefa7992f232e0']

/** Of a town that is made, or completed. */
export const writeInstructions = (town: string): void => writeIfMissing(townLayout(town).instructions, text)

/** Replaces what an earlier version wrote, if it is byte for byte that; says whether it did. */
export function renewInstructions(town: string): boolean {
  const { instructions } = townLayout(town)
  const there = textOf(instructions)
  if (there === undefined) return false
  // Loaded here only: node:crypto takes longer to load than most commands take to run.
  const { hash } = process.getBuiltinModule('node:crypto')
  if (!former.includes(hash('sha256', there))) return false
  writeWhole(instructions, text)
  return true
}

/** Instructions of ours that the session of a worker is not to read: its role is told to it in another way. */
export const notForIt = (town: string): string[] => [townLayout(town).instructions]
