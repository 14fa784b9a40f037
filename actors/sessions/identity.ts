// Who a session is: the token that binds it to one address and one epoch, and the commands it finds on its PATH.
// Never: tells a token to anybody but its session.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { textOf, writeWhole } from '../files.ts'

export function tokenFor(secret: string, address: string, epoch: number): string {
  return createHmac('sha256', secret).update(`${address}\n${epoch}`).digest('hex')
}

export function tokenValid(secret: string, address: string, epoch: number, token: string): boolean {
  const right = Buffer.from(tokenFor(secret, address, epoch))
  const given = Buffer.from(token)
  return right.length === given.length && timingSafeEqual(right, given)
}

/** `gt` and `bd` for sessions: small scripts that run this very version with this very Node. */
export function writeShims(dir: string, node: string, commands: Record<string, string>): void {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  for (const [name, script] of Object.entries(commands)) {
    const [path, text] = [join(dir, name), `#!/bin/sh\nexec ${quoted(node)} ${quoted(script)} "$@"\n`]
    if (textOf(path) !== text) writeWhole(path, text, 0o700)
    chmodSync(path, 0o700)
  }
}
