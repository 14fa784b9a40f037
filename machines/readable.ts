// Readable: what people read of a mail.
// Never: changes what it says.
import { causes } from './escalations.ts'
import { type MailBody, mailSchemas } from './mail.ts'

/** It answers none, belongs to none, and stays of use. */
const alone = { replyTo: null, threadId: null, groupId: null, expiresAt: null, until: null }

/**
 * What people read of a mail; undefined for mail between machines. The town keeps these as beads, same id. (spec:
 * Mail)
 */
export function readable(type: string, to: string, body: unknown): MailBody<'message.sent'> | undefined {
  if (type === 'message.sent') return mailSchemas['message.sent'].parse(body)
  if (type === 'escalation.raised' && to === 'overseer') {
    const escalation = mailSchemas['escalation.raised'].parse(body)
    const { subject, body: why, cause } = escalation
    return { ...alone, subject, body: why, priority: 1, cause }
  }
  if (type === 'epic.completed' && to === 'overseer') {
    const done = mailSchemas['epic.completed'].parse(body)
    const all = `Every child of ${done.epic} in ${done.rig} has landed.`
    return { ...alone, subject: `${done.epic} is complete`, body: all, priority: 2, cause: causes.complete(done.epic) }
  }
  return undefined
}
