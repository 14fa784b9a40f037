// Whose a session was, as its folder tells: for a ledger that is made again. A name of a rig may have hyphens in it, so
// the polecat is known from the branch.
// Never: believes more of it than names; agents can write there.
import { basename, join } from 'node:path'
import { z } from 'zod'
import { branchName, issueId } from '../../machines/mail.ts'
import { noteAt } from '../files.ts'

/** Whose tokens they are. */
export interface SessionMeta {
  /** The name of its folder. */
  session: string
  rig: string
  polecat: string
  issue: string
  /** Everything the issue is a part of, at all levels. */
  within: readonly string[]
  preset: string
  /** Empty: what the environment says. */
  account?: string
}

const assignment = z.object({
  branch: branchName,
  issue: z.object({ id: issueId, epic: issueId.nullable().default(null), within: z.array(issueId).optional() }),
})
const run = z.object({ preset: z.string().max(100), account: z.string().max(100).default('') })

/** Undefined: no session of a worker, or one that was never given its assignment. */
export function metaOf(dir: string): SessionMeta | undefined {
  const given = noteAt(join(dir, 'assignment.json'), assignment)
  if (!given) return undefined
  const session = basename(dir)
  const who = given.branch.slice('polecat/'.length)
  const [, rig] = new RegExp(`^gt-(.+)-${who}-\\d+$`).exec(session) ?? []
  if (rig === undefined) return undefined
  const polecat = who.replace(/-\d+$/, '')
  const { preset = 'unknown', account = '' } = noteAt(join(dir, 'run.json'), run) ?? {}
  const { id, epic, within = epic === null ? [] : [epic] } = given.issue
  return { session, rig, polecat, issue: id, within, preset, account }
}
