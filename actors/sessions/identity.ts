// Who a session is: the token that binds it to one address and one epoch, and the commands it finds on its PATH.
// Never: tells a token to anybody but its session.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { chmodSync, type FSWatcher, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { textOf, watchFolder, writeWhole } from '../files.ts'

export function tokenFor(secret: string, address: string, epoch: number): string {
  return createHmac('sha256', secret).update(`${address}\n${epoch}`).digest('hex')
}

export function tokenValid(secret: string, address: string, epoch: number, token: string): boolean {
  const right = Buffer.from(tokenFor(secret, address, epoch))
  const given = Buffer.from(token)
  return right.length === given.length && timingSafeEqual(right, given)
}

/**
 * Makes `gt` and `bd` for sessions, small scripts that run this very version with this very Node; says which were not
 * as they should be.
 */
export function writeShims(dir: string, node: string, commands: Record<string, string>): string[] {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  return Object.entries(commands).flatMap(([name, script]) => {
    const [path, text] = [join(dir, name), `#!/bin/sh\nexec ${quoted(node)} ${quoted(script)} "$@"\n`]
    if (textOf(path) !== text) writeWhole(path, text, 0o700)
    else if ((statSync(path).mode & 0o777) !== 0o700) chmodSync(path, 0o700)
    else return []
    return [path]
  })
}

/** Who removes the whole folder has done so in this time, in milliseconds; few run one of them in it. */
const gatherMs = 10

/**
 * Has them mended as soon as somebody does something in their folder: a worker that runs an emptied `gt` believes that
 * it was heard. Returns how to stop. Without a watch, as when there are too many, they are mended a little later
 * (`cli/daemon.ts`).
 */
export function watchShims(
  dir: string,
  { mend, mended, trouble }: { mend(): string[]; mended(words: string): void; trouble(error: unknown): void },
): () => void {
  let watcher: FSWatcher | undefined
  let gathering: NodeJS.Timeout | undefined
  const look = () => {
    try {
      for (const path of mend()) mended(`${path} was not as the town had made it, and is again`)
      // The folder may be another one by now.
      watcher?.close()
      begin()
    } catch (error) {
      trouble(error)
    }
  }
  const begin = () => {
    const heard = () => {
      clearTimeout(gathering)
      gathering = setTimeout(look, gatherMs)
    }
    watcher = watchFolder(dir, heard, trouble)
  }
  begin()
  return () => {
    clearTimeout(gathering)
    watcher?.close()
  }
}
