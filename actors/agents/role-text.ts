// The text of a role as an agent gets it: the rig's own words, else the town's, else ours, with its placeholders filled.
// Never: lets a placeholder through that it cannot fill; writes into a worktree.
import { existsSync } from 'node:fs'
import { textAt } from '../files.ts'
import { rigLayout, townLayout } from '../layout.ts'
import { type Placeholder, placeholders, type RoleName, roleTexts } from './roles.ts'

/** Of a text of one's own, as it is written: every session of the role is given all of it. */
export const roleBytesMax = 16 * 1024

/**
 * What agents of a role are told: `<rig>/roles/<role>.md`, else `config/roles/<role>.md`, else our own words. Throws,
 * with the file and line, for a text that is too long or has a placeholder without a value.
 */
export function roleText(
  town: string,
  rig: string | undefined,
  role: RoleName,
  values: Readonly<Partial<Record<Placeholder, string>>>,
): string {
  const own = [...(rig === undefined ? [] : [rigLayout(town, rig)]), townLayout(town)]
  const path = own.map((layout) => layout.roleText(role)).find((file) => existsSync(file))
  const text = path === undefined ? roleTexts[role] : textAt(path)
  const bytes = Buffer.byteLength(text)
  if (bytes > roleBytesMax)
    throw new Error(
      `${path} has ${bytes} bytes, and what a role is told has at most ${roleBytesMax}; put the rest where agents look it up, such as the repository’s own AGENTS.md`,
    )
  return filled(text, path ?? `the text of the role ${role}`, values).trim()
}

/** What stands in double braces, and what begins so and does not end on its line. */
const braces = /\{\{(.*?)(\}\}|$)/gm

function filled(text: string, where: string, values: Readonly<Partial<Record<Placeholder, string>>>): string {
  return text.replaceAll(braces, (written: string, inner: string, end: string, at: number) => {
    const line = text.slice(0, at).split('\n').length
    const name = inner.trim()
    const value = Object.hasOwn(values, name) ? values[name as Placeholder] : undefined
    if (end !== '' && value !== undefined) return value
    const isKnown = end !== '' && (placeholders as readonly string[]).includes(name)
    const known = placeholders.filter((each) => values[each] !== undefined)
    throw new Error(
      `${where}, line ${line}: ${written} ${isKnown ? 'has no value for this role' : 'is no placeholder'}; there are ${known.map((each) => `{{${each}}}`).join(', ')}`,
    )
  })
}
