// The table of replies: what machines answered to mail from outside, by the id of that mail.
// Never: tells anybody; listeners hear of a reply when its turn is committed.
import type { Reply, Store } from '../contract.ts'

export function replyTable(store: Store) {
  return {
    /** The last reply to a mail is the one that counts. */
    put: (mailId: string, reply: Reply) =>
      store.run(
        'INSERT OR REPLACE INTO reply (mail_id, reply, at) VALUES (?, ?, ?)',
        mailId,
        JSON.stringify(reply),
        reply.at,
      ),
    of(mailId: string): Reply | undefined {
      const row = store.get<{ reply: string }>('SELECT reply FROM reply WHERE mail_id = ?', mailId)
      return row && (JSON.parse(row.reply) as Reply)
    },
    prune: (olderThan: number) => store.run('DELETE FROM reply WHERE at < ?', olderThan),
  }
}
