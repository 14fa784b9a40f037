// The archive of mail: what was read long ago leaves the store for a file a month, one mail a line with how far it had
// come (`daemon/mail/<rig>-<YYYY-MM>.jsonl`).
// Never: takes a mail out of the store before the disk has its line; takes one that is unread. After a crash between
// the two a mail is in the archive twice, under one id.
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { append, lastBytes, onDisk } from '../files.ts'
import { archiveIn } from '../layout.ts'
import type { Issue } from './contract.ts'
import type { Beads } from './embedded.ts'
import { issueJson } from './jsonl.ts'
import type { Tier } from './tiers.ts'

/** Puts these away for somebody, those that are mail and out of their inbox; returns which that were. Safe to repeat. */
export function archive(
  beads: Beads,
  { town, rig }: Tier,
  ids: readonly string[],
  { now, by }: { now: Date; by: string },
): string[] {
  // Under the store's own lock: two that are at it at once would write all of it twice.
  return beads.written(() => {
    const mail = ids.flatMap((id) => {
      const found = beads.get(id)
      return found?.issue_type === 'message' && found.status === 'closed' ? [found] : []
    })
    if (mail.length === 0) return []
    addTo(archiveIn(town, rig, now.toISOString().slice(0, 7)), linesOf(beads, mail, now))
    beads.dropMail(
      mail.map(({ id }) => id),
      by,
    )
    return mail.map(({ id }) => id)
  })
}

/** As much is put away in one transaction: nobody else writes meanwhile. */
const atOnce = 200

/** Puts away what has been out of its inbox since before then, a part of it; whether there is more. */
export function archiveOld(beads: Beads, tier: Tier, before: Date, now: Date): boolean {
  const ids = beads.oldMail(before.toISOString(), atOnce)
  archive(beads, tier, ids, { now, by: 'daemon' })
  return ids.length === atOnce
}

function linesOf(beads: Beads, mail: readonly Issue[], now: Date): string {
  const receipts = Map.groupBy(beads.receiptsOf(mail.map(({ id }) => id)), ({ mail: id }) => id)
  const archived_at = now.toISOString()
  return mail
    .map((each) => {
      const steps = (receipts.get(each.id) ?? []).map(({ mail: _, ...receipt }) => receipt)
      return `${JSON.stringify({ ...issueJson(beads, each, true), receipts: steps, archived_at })}\n`
    })
    .join('')
}

/** Adds whole lines, after what a crash or a full disk may have left of one. */
function addTo(path: string, lines: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const isNew = !existsSync(path)
  append(path, isNew || lastBytes(path, 1) === '\n' ? lines : `\n${lines}`)
  if (isNew) onDisk(dirname(path))
}

/** The files of a rig, or (undefined) of the town itself, oldest first. */
export function archivesOf(town: string, rig: string | undefined): string[] {
  const path = archiveIn(town, rig, '')
  const start = basename(path, '.jsonl')
  if (!existsSync(dirname(path))) return []
  const isOf = (name: string) => name.startsWith(start) && /^\d{4}-\d\d\.jsonl$/.test(name.slice(start.length))
  return readdirSync(dirname(path))
    .filter(isOf)
    .sort()
    .map((name) => join(dirname(path), name))
}
