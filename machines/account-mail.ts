// What mail says of accounts; a part of `mail.ts`.
// Never: sends anything.
import { z } from 'zod'

/** `<preset>/<name>`; empty: the environment, as it is. */
export const accountId = z
  .string()
  .regex(/^([a-z][a-z0-9-]*\/[A-Za-z0-9][\w.-]{0,39})?$/, 'an account is called <preset>/<name>, such as claude/work')

/**
 * `limited`: until then (milliseconds since the epoch; null: nobody knows); `refused`: until somebody mends key, credit
 * or configuration.
 */
export const accountHeld = z.object({
  what: z.enum(['limited', 'refused']),
  until: z.number().nullable(),
  /** The same in milliseconds from now, by the clock of whoever read it; null: nobody said. */
  leftMs: z.number().nullable().default(null),
  why: z.string(),
  /** It was told before, and no turn came of it since. */
  again: z.boolean().default(false),
  /** How often in a row before. */
  times: z.int().min(0).default(0),
  /** null: whatever the account, for it is the configuration that lacks something. */
  account: accountId.nullable().default(''),
  /** Rigs that are to hear of it. */
  rigs: z.array(z.string()).default([]),
})

export const accountReleased = z.object({ account: accountId.nullable(), rigs: z.array(z.string()).default([]) })

/** Of a rig: the preset of its agent, the accounts it may use, and which other rigs may use some of them. */
export const accountsOfRig = {
  agent: z.string().default(''),
  accounts: z.array(accountId).default([]),
  sharers: z.array(z.string()).default([]),
}
