// Who sends mail where: in a town its daemon, elsewhere whatever is named for it, else `bd` itself.
// Never: writes mail into a town's store.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { BeadsError } from '../actors/beads/contract.ts'
import type { Call } from './bd-command.ts'

/** Its exit code, when somebody else does it: `gt mail` in a town, or the program that is named for it. */
export function delegated(beads: Call['beads'], words: readonly string[]): number | undefined {
  const { BEADS_MAIL_DELEGATE, BD_MAIL_DELEGATE } = process.env
  const named = BEADS_MAIL_DELEGATE ?? BD_MAIL_DELEGATE ?? beads.config('mail.delegate')
  const isGt = named === undefined || /^(.*\/)?gt mail$/.test(named)
  if (isGt && !beads.isTowns()) return undefined
  const [program = '', ...args] = isGt ? townsMail() : named.split(/\s+/)
  const { status, error } = spawnSync(program, [...args, ...words], { stdio: 'inherit' })
  if (error)
    throw new BeadsError(
      `${program} cannot be run: ${error.message}; it is named by BEADS_MAIL_DELEGATE or mail.delegate`,
    )
  return status ?? 1
}

/** The `gt` that lies beside this `bd`. */
function townsMail(): string[] {
  const beside = join(dirname(process.argv[1] ?? ''), 'gt.cjs')
  return [...(existsSync(beside) ? [process.execPath, beside] : ['gt']), 'mail']
}

export const identityOf = (call: Pick<Call, 'actor'>, said: string | undefined): string =>
  said ?? process.env.BEADS_IDENTITY ?? call.actor
