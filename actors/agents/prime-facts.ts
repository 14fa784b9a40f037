// Who somebody is in a town, and what they are to know, as files and issues say it: for `gt prime`, which asks nobody.
// Never: asks the daemon, marks mail as read, or fails because issues or mail cannot be read: then it says so.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { whereabouts } from '../../machines/address.ts'
import type { ReturnReason } from '../../machines/mail.ts'
import { BeadsError } from '../beads/contract.ts'
import type { Beads } from '../beads/embedded.ts'
import { inbox, progressOf } from '../beads/mail.ts'
import { openTier, rigsIn } from '../beads/tiers.ts'
import { jsonAt, textOf } from '../files.ts'
import { rigLayout, townLayout } from '../layout.ts'
import { entryOf, hasProc } from '../proc.ts'
import { secretOf } from '../secret.ts'
import type { OtherFacts, PolecatFacts, PrimeFacts } from './prime.ts'
import { roleText } from './role-text.ts'

/** A session, by its address and the file of its assignment; or whoever is in a folder of the town. */
export type Who = { address: string; assignment: string | undefined } | { folder: string }

/** Mails that are named, and that are looked at to count the urgent ones, which come first. */
const mailsMax = 5
const lookedAt = 200

export function primeFacts(town: string, who: Who, folder: string): PrimeFacts {
  const address = 'address' in who ? who.address : livingIn(town, who.folder)
  const at = whereabouts(address)
  const rig = at && 'rig' in at ? at.rig : undefined
  const up = isUp(town)
  return withBeads(town, rig, (beads, trouble) => {
    const mail = beads && mailIn(town, beads, address)
    const around = {
      folder,
      mail: mail ?? null,
      notes: [...(trouble ? [trouble] : []), ...(mail === null ? [noSeals] : [])],
    }
    if (at?.role === 'polecat' && 'address' in who) {
      const polecat = polecatFacts(town, { ...at, address, assignment: who.assignment }, beads)
      return {
        ...polecat,
        ...around,
        folder: rigLayout(town, at.rig).polecat(at.name),
        notes: [...(up ? [] : [downForWorkers]), ...around.notes],
      }
    }
    return { ...otherFacts(town, address), ...around, notes: [...(up ? [] : [down]), ...around.notes] }
  })
}

const down = 'The town is down, and this is what its files say; `gt up` starts it.'
const downForWorkers = 'The town is down just now. Go on with your work: `gt handoff` waits two minutes for it.'
const noSeals =
  'Mail cannot be told from what only looks like it, for the town’s secret is missing: `gt up` mends that.'

/** Who lives in a folder of the town: an address; `overseer` where nobody in particular does. */
function livingIn(town: string, folder: string): string {
  const [first = '', second = '', third = ''] = relative(town, folder).split(sep)
  if (first === '' || first === 'mayor') return 'mayor/'
  if (!rigsIn(town).includes(first)) return 'overseer'
  if (second === 'mayor') return 'mayor/'
  if (second === 'witness' || (second === 'refinery' && third !== 'pool')) return `${first}/${second}`
  return second === 'crew' && third !== '' && whereabouts(`${first}/crew/${third}`)
    ? `${first}/crew/${third}`
    : 'overseer'
}

function otherFacts(town: string, address: string): Pick<OtherFacts, 'role' | 'address' | 'town' | 'text'> {
  const at = whereabouts(address)
  if (at?.role !== 'mayor' && at?.role !== 'witness' && at?.role !== 'refinery' && at?.role !== 'crew')
    return { role: 'overseer', address: 'overseer', town, text: '' }
  const [rig, name] = ['rig' in at ? at.rig : undefined, 'name' in at ? at.name : undefined]
  const values = { town, address, ...(rig === undefined ? {} : { rig }), ...(name === undefined ? {} : { name }) }
  return { role: at.role, address, town, text: roleText(town, rig, at.role, values) }
}

interface PolecatAt {
  rig: string
  name: string
  address: string
  assignment: string | undefined
}

/** What was assigned, with the issue as it is now. Throws when the assignment is gone: so is the session. */
function polecatFacts(
  town: string,
  { rig, name, address, assignment: path }: PolecatAt,
  beads: Beads | undefined,
): Omit<PolecatFacts, 'folder' | 'mail' | 'notes'> {
  const assignment = path === undefined ? undefined : assignmentIn(path)
  if (!assignment)
    throw new Error(
      `${path ?? `the assignment of ${address}`} is not there, or is no assignment any more: this session of ${address} is over, and nothing is to be done in it`,
    )
  const { issue, ...rest } = assignment
  const now = beads?.get(issue.id)
  const gone =
    now === undefined
      ? null
      : now.status === 'closed'
        ? { kind: 'closed' as const, reason: now.close_reason }
        : now.assignee === address
          ? null
          : { kind: 'given' as const, to: now.assignee }
  return {
    role: 'polecat',
    name,
    rig,
    address,
    main: word(jsonAt(rigLayout(town, rig).config)['default_branch']) || 'main',
    issue: {
      ...issue,
      title: now?.title ?? issue.title,
      description: now?.description ?? issue.description,
      acceptance: now?.acceptance_criteria ?? '',
    },
    gone,
    ...rest,
  }
}

/** Read without its schema, which takes longer to load than all of this; the agent may have written into it. */
function assignmentIn(path: string) {
  const all = jsonIn(path)
  const issue = all['issue'] as Record<string, unknown> | undefined
  const id = word(issue?.['id'])
  if (id === '') return undefined
  const returned = all['returned'] as Record<string, unknown> | null | undefined
  const kind = (['conflict', 'red', 'unmergeable'] as const).find((each) => each === returned?.['kind'])
  return {
    issue: {
      id,
      title: word(issue?.['title']),
      description: word(issue?.['description']),
      epic: word(issue?.['epic']) || null,
    },
    branch: word(all['branch']),
    attempt: typeof all['attempt'] === 'number' ? all['attempt'] : 1,
    returned: kind
      ? ({
          kind,
          summary: word(returned?.['summary']),
          files: Array.isArray(returned?.['files']) ? returned['files'].map(word) : [],
          tail: word(returned?.['tail']),
          base: word(returned?.['base']) || null,
        } satisfies ReturnReason)
      : null,
  }
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '')

function jsonIn(path: string): Record<string, unknown> {
  try {
    return (JSON.parse(textOf(path) ?? 'null') ?? {}) as Record<string, unknown>
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

/** The file of the assignment of a session that does not know itself; undefined: there is none. */
export function assignmentOf(town: string, address: string, epoch: number): string | undefined {
  const at = whereabouts(address)
  if (at?.role !== 'polecat') return undefined
  const { sessions } = townLayout(town)
  const isIts = (id: string) => id.startsWith(`gt-${at.rig}-${at.name}-`) && id.endsWith(`-${epoch}`)
  const id = existsSync(sessions) ? readdirSync(sessions).find(isIts) : undefined
  return id === undefined ? undefined : join(sessions, id, 'assignment.json')
}

/** Unread mail; null: the town's secret is missing, and nothing proves any. */
function mailIn(town: string, beads: Beads, address: string): PrimeFacts['mail'] {
  const secret = secretOf(town)
  return secret === undefined ? null : unreadOf(town, beads, secret, address)
}

/** Unread mail of somebody, as they are told of it: not what was shown to a former worker of that name. */
export function unreadOf(town: string, beads: Beads, secret: string, address: string): NonNullable<PrimeFacts['mail']> {
  const { mail: all, more } = inbox(beads, secret, address, lookedAt)
  const [since, progress] = [livesThereSince(town, address), progressOf(beads, secret, all)]
  const mail = all.filter(({ id }) => (progress.get(id)?.shown ?? since) >= since)
  const first = mail.slice(0, mailsMax).map(({ id, from, subject, priority }) => ({ id, from, subject, priority }))
  return { unread: mail.length + more, urgent: mail.filter(({ priority }) => priority < 2).length, first }
}

/** When a worker's place was made, which is kept before its first session; empty: it is no worker's, or not known. */
function livesThereSince(town: string, address: string): string {
  const at = whereabouts(address)
  if (at?.role !== 'polecat') return ''
  return statSync(rigLayout(town, at.rig).placeRecord(at.name), { throwIfNoEntry: false })?.mtime.toISOString() ?? ''
}

/** The issues of a rig, or of the town; what is wrong with them, in words, where they cannot be read. */
function withBeads<T>(
  town: string,
  rig: string | undefined,
  work: (beads: Beads | undefined, trouble: string | undefined) => T,
): T {
  let beads: Beads | undefined
  let trouble: string | undefined
  try {
    beads = openTier({ town, rig }, { readonly: true, busyMs: 2000 })
  } catch (error) {
    if (!(error instanceof BeadsError)) throw error
    trouble = error.message
  }
  try {
    return work(beads, trouble)
  } finally {
    beads?.close()
  }
}

/** Whether its daemon lives, as far as files and the kernel tell. */
function isUp(town: string): boolean {
  const { daemonJson, socket } = townLayout(town)
  const { pid, pid_start } = jsonAt(daemonJson)
  if (typeof pid !== 'number') return false
  const entry = hasProc ? entryOf(pid) : undefined
  return hasProc ? entry?.pidStart === pid_start && !entry?.isZombie : existsSync(socket)
}
