// What SQLite says, in words a person needs.
// Never: leaves a result of SQLite to whoever asked: what passes by itself is told from what does not.
import { isPassing, StoreBusy, StoreUnusable, wordsOf } from '../errors.ts'

const corrupt = 11
const readOnly = 8
const cannotOpen = 14
const noDatabase = 26

/** An error of SQLite as one of the store's, with the file's name; anything else as it is. */
export function told(error: unknown, path: string): unknown {
  const { errcode } = error as { errcode?: number }
  if (errcode === undefined) return error
  const result = errcode & 0xff
  if (result === 5 || result === 6)
    return new StoreBusy(
      `${path} is locked by another process. Nothing of this was kept, nothing before it is lost; end that process, or wait until it has done`,
    )
  if (result === readOnly)
    return new StoreBusy(
      `${path} cannot be written: ${wordsOf(error)}. Nothing of this was kept, nothing before it is lost; make it and its folder writable for you, then try again`,
    )
  if (isPassing(error))
    return new StoreBusy(
      `${path} cannot be written: ${wordsOf(error)}. Nothing of this was kept, nothing before it is lost; make room on the disk, then try again`,
    )
  if (result === corrupt || result === noDatabase)
    return new StoreUnusable(
      `${path} ${result === corrupt ? 'is damaged' : 'cannot be used'}: ${wordsOf(error)}. It was left as it is`,
    )
  if (result === cannotOpen)
    return new StoreUnusable(
      `${path} cannot be opened: ${wordsOf(error)}. Make it and its folder readable and writable for you, then try again`,
    )
  return error
}
