// The door: every request to the daemon is parsed, its caller identified, its right checked, and only then carried out.
// Never: lets a role do what is another's; answers before what it answers for is committed.
import { createHash } from 'node:crypto'
import { relative, sep } from 'node:path'
import { distance } from 'fastest-levenshtein'
import { z } from 'zod'
import { type Address, mayor, overseer, polecatOf, refineryOf, whereabouts, witnessOf } from '../machines/address.ts'
import { issueId } from '../machines/mail.ts'
import { runSpeaks } from '../machines/session.ts'
import type { Host, Reply } from '../runtime/contract.ts'
import { Refusal } from '../runtime/open.ts'
import type { Methods, Request } from './api.ts'
import {
  escalations,
  type IssueReader,
  outlook,
  polecats,
  queue,
  rigStatus,
  sessions,
  witnessContext,
} from './status.ts'

/** What the door needs of the town behind it; the composition root hands it in. */
export interface TownBehind {
  root: string
  name: string
  version: string
  pid: number
  startedAt: number
  host: Host
  poke(): void
  issues: IssueReader
  rigs(): readonly string[]
  /** The rig whose beads carry this prefix. */
  rigOfIssue(id: string): string | undefined
  rig(name: string): { prefix: string; gates: string[]; gated: boolean; maxWorkers: number; spawnDelayMs: number }
  hasPlugin(rig: string, name: string): boolean
  members(rig: string): { plugins: string[]; crew: string[] }
  tokenValid(address: string, epoch: number, token: string): boolean
  /** Ends every live session of this scope by its recorded identity; the last resort after asking. */
  endSessions(rig: string | null): Promise<string[]>
  rigAdded(rig: string): Promise<void>
  newMailId(to: string, seed: string): string
  /** Called when the daemon is to end. */
  goDown(): void
  now(): number
}

export class UsageError extends Error {
  override name = 'UsageError'
}

const requestShape = z.object({
  v: z.literal(1),
  id: z.string().min(1).max(100),
  method: z.string(),
  params: z.unknown(),
  caller: z.object({ address: z.string(), epoch: z.int(), token: z.string() }).nullable(),
  cwd: z.string(),
})

const rig = z.string().min(1)
const none = z.object({})
const shapes: { [M in keyof Methods]: z.ZodType } = {
  ping: none,
  status: none,
  spawn: z
    .object({ epic: issueId.optional(), issue: issueId.optional(), fresh: z.boolean().optional() })
    .refine((ask) => (ask.epic === undefined) !== (ask.issue === undefined), 'say either --epic or --issue'),
  outlook: z.object({ id: issueId }),
  handoff: none,
  polecats: z.object({ rig }),
  queueList: z.object({ rig }),
  queueAdd: z.object({ rig, polecat: z.string() }),
  refineryProcess: z.object({ rig }),
  sessions: z.object({ rig: rig.optional() }),
  sessionStop: z.object({ address: z.string() }),
  stop: z.object({ rig: rig.optional() }),
  resume: none,
  down: z.object({ keepSessions: z.boolean().optional() }),
  send: z.object({
    to: z.string(),
    subject: z.string().min(1).max(500),
    body: z.string().max(65536),
    priority: z.int().min(0).max(4).optional(),
    replyTo: z.string().optional(),
  }),
  log: z.object({
    last: z.int().positive().optional(),
    address: z.string().optional(),
    issue: z.string().optional(),
    after: z.int().optional(),
    sinceMs: z.number().optional(),
  }),
  follow: z.object({ after: z.int().optional(), address: z.string().optional(), issue: z.string().optional() }),
  rigAdded: z.object({ rig }),
}

/** What an agent in a session may ask for; everything else is the Overseer's. */
const forAgents: ReadonlySet<string> = new Set([
  'ping',
  'status',
  'outlook',
  'polecats',
  'queueList',
  'queueAdd',
  'handoff',
  'send',
  'log',
  'follow',
])
const readOnly: ReadonlySet<string> = new Set([
  'ping',
  'status',
  'outlook',
  'polecats',
  'queueList',
  'sessions',
  'log',
  'follow',
])

/** How long an answer is waited for that takes a role's own work (git, mostly), in milliseconds. */
const answerWithinMs = 120_000
/** How long sessions have to end when all are stopped, before they are ended by force. */
const stopWithinMs = 8_000

interface Asking {
  id: string
  /** The Overseer, or the agent whose credentials held. */
  from: Address
  emit: (event: unknown) => void
  gone: AbortSignal
}
type Answers = {
  [M in keyof Methods]: (
    params: Methods[M]['params'],
    asking: Asking,
  ) => Methods[M]['data'] | Promise<Methods[M]['data']>
}

/** Carries out one request; throws UsageError, Refusal, or what went wrong. */
export function openDoor(
  town: TownBehind,
): (raw: unknown, emit: (event: unknown) => void, gone: AbortSignal) => Promise<unknown> {
  const answers = makeAnswers(town)
  return async (raw, emit, gone) => {
    const request = requestShape.safeParse(raw)
    if (!request.success) throw new UsageError(`not a request this town understands: ${z.prettifyError(request.error)}`)
    const { id, method, caller, cwd } = request.data as Request
    if (!(method in shapes))
      throw new UsageError(
        `this town knows no request "${method}"; is gt of another version than the daemon (${town.version})? \`gt down\`, then \`gt up\``,
      )
    const from = identify(town, method, caller, cwd)
    const params = shapes[method].safeParse(request.data.params ?? {})
    if (!params.success) throw new UsageError(z.prettifyError(params.error))
    const answer = answers[method] as (params: unknown, asking: Asking) => unknown
    return answer(params.data, { id, from, emit, gone })
  }
}

/**
 * Who asks. A session's token binds it to one address and one epoch; without a token it is the Overseer, unless it
 * comes out of a polecat's worktree.
 */
function identify(town: TownBehind, method: string, caller: Request['caller'], cwd: string): Address {
  if (caller === null) {
    const inside = relative(town.root, cwd).split(sep)
    if (
      !readOnly.has(method) &&
      inside[1] === 'polecats' &&
      inside[2] !== undefined &&
      town.rigs().includes(inside[0] ?? '')
    ) {
      throw new Refusal(
        `this is ${inside[0]}/polecats/${inside[2]}'s worktree, but the caller does not say that it is ${inside[2]}`,
      )
    }
    return overseer
  }
  const at = whereabouts(caller.address)
  if (at?.role !== 'polecat' || !town.tokenValid(caller.address, caller.epoch, caller.token))
    throw new Refusal(`${caller.address} is not who calls here`)
  if (!runSpeaks(town.host.actor(`${caller.address}/session`), caller.epoch))
    throw new Refusal(`this session of ${caller.address} (epoch ${caller.epoch}) is over`)
  if (!forAgents.has(method)) throw new Refusal(`${caller.address} may not do that; ask ${at.rig}/witness by mail`)
  return caller.address as Address
}

function makeAnswers(town: TownBehind): Answers {
  const { host } = town
  const post = (draft: Parameters<Host['post']>[0]) => {
    const posted = host.post(draft)
    town.poke()
    return posted.id
  }
  const knownRig = (name: string) => {
    if (!town.rigs().includes(name))
      throw new Refusal(`no rig "${name}" here; rigs: ${town.rigs().join(', ') || 'none yet (`gt rig add`)'}`)
    return name
  }
  const rigOf = (issue: string) => {
    const found = town.rigOfIssue(issue)
    if (found === undefined)
      throw new Refusal(
        `no rig has issues like ${issue}; prefixes: ${
          town
            .rigs()
            .map((name) => `${town.rig(name).prefix} (${name})`)
            .join(', ') || 'none'
        }`,
      )
    return found
  }

  return {
    ping: () => ({ version: town.version, pid: town.pid, town: town.root, startedAt: town.startedAt }),
    status: () => {
      const depth = host.depth()
      return {
        town: {
          name: town.name,
          root: town.root,
          version: town.version,
          pid: town.pid,
          startedAt: town.startedAt,
          stopped: host.holds().includes('*'),
        },
        rigs: town.rigs().map((name) => rigStatus(host, name, town.rig(name))),
        escalations: escalations(host),
        depth: {
          mail: depth.mail,
          effects: depth.effectsPending + depth.effectsStarted,
          timers: depth.timers,
          dead: host.deadLetters().length,
        },
      }
    },
    spawn: async ({ epic, issue, fresh }, asking) => {
      const id = (epic ?? issue) as string
      const rig = rigOf(id)
      const bead = await town.issues.issue(rig, id)
      if (!bead) throw new Refusal(`no issue ${id} in ${rig}; \`bd list\` in the rig shows what there is`)
      if (epic !== undefined && bead.type !== 'epic')
        throw new Refusal(`${id} is a ${bead.type}, not an epic; \`gt spawn --issue ${id}\``)
      if (issue !== undefined && bead.type === 'epic')
        throw new Refusal(`${id} is an epic; \`gt spawn --epic ${id}\` gives its children to workers`)
      if (bead.status === 'closed') throw new Refusal(`${id} is closed already`)
      const ours = Object.entries(witnessContext(host, rig)?.workers ?? {}).find(([, worker]) => worker.issue === id)
      const queued = witnessContext(host, rig)?.queued[id]
      if (issue !== undefined && bead.status === 'in_progress' && bead.assignee && !ours && !queued)
        throw new Refusal(`${id} is held by ${bead.assignee}`)
      const mailId = post({
        id: `req-${asking.id}`,
        from: asking.from,
        to: mayor,
        type: 'work.requested',
        body: { rig, epic: epic ?? null, issues: issue ? [issue] : [], fresh: fresh ?? false },
      })
      const reply = await answered(host, mailId, asking.gone)
      if (!reply.ok) throw new Refusal(reply.text)
      return {
        rig,
        text:
          host.holds().length > 0 && isHeld(host, rig)
            ? `${reply.text}; the rig is stopped, work starts at \`gt up\``
            : reply.text,
      }
    },
    outlook: async ({ id }) => {
      const found = await outlook(host, town.issues, rigOf(id), id)
      if (!found) throw new Refusal(`no issue ${id} in ${rigOf(id)}`)
      return found
    },
    handoff: async (_, asking) => {
      if (whereabouts(asking.from)?.role !== 'polecat')
        throw new UsageError('`gt handoff` is for a polecat, in its own session')
      const mailId = post({
        id: `req-${asking.id}`,
        from: asking.from,
        to: asking.from,
        type: 'handoff.requested',
        body: {},
      })
      const reply = await answered(host, mailId, asking.gone)
      if (!reply.ok) throw new Refusal(reply.text)
      return { text: reply.text }
    },
    polecats: ({ rig }) => polecats(host, knownRig(rig)),
    queueList: ({ rig }) => queue(host, knownRig(rig)),
    queueAdd: async ({ rig, polecat }, asking) => {
      const address = polecatOf(knownRig(rig), polecat)
      if (asking.from !== overseer && asking.from !== address)
        throw new Refusal(`${asking.from} may hand over its own work only`)
      if (host.actor(address)?.status !== 'active')
        throw new Refusal(`no polecat ${polecat} in ${rig}; \`gt polecats ${rig}\` lists them`)
      const mailId = post({
        id: `req-${asking.id}`,
        from: asking.from,
        to: address,
        type: 'handoff.requested',
        body: {},
      })
      const reply = await answered(host, mailId, asking.gone)
      if (!reply.ok) throw new Refusal(reply.text)
      return { text: reply.text }
    },
    refineryProcess: async ({ rig }, asking) => {
      const mailId = post({
        id: `req-${asking.id}`,
        from: asking.from,
        to: refineryOf(knownRig(rig)),
        type: 'queue.poked',
        body: {},
      })
      return { text: (await answered(host, mailId, asking.gone)).text }
    },
    sessions: ({ rig }) => sessions(host, rig === undefined ? undefined : knownRig(rig)),
    sessionStop: async ({ address }, asking) => {
      const at = whereabouts(expand(town, address))
      if (at?.role !== 'polecat' || !witnessContext(host, at.rig)?.workers[at.name])
        throw new Refusal(`no polecat ${address}; \`gt session list\` shows who has a session`)
      post({
        id: `req-${asking.id}`,
        from: asking.from,
        to: witnessOf(at.rig),
        type: 'session.stopRequested',
        body: { polecat: at.name },
      })
      await quiet(
        town,
        asking.gone,
        () =>
          !host.actor(`${polecatOf(at.rig, at.name)}/session`) ||
          host.actor(`${polecatOf(at.rig, at.name)}/session`)?.value === 'absent',
      )
      return { text: `${at.rig}/polecats/${at.name} is stopped, its work is kept; \`gt up\` lets it go on` }
    },
    stop: async ({ rig }, asking) => ({
      stopped: await stopSessions(town, rig === undefined ? null : knownRig(rig), 'stopped by the Overseer', asking),
    }),
    resume: (_, asking) => {
      for (const scope of host.holds()) host.release(scope)
      for (const { address, status } of host.actors()) if (status === 'halted') host.resume(address)
      for (const name of town.rigs()) {
        const { maxWorkers, spawnDelayMs } = town.rig(name)
        post({ from: asking.from, to: witnessOf(name), type: 'rig.configured', body: { maxWorkers, spawnDelayMs } })
        post({ from: asking.from, to: witnessOf(name), type: 'rig.resumed', body: {} })
      }
      return { resumed: [...town.rigs()], pid: town.pid }
    },
    down: async ({ keepSessions }, asking) => {
      const stopped = keepSessions ? [] : await stopSessions(town, null, 'the town goes down', asking)
      town.goDown()
      return { stopped, pid: town.pid }
    },
    send: ({ to, subject, body, priority, replyTo }, asking) => {
      const recipient = reachable(town, to)
      const id = post({
        id: town.newMailId(recipient, asking.id),
        from: asking.from,
        to: recipient,
        type: 'message.sent',
        body: { subject, body, priority: priority ?? 2, replyTo: replyTo ?? null, threadId: null },
      })
      return { id, to: recipient }
    },
    log: (query) =>
      host.journal({
        ...query,
        ...(query.last === undefined && query.after === undefined && query.sinceMs === undefined ? { last: 200 } : {}),
      }),
    follow: ({ after, address, issue }, asking) => {
      if (after !== undefined) {
        const entries = host.journal({ after, ...(address ? { address } : {}), ...(issue ? { issue } : {}) })
        if (entries.length > 0) asking.emit({ entries })
      }
      const unheard = host.onCommit((all) => {
        const entries = all.filter(
          (entry) =>
            (!address || entry.address === address) && (!issue || entry.notes.some((note) => note.issue === issue)),
        )
        if (entries.length > 0) asking.emit({ entries })
      })
      return new Promise((resolve) => {
        const done = () => {
          unheard()
          resolve(null)
        }
        if (asking.gone.aborted) done()
        else asking.gone.addEventListener('abort', done, { once: true })
      })
    },
    rigAdded: async ({ rig }, asking) => {
      await town.rigAdded(rig)
      const { maxWorkers, spawnDelayMs } = town.rig(rig)
      post({ from: asking.from, to: witnessOf(rig), type: 'rig.configured', body: { maxWorkers, spawnDelayMs } })
      return null
    },
  }
}

/**
 * Nothing starts any more in this scope; every session is asked to end by its Witness, and ended by force if that
 * takes too long.
 */
async function stopSessions(town: TownBehind, rig: string | null, why: string, asking: Asking): Promise<string[]> {
  const { host } = town
  const scope = rig === null ? town.rigs() : [rig]
  host.hold(rig === null ? '*' : `${rig}/`)
  const live = sessions(host, rig ?? undefined).map((session) => session.address)
  for (const name of scope) host.post({ from: asking.from, to: witnessOf(name), type: 'rig.stopped', body: { why } })
  town.poke()
  await quiet(town, asking.gone, () => sessions(host, rig ?? undefined).length === 0)
  const forced = await town.endSessions(rig)
  return [...new Set([...live, ...forced])]
}

/** Waits until something holds, looking after every commit; gives up silently after stopWithinMs. */
function quiet(town: TownBehind, gone: AbortSignal, holds: () => boolean): Promise<void> {
  if (holds()) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(limit)
      unheard()
      resolve()
    }
    const limit = setTimeout(done, stopWithinMs)
    gone.addEventListener('abort', done, { once: true })
    const unheard = town.host.onCommit(() => {
      if (holds()) done()
    })
  })
}

/** The reply to a mail, now or when its recipient has done what it takes. */
function answered(host: Host, mailId: string, gone: AbortSignal): Promise<Reply> {
  const already = host.reply(mailId)
  if (already) return Promise.resolve(already)
  return new Promise((resolve, reject) => {
    const over = () => {
      clearTimeout(limit)
      unheard()
    }
    const limit = setTimeout(() => {
      over()
      reject(new Refusal(`no answer within ${answerWithinMs / 1000} s; it is still being worked on: \`gt log\``))
    }, answerWithinMs)
    gone.addEventListener('abort', over, { once: true })
    const unheard = host.onCommit((_, replies) => {
      const mine = replies.find((candidate) => candidate.to === mailId)
      if (!mine) return
      over()
      resolve(mine.reply)
    })
  })
}

function isHeld(host: Host, rig: string): boolean {
  return host.holds().some((scope) => scope === '*' || scope === `${rig}/`)
}

/** `wyvern/Nux` for `wyvern/polecats/Nux`, as people say it. */
function expand(town: TownBehind, text: string): string {
  const [rig, name, ...rest] = text.split('/')
  const short =
    rest.length === 0 &&
    rig !== undefined &&
    name !== undefined &&
    town.rigs().includes(rig) &&
    witnessContext(town.host, rig)?.workers[name]
  return short ? polecatOf(rig, name) : text
}

/** The address mail is sent to; a Refusal that names the nearest for one where nobody is. */
function reachable(town: TownBehind, text: string): Address {
  const known = town.rigs().flatMap((rig) => {
    const { plugins, crew } = town.members(rig)
    const workers = Object.keys(witnessContext(town.host, rig)?.workers ?? {})
    return [
      witnessOf(rig),
      refineryOf(rig),
      ...workers.map((name) => polecatOf(rig, name)),
      ...plugins.map((name) => `${rig}/plugins/${name}`),
      ...crew.map((name) => `${rig}/crew/${name}`),
    ]
  })
  const all = [mayor, overseer, ...known]
  const wanted = text === 'mayor' ? mayor : expand(town, text)
  if (all.includes(wanted)) return wanted as Address
  const nearest = nearestOf(text, all)
  throw new Refusal(`nobody is at "${text}"${nearest ? `; did you mean ${nearest}?` : ''}`)
}

function nearestOf(text: string, all: readonly string[]): string | undefined {
  const ranked = all
    .map((candidate) => ({ candidate, distance: distance(text, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate
}

/** A fresh bead-shaped hash for a mail, the same for the same seed: a request sent twice is one mail. */
export function mailHash(seed: string): string {
  const digest = createHash('sha256').update(seed).digest()
  return digest.readBigUInt64BE(0).toString(36).padStart(8, '0').slice(-8)
}
