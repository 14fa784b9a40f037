// Who sends mail where: in a town its daemon, elsewhere whatever is named for it, else `bd` itself.
// Never: writes mail into a town's store.
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { BeadsError } from '../actors/beads/contract.ts'
import { textOf } from '../actors/files.ts'
import { townAround } from './around.ts'
import { type Call, isGtMail } from './bd-command.ts'
import { Usage } from './errors.ts'
import { oneself } from './mail.ts'
import { raw } from './print.ts'

/**
 * Its exit code, when somebody else does it: `gt mail` in a town, or the program that is named for it. `shape` makes of
 * what `gt` says with --json what `bd` says.
 */
export function delegated<T>(
  { beads, isJson, print }: Pick<Call, 'beads' | 'isJson' | 'print'>,
  words: readonly string[],
  shape: (data: T) => unknown,
): number | undefined {
  const { BEADS_MAIL_DELEGATE, BD_MAIL_DELEGATE } = process.env
  // A town's store names no program: agents can write it.
  const kept = beads.isTowns() ? undefined : beads.config('mail.delegate')
  const meant = BEADS_MAIL_DELEGATE ?? BD_MAIL_DELEGATE
  const named = meant ?? kept
  const isGt = named === undefined || isGtMail(named)
  if (isGt && !beads.isTowns()) return undefined
  // It may have come with somebody's repository.
  if (named !== meant)
    throw new BeadsError(
      `mail.delegate of this store names ${named}, and no program is run because a store says so: BEADS_MAIL_DELEGATE in your environment names one, \`bd config unset mail.delegate\` forgets it`,
    )
  const [program = '', ...args] = isGt ? townsMail(beads.path) : named.split(/\s+/)
  const all = [...args, ...words, ...(isJson ? ['--json'] : [])]
  const isShaped = isGt && isJson
  const { status, error, stdout } = spawnSync(program, all, {
    stdio: ['inherit', isShaped ? 'pipe' : 'inherit', 'inherit'],
    maxBuffer: Number.POSITIVE_INFINITY,
  })
  if (error) throw new BeadsError(`${program} cannot be run: ${error.message}; it is named by BEADS_MAIL_DELEGATE`)
  if (isShaped && status === 0)
    print(
      () => shape(JSON.parse(String(stdout)) as T),
      () => [],
    )
  else if (isShaped) raw(stdout)
  return status ?? 1
}

/** Words of mail that are the town's alone: `gt mail` knows them. */
export function passedOn(beads: Call['beads'], words: readonly string[]): number {
  const code = delegated({ beads, isJson: false, print: () => undefined }, words, (data) => data)
  if (code === undefined)
    throw new Usage(`\`bd mail ${words[0]}\` is for a town; here there are send, inbox, read, reply and ack`)
  return code
}

/** The `gt` that lies beside this `bd`, for the town that the store is of. */
function townsMail(store: string): string[] {
  const beside = join(dirname(process.argv[1] ?? ''), 'gt.cjs')
  const town = townAround(realpathSync(dirname(store)))
  return [
    ...(existsSync(beside) ? [process.execPath, beside] : ['gt']),
    ...(town === undefined ? [] : ['--town', town]),
    'mail',
  ]
}

/** What `gt mail` shows of one, as far as it is told here. */
interface Shown {
  id: string
  from: string
  to: string
  subject: string
  body: string
  priority: number
  sent_at: string
  reply_to: string | null
  is_read: boolean
}

/** A mail as the bead that it is. */
export const asIssue = ({ id, from, to, subject, body, priority, sent_at, reply_to, is_read }: Shown) => ({
  ...{ id, title: subject, description: body, status: is_read ? 'closed' : 'open', priority, issue_type: 'message' },
  ...{ assignee: to, created_at: sent_at, updated_at: sent_at, sender: from },
  labels: reply_to === null ? [] : [`reply-to:${reply_to}`],
})

/** What was just sent, as `bd` says it. */
export const asSent = ([one]: readonly Pick<Shown, 'id' | 'to' | 'subject' | 'priority'>[]) => ({
  ...{ id: one?.id, to: one?.to, from: oneself() },
  ...{ subject: one?.subject, priority: one?.priority, timestamp: new Date().toISOString() },
})

/** In a town everybody writes under the name that the town knows them by. */
export function isOneself({ beads }: Pick<Call, 'beads'>, said: string | undefined): void {
  const own = oneself()
  if (said !== undefined && said !== own && beads.isTowns())
    throw new BeadsError(
      `in a town mail is sent under one’s own name, here ${own}, not as ${said}; leave --identity away`,
    )
}

/** Said, else of the environment, else of config.yaml beside the store. */
export const identityOf = ({ beads, actor }: Pick<Call, 'beads' | 'actor'>, said: string | undefined): string =>
  said ?? process.env.BEADS_IDENTITY ?? configured(join(dirname(beads.path), 'config.yaml')) ?? actor

function configured(file: string): string | undefined {
  const line = existsSync(file) ? /^identity:[ \t]*(?:"([^"]*)"|'([^']*)'|([^#\n]*))/m.exec(textOf(file) ?? '') : null
  return (
    line
      ?.slice(1)
      .find((each) => each !== undefined)
      ?.trim() || undefined
  )
}
