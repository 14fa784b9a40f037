// Mail that lost its seal, or was filed before there were seals: the town's mailbox still knows what it sent.
// Never: seals what the mailbox does not know word for word.
import { readable } from '../../machines/readable.ts'
import { asOneLine } from '../../machines/texts.ts'
import type { Envelope } from '../../runtime/contract.ts'
import type { Beads } from './embedded.ts'
import { isSealed, sealOfSent } from './mail.ts'

/** Seals unread mail of a store that stands there as it was sent; returns how much. Safe to repeat. */
export function reseal(beads: Beads, secret: string, sent: (id: string) => Envelope | undefined): number {
  const lost = [...beads.inbox()].filter((mail) => !isSealed(secret, mail, mail.labels?.split('\n') ?? []))
  return beads.written(() => {
    let many = 0
    for (const mail of lost) {
      const { id, title, description, priority, assignee, sender, created_at } = mail
      const envelope = sent(id)
      const words = envelope && readable(envelope.type, envelope.to, envelope.body)
      if (!envelope || !words) continue
      const at = new Date(envelope.sentAt)
      const whole = JSON.stringify([asOneLine(title), description, priority, assignee, sender, created_at])
      const said = [asOneLine(words.subject), words.body, words.priority, envelope.to, envelope.from, at.toISOString()]
      if (whole !== JSON.stringify(said)) continue
      // As it stands: an older version kept a title's line breaks.
      beads.addLabel(id, sealOfSent(secret, mail, mail.labels?.split('\n') ?? []))
      many++
    }
    return many
  })
}
