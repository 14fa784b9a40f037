// The mail of a whole town, its own tier's and every rig's as one: for words that read it and ask no daemon.
// Never: opens a store for writing but to note how far a mail has come; shows what the town did not send.
import { rigOf } from '../../machines/address.ts'
import { jsonAt } from '../files.ts'
import { rigLayout, townLayout } from '../layout.ts'
import { secretOf } from '../secret.ts'
import { BeadsError, type Receipt, type ReceiptStep } from './contract.ts'
import type { Beads } from './embedded.ts'
import { come, inbox, type Mail, mailIn, mailOf, newestFirst, type Progress, progressOf } from './mail.ts'
import type { InboxFilter, MessageFilter } from './messages.ts'
import { openTier, rigsIn } from './tiers.ts'

/** Where mail to this address is kept. */
const tierOf = (mail: Pick<Mail, 'to'>) => rigOf(mail.to)
/** How many ids are named of those that may be meant. */
const namedMax = 5
/** How long another's write to a store is waited for, in milliseconds. */
const busyMs = 5000

export type TownMail = ReturnType<typeof mailOfTown>

/** Opens each store when it is first asked for. Throws with words when the town's secret is missing. */
export function mailOfTown(town: string) {
  const secret = secretOf(town)
  if (secret === undefined)
    throw new Error(
      `${townLayout(town).secret} is missing or cut, so that it cannot be told which mail is the town’s; a town that is up mends that, and so does gt up`,
    )
  const opened = new Map<string | undefined, Beads>()
  const tier = (rig: string | undefined): Beads => {
    const known = opened.get(rig)
    if (known) return known
    if (rig !== undefined && !rigsIn(town).includes(rig))
      throw new Error(`no rig "${rig}" in ${town}; rigs: ${rigsIn(town).join(', ') || 'none yet (`gt rig add`)'}`)
    const beads = openTier({ town, rig }, { readonly: true, busyMs })
    opened.set(rig, beads)
    return beads
  }
  const troubles = new Set<string>()
  /** Those that can be used, the likely one first. */
  function* tiers(likely?: string): Generator<{ rig: string | undefined; beads: Beads }> {
    for (const rig of [likely, ...[undefined, ...rigsIn(town)].filter((each) => each !== likely)]) {
      const beads = usable(rig)
      if (beads) yield { rig, beads }
    }
  }
  function usable(rig: string | undefined): Beads | undefined {
    try {
      return tier(rig)
    } catch (error) {
      if (!(error instanceof BeadsError)) throw error
      troubles.add(error.message)
      return undefined
    }
  }
  const likelyFor = (id: string) => rigsIn(town).find((rig) => id.startsWith(`${prefixOf(town, rig)}-`))

  /** The mail of this id, or with this in its id alone. */
  function found(said: string): Mail {
    for (const { rig, beads } of tiers(likelyFor(said))) {
      const kept = beads.message(said)
      if (!kept) continue
      if (kept.issue_type !== 'message') throw new Error(`${said} is not a message (type: ${kept.issue_type})`)
      const mail = mailOf(secret as string, kept)
      if (mail && tierOf(mail) === rig) return mail
      throw new Error(
        `${said} was not sent by this town, or was changed since; \`bd show ${said}\` shows what is there`,
      )
    }
    const like = said === '' ? [] : [...tiers()].flatMap(({ beads }) => beads.messagesLike(said, namedMax + 1))
    if (like.length === 1) return found(like[0] as string)
    if (like.length === 0) throw new Error([lost(said), ...troubles].join('\n'))
    const named = like.slice(0, namedMax).join(', ')
    throw new Error(
      `more than one mail is called so: ${named}${like.length > namedMax ? ', …' : ''}; say more of its id`,
    )
  }

  const isPutAway = (id: string) => [...tiers(likelyFor(id))].some(({ beads }) => beads.isArchived(id))
  const lost = (id: string) =>
    isPutAway(id)
      ? `${id} was put away: \`gt mail read ${id}\` shows it, \`gt mail thread ${id} --archive\` what belongs together with it`
      : `no mail ${id}; \`gt mail search\` and \`gt mail inbox --all\` find one`

  /** Of all tiers, in the order asked for. */
  function everywhere(filter: MessageFilter, limit: number, order: (a: Mail, b: Mail) => number) {
    const each = [...tiers()].map(({ rig, beads }) => ({ rig, ...mailIn(beads, secret as string, filter, limit) }))
    // One that was carried into another store proves nothing there.
    const mail = each.flatMap(({ rig, mail }) => mail.filter((one) => tierOf(one) === rig)).sort(order)
    return { mail: mail.slice(0, limit), strange: each.reduce((sum, one) => sum + one.strange, 0) }
  }

  return {
    /** What is wrong with stores that were passed over, in words. */
    troubles,
    close() {
      for (const beads of opened.values()) beads.close()
    },
    found,
    /** Those of these that are in their inboxes, or were. */
    filed: (sent: readonly Pick<Mail, 'id' | 'to'>[]): Mail[] =>
      sent.flatMap(({ id, to }) => {
        const kept = tier(rigOf(to)).message(id)
        return (kept && mailOf(secret, kept)) ?? []
      }),
    /** Unread, the most urgent first. */
    inbox: (to: string, { limit, ...filter }: InboxFilter & { limit: number }) =>
      inbox(tier(rigOf(to)), secret, to, limit, filter),
    /** What was read, too; the newest first. */
    received: (filter: MessageFilter & { to: string }, limit: number) =>
      mailIn(tier(rigOf(filter.to)), secret, { ...filter, all: true }, limit),
    /** Wherever it is; the newest first. */
    everywhere: (filter: MessageFilter, limit: number) => everywhere({ ...filter, all: true }, limit, newestFirst),
    /** The first mail of a thread with all that belong to it, in the order in which they were sent. */
    thread: (first: string) =>
      everywhere({ thread: first, all: true }, Number.POSITIVE_INFINITY, (a, b) => newestFirst(b, a)),
    /** How far each has come. */
    progress(mail: readonly Mail[]): Map<string, Progress> {
      const of = Map.groupBy(mail, tierOf)
      return new Map([...of].flatMap(([rig, some]) => [...progressOf(tier(rig), secret, some)]))
    },
    /** Those that were never put before their reader, whoever says so. */
    unseen<M extends Pick<Mail, 'id' | 'to'>>(mail: readonly M[]): M[] {
      const of = Map.groupBy(mail, tierOf)
      const seen = [...of].flatMap(([rig, some]) => tier(rig).receiptsOf(some.map(({ id }) => id)))
      const ids = new Set(seen.filter(({ step }) => step === 'shown').map((receipt) => receipt.mail))
      return mail.filter(({ id }) => !ids.has(id))
    },
    /** Changes when something was written to where mail to these addresses is kept. */
    versions: (to: readonly string[]) => [...new Set(to.map(rigOf))].map((rig) => tier(rig).dataVersion()).join(' '),
    isPutAway,
    /** What was put away and is wanted, each once, the newest first. */
    async archived(isWanted: (mail: Mail) => boolean): Promise<(Mail & { progress: Progress })[]> {
      const { archivedIn } = await import('./archived.ts')
      const all = new Map<string, Mail & { progress: Progress }>()
      for (const rig of [undefined, ...rigsIn(town)])
        for (const mail of archivedIn({ town, rig }, secret))
          if (tierOf(mail) === rig && isWanted(mail)) all.set(mail.id, mail)
      return [...all.values()].sort(newestFirst)
    },
    /** Puts these away, as far as they were read; returns which that were. Each store is one commit. */
    async putAway(mail: readonly Mail[], by: string): Promise<string[]> {
      const { archive } = await import('./archive.ts')
      return [...Map.groupBy(mail, tierOf)].flatMap(([rig, some]) => {
        const beads = openTier({ town, rig }, { busyMs })
        try {
          const ids = some.map(({ id }) => id)
          return archive(beads, { town, rig }, ids, { now: new Date(), by })
        } finally {
          beads.close()
        }
      })
    },
    /** Notes that these have come so far, now; once is enough. What is asked of one store is one commit. */
    note(
      mail: readonly Pick<Mail, 'id' | 'to'>[],
      steps: readonly ReceiptStep[],
      { by, withinMs = busyMs }: { by: Receipt['by']; withinMs?: number },
    ): void {
      for (const [rig, some] of Map.groupBy(mail, tierOf)) {
        const beads = openTier({ town, rig }, { busyMs: withinMs })
        try {
          const at = new Date()
          beads.written(() => {
            for (const step of steps) come(beads, secret, some, { step, by, at })
          })
        } finally {
          beads.close()
        }
      }
    },
  }
}

/** Read without the schema of a rig's configuration, which takes longer to load than all of this. */
function prefixOf(town: string, rig: string): unknown {
  const { beads } = jsonAt(rigLayout(town, rig).config) as { beads?: { prefix?: unknown } }
  return beads?.prefix
}
