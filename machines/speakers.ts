// Speakers: whether an address may say a type of mail to another. Asked once, where mail enters a mailbox.
// Never: looks at what the mail says.
import { type Whereabouts, whereabouts } from './address.ts'
import { type MailType, mails, type Speaker } from './mail.ts'

/** Why `from` may not say this to `to`; undefined when it may. Types nobody knows are refused elsewhere. */
export function mayNotSay({ from, to, type }: { from: string; to: string; type: string }): string | undefined {
  const allowed = mails[type as MailType]?.from as readonly Speaker[] | undefined
  if (!allowed || allowed.includes('anyone')) return undefined
  const [speaker, hearer] = [whereabouts(from), whereabouts(to)]
  if (speaker && hearer && allowed.some((each) => each === speaker.role && isNear(speaker, hearer))) return undefined
  return `${from} may not say ${type} to ${to}`
}

/** Roles of a rig speak within it; those with a name to what bears the same name, or to what has none. */
function isNear(speaker: Whereabouts, hearer: Whereabouts): boolean {
  if (!('rig' in speaker) || !('rig' in hearer)) return true
  if (speaker.rig !== hearer.rig) return false
  return !('name' in speaker) || !('name' in hearer) || speaker.name === hearer.name
}
