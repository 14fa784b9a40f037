// What `gt restore daemon` does: a copy of daemon/town.db is put back, or the one that is there is gone by.
// Never: deletes what is there; it is moved aside.
import { BeadsError } from '../actors/beads/contract.ts'
import { takeBackWords } from '../actors/beads/restore.ts'
import { openTier, rigsIn } from '../actors/beads/tiers.ts'
import { copiesIn } from '../actors/copies.ts'
import { townLayout } from '../actors/layout.ts'
import { keepRecords, recordsTrouble, replaceRecords } from '../actors/records.ts'
import { Usage } from './errors.ts'

export interface Meant {
  /** The day of a copy; the last one if left out. */
  from?: string | undefined
  /** Go by the file that is there. */
  keep: boolean
  /** Begin new records. */
  empty: boolean
}

/** The copies there are, newest first, and why the records cannot be used (null: they can). */
export const recordsCopied = (root: string) => ({
  trouble: recordsTrouble(root) ?? null,
  copies: copiesIn(townLayout(root).dbCopies).map(({ name, path }) => ({ of: 'daemon', day: name, folder: path })),
})

/** Of a town that is down. Data, and lines for people. */
export async function restoreRecords(root: string, { from, keep, empty }: Meant) {
  if ([from !== undefined, keep, empty].filter(Boolean).length > 1)
    throw new Usage('say --from, --keep or --empty; not two of them')
  const copies = copiesIn(townLayout(root).dbCopies)
  const chosen = keep || empty ? undefined : from === undefined ? copies[0] : copies.find(({ name }) => name === from)
  if (!keep && !empty && !chosen)
    throw new Error(
      `there is no copy of town.db${from === undefined ? '' : ` of ${from}`}; there are: ${copies.map(({ name }) => name).join(', ') || 'none'}. --keep goes by the file that is there, --empty begins new records`,
    )
  const { aside = null, stopped } = keep ? await keepRecords(root) : await replaceRecords(root, chosen)
  lookAgain(root)
  const now = chosen ? `goes by ${chosen.path}` : keep ? 'goes by the town.db that is there' : 'begins new records'
  const lines = [
    `${root} ${now} from now on; \`gt up\` starts it`,
    ...(aside === null ? [] : [`what was there is ${aside}`]),
    'what was asked of it since then is to be asked again (gt spawn); what its workers left is kept when it comes up',
    ...(stopped.length > 0 ? [`ended, since nothing is known of them: ${stopped.join(', ')}; their work is kept`] : []),
  ]
  return { data: { from: chosen?.path ?? null, aside, stopped }, lines }
}

/** In the issues that can be used: those that cannot are to be brought back themselves. */
function lookAgain(root: string): void {
  for (const rig of rigsIn(root))
    try {
      const beads = openTier({ town: root, rig })
      try {
        takeBackWords(beads)
      } finally {
        beads.close()
      }
    } catch (error) {
      if (!(error instanceof BeadsError)) throw error
    }
}
