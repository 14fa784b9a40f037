// What `gt restore daemon` does: a copy of daemon/town.db is put back, or the one that is there is gone by.
// Never: deletes what is there; it is moved aside.
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
  const now = chosen ? `goes by ${chosen.path}` : keep ? 'goes by the town.db that is there' : 'begins new records'
  const lines = [
    `${root} ${now} from now on; \`gt up\` starts it`,
    ...(aside === null ? [] : [`what was there is ${aside}`]),
    ...(stopped.length > 0 ? [`ended, since nothing is known of them: ${stopped.join(', ')}; their work is kept`] : []),
  ]
  return { data: { from: chosen?.path ?? null, aside, stopped }, lines }
}
