// People's words: what a mail holds that they read, and what an agent notes for itself. (spec: Mail)
// Never: knows who may say it (`mail.ts`).
import { z } from 'zod'
import { asOneLine, bodyLengthMax, subjectLengthMax, wordsLengthMax } from './texts.ts'

/** What a mail that people read is about. */
export const subjectLine = z.string().overwrite(asOneLine).min(1).max(subjectLengthMax)
/** Names another mail; kept beside the one that does. */
export const mailId = z
  .string()
  .max(200)
  .regex(/^[\w.:/-]+$/, 'an id of a mail looks like gm-4k2j9x1q')

export const message = z.object({
  subject: subjectLine,
  body: z.string().max(bodyLengthMax).default(''),
  priority: z.int().min(0).max(4).default(2),
  replyTo: mailId.nullable().default(null),
  threadId: mailId.nullable().default(null),
  /** The first of the mails that were sent as one, to several. */
  groupId: mailId.nullable().default(null),
  /** Of no use after this moment: as people are shown it, in milliseconds since the epoch, and in watched time. */
  expiresAt: z.number().nullable().default(null),
  until: z.number().nullable().default(null),
  /** One unread mail of a cause in an inbox, the last. */
  cause: z.string().max(300).nullable().default(null),
})

export const sessionNote = z.object({
  incarnation: z.int(),
  id: mailId,
  text: z.string().max(wordsLengthMax),
  isCut: z.boolean().optional(),
})
