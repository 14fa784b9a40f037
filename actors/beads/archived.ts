// What was put away of mail, read back from the files of the archive.
// Never: takes for the town's what it did not seal; holds more of a file than a piece of it.
import { bytesFrom } from '../files.ts'
import { archivesOf } from './archive.ts'
import type { Receipt } from './contract.ts'
import { type Mail, mailOf, type Progress, progressBy } from './mail.ts'
import type { KeptMessage } from './messages.ts'
import type { Tier } from './tiers.ts'

const pieceBytes = 1 << 20

/** Each with how far it had come, the month last archived first. Lines that are none, or were changed, are passed over. */
export function* archivedIn({ town, rig }: Tier, secret: string): Generator<Mail & { progress: Progress }> {
  for (const path of archivesOf(town, rig).reverse())
    for (const line of linesIn(path)) {
      const read = messageIn(line)
      const mail = read && mailOf(secret, read.kept)
      if (!mail || !read) continue
      yield { ...mail, progress: progressBy(secret, [mail], read.receipts).get(mail.id) as Progress }
    }
}

function* linesIn(path: string): Generator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for (let from = 0; ; ) {
    const { bytes } = bytesFrom(path, from, pieceBytes)
    if (bytes.length === 0) break
    from += bytes.length
    rest = Buffer.concat([rest, bytes])
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield rest.subarray(0, end).toString()
      rest = rest.subarray(end + 1)
    }
  }
}

/** A crash may have left a part of a line, and others may write there. */
function messageIn(line: string): { kept: KeptMessage; receipts: Receipt[] } | undefined {
  try {
    const { labels = [], receipts = [], ...issue } = JSON.parse(line) as { labels?: string[]; receipts?: object[] }
    const kept = { description: '', sender: null, assignee: null, due_at: null, ...issue, labels: labels.join('\n') }
    const { id } = kept as unknown as KeptMessage
    return {
      kept: kept as unknown as KeptMessage,
      receipts: receipts.map((each) => ({ ...(each as Receipt), mail: id })),
    }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}
