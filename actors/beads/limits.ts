// How much an issue may hold. Asked at the one door of the store, so it is the same for `bd`, for imports and for the
// town.
// Never: cuts a text; what is too long is refused, and the words name the limit.
import { asOneLine } from '../../machines/texts.ts'
import { BeadsError, type Issue } from './contract.ts'

export const titleBytesMax = 500
/** Of a description, design, acceptance criteria, notes or reason, each. */
export const textBytesMax = 1_048_576
/** Of a label, assignee or external reference, each. */
export const nameBytesMax = 255
export const idLengthMax = 100

const texts = ['description', 'design', 'acceptance_criteria', 'notes', 'close_reason'] as const
const names = ['assignee', 'external_ref'] as const
/** Of work. */
export const usualTypes = [
  'task',
  'bug',
  'feature',
  'epic',
  'chore',
  'decision',
  'spike',
  'story',
  'milestone',
] as const
const types = [...usualTypes, 'message', 'merge-request', 'molecule', 'gate', 'event', 'wisp']
export const statuses = ['open', 'in_progress', 'blocked', 'deferred', 'closed', 'pinned', 'hooked'] as const

/** Types and statuses that a project added to the usual ones: `bd config set types.custom agent,role`. */
export interface Custom {
  types: readonly string[]
  statuses: readonly string[]
}

/** Fields of an issue as the store keeps them: its title is one line. Throws a BeadsError for what it does not keep. */
export function admitted<T extends Partial<Issue>>(fields: T, custom: Custom | 'any'): T {
  const { priority, issue_type: type, status } = fields
  const title = fields.title === undefined ? undefined : asOneLine(fields.title)
  if (title === '') throw new BeadsError('title required')
  if (title !== undefined) checkSize('title', title, titleBytesMax)
  for (const field of texts) checkText(field, fields[field] ?? '')
  for (const field of names) checkName(field, fields[field] ?? '')
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 4))
    throw new BeadsError(`invalid priority "${priority}" (expected 0-4 or P0-P4, not words like high/medium/low)`)
  if (type !== undefined) checkWord('issue type', 'types.custom', type, types, custom === 'any' ? custom : custom.types)
  if (status !== undefined)
    checkWord('status', 'status.custom', status, statuses, custom === 'any' ? custom : custom.statuses)
  if (
    fields.estimated_minutes != null &&
    !(Number.isSafeInteger(fields.estimated_minutes) && fields.estimated_minutes >= 0)
  )
    throw new BeadsError(`invalid estimate "${fields.estimated_minutes}": minutes, 0 or more`)
  for (const field of ['metadata', 'extra'] as const) checkText(field, fields[field] ?? '')
  return title === fields.title ? fields : { ...fields, title }
}

/** What people and older texts call a status, and how it is said here. */
const otherWords: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['done', 'complete', 'completed', 'resolved', 'fixed'].map((word) => [word, 'bd close <id>'])),
  ...Object.fromEntries(
    ['in-progress', 'inprogress', 'doing', 'started', 'wip'].map((word) => [word, 'bd update <id> --claim']),
  ),
  ...Object.fromEntries(['todo', 'new', 'reopened'].map((word) => [word, 'bd update <id> --status open'])),
  wontfix: 'bd close <id> --reason "not planned"',
}

/** One of these words, or of those that the project added; what comes from another store is kept as it is. */
function checkWord(
  what: string,
  key: string,
  word: string,
  usual: readonly string[],
  custom: readonly string[] | 'any',
): void {
  if (usual.includes(word)) return
  checkName(what, word)
  if (word !== '' && (custom === 'any' || custom.includes(word))) return
  const all = [...usual, ...(custom === 'any' ? [] : custom)].filter(Boolean)
  const instead = what === 'status' ? otherWords[word.toLowerCase()] : undefined
  throw new BeadsError(
    `invalid ${what}: ${word}; there are ${all.join(', ')}, and what \`bd config set ${key}\` adds${instead === undefined ? '' : `; instead: ${instead}`}`,
  )
}

/** An id that reaches git, tmux and file names. */
export function checkId(id: string): string {
  if (!/^\w[\w.]*(-[\w.]+)*-\w+(\.\d+)*$/.test(id) || id.includes('..') || /\.(-|$)/.test(id))
    throw new BeadsError(`"${id}" is not an issue id; one looks like wyv-4k2 or wyv-4k2.1`)
  if (id.length > idLengthMax)
    throw new BeadsError(`an id must be ${idLengthMax} characters or less (got ${id.length})`)
  return id
}

export const checkLabel = (label: string): string => checkName('label', label)

/** Whether a text is short enough to be kept. */
export const isKept = (text: string): boolean => Buffer.byteLength(text) <= textBytesMax

export function checkText(field: string, text: string): void {
  if (text.includes('\0')) throw new BeadsError(`${field} must be text: there is a NUL in it`)
  checkSize(field, text, textBytesMax)
}

function checkName(field: string, name: string): string {
  if (asOneLine(name) !== name.trim())
    throw new BeadsError(`${field} ${JSON.stringify(name)} must be one line without control characters`)
  checkSize(field, name, nameBytesMax)
  return name
}

function checkSize(field: string, text: string, most: number): void {
  const bytes = Buffer.byteLength(text)
  if (bytes > most) throw new BeadsError(`${field} must be ${most} bytes or less (got ${bytes})`)
}
