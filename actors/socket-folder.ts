// The folder of a town's socket. A town that is too deep for one has it where every user may write (`layout.ts`): what
// is found there is looked at before anybody says a word to it.
// Never: uses a folder that another user made, or may write to.
import { lstatSync, mkdirSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import process from 'node:process'

/** Makes the folder; says, in words, when what is there is not this user's alone. */
export function makeSocketFolder(socket: string, town: string): string | undefined {
  const strange = strangeFolder(socket, town)
  if (strange !== undefined) return strange
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 })
  // Somebody may have been faster.
  return strangeFolder(socket, town)
}

/** Why nothing is said to a socket there, in words; undefined: it is this user's folder, the town's own, or not there. */
export function strangeFolder(socket: string, town: string): string | undefined {
  const folder = dirname(socket)
  if (!relative(town, folder).startsWith('..')) return undefined
  const found = lstatSync(folder, { throwIfNoEntry: false })
  if (!found) return undefined
  const what = !found.isDirectory()
    ? 'is no folder'
    : found.uid !== process.getuid?.()
      ? `belongs to another user (${found.uid})`
      : (found.mode & 0o077) !== 0
        ? 'can be used by others than you'
        : undefined
  return what === undefined
    ? undefined
    : `${folder}, where the socket of ${town} is to be, ${what}: have it removed, or move the town where its path is shorter`
}
