// Readable: what people read of a mail.
// Never: changes what it says.
import { mailSchemas } from './mail.ts'

/**
 * What people read of a mail; undefined for mail between machines. The town keeps these as beads, same id. (spec:
 * Mail)
 */
export function readable(
  type: string,
  to: string,
  body: unknown,
): { subject: string; body: string; priority: number; replyTo: string | null; threadId: string | null } | undefined {
  if (type === 'message.sent') return mailSchemas['message.sent'].parse(body)
  if (type === 'escalation.raised' && to === 'overseer') {
    const escalation = mailSchemas['escalation.raised'].parse(body)
    return { subject: escalation.subject, body: escalation.body, priority: 1, replyTo: null, threadId: null }
  }
  if (type === 'epic.completed' && to === 'overseer') {
    const done = mailSchemas['epic.completed'].parse(body)
    return {
      subject: `${done.epic} is complete`,
      body: `Every child of ${done.epic} in ${done.rig} has landed.`,
      priority: 2,
      replyTo: null,
      threadId: null,
    }
  }
  return undefined
}
