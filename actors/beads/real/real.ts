// An issue store that a real `bd` keeps. What is asked is answered from its mirror, brought up first when the real
// store may have been written to; what is written is written there, and then known here.
// Never: writes an issue here that was not written there; takes an issue from whoever has it there.
import { whereabouts } from '../../../machines/address.ts'
import { BeadsError, type Issue, type TownIssues } from '../contract.ts'
import type { Beads } from '../embedded.ts'
import { isKept } from '../limits.ts'
import { town } from '../parts.ts'
import { type Heard, mirrorIn, outsider, townsMail } from './mirror.ts'
import type { Names } from './names.ts'
import { argumentBytesMax, type Call, limits, type Program, passing, type Said } from './program.ts'
import { stampOf } from './stamp.ts'
import { asShown } from './version.ts'

export interface RealStore {
  /** Its program. */
  path: string
  issues: TownIssues
  /** Brings the mirror up, when the real store may have been written to. */
  fresh(): Promise<void>
  /** What is wrong now, in words. */
  problems(): string[]
  /** Looks from time to time; calls `changed` when others have written. */
  watch(changed: () => void): void
  close(): void
}

export interface Mirrored {
  /** The mirror, open; throws a BeadsError while it cannot be used. */
  mirror(): Beads
  program: Program
  names: Names
  /** Begins the names of the town's workers here. */
  below: string
  report(error: unknown): void
  /** How often the town says that it is at what its workers hold, in milliseconds. */
  heartbeatMs?: number
}

/** In milliseconds: how often the real store's files are looked at, and when one that could not be read is tried again. */
const lookMs = { usual: 1000, afterTrouble: 5000 }
/** What its files do not show, and what came in between two calls of ours, is seen within so many milliseconds. */
const allMs = { afterWriting: 20_000, always: 120_000 }
/** Reading that takes longer than so many milliseconds is told. */
const slowMs = 10_000
/** A lease is for five minutes. */
const usualHeartbeatMs = 120_000
const strangeShownMax = 3
const triesMax = 4

type Row = Record<string, unknown>

export function openReal(mirrored: Mirrored): RealStore {
  const { mirror, program, names, below, report, heartbeatMs = usualHeartbeatMs } = mirrored
  const { version, dir } = program
  const taken = mirrorIn(mirror, names)
  let seen: string | undefined
  let [readAt, wroteAt, failedAt] = Array.from({ length: 3 }, () => Number.NEGATIVE_INFINITY) as [
    number,
    number,
    number,
  ]
  let reading: Promise<void> | undefined
  let readingSince = 0
  let trouble: string | undefined
  let strange: string[] = []
  let writes = 0
  let changed = () => {}
  const timers: NodeJS.Timeout[] = []

  const isDue = () => {
    const ageMs = performance.now() - readAt
    return stampOf(dir) !== seen || ageMs > allMs.always || (wroteAt > readAt && ageMs > allMs.afterWriting)
  }
  const fresh = async () => {
    // Who comes while it is read may have written after that began.
    for (let tries = 0; tries < 2 && isDue(); tries++) {
      reading ??= read().finally(() => {
        reading = undefined
      })
      await reading
    }
  }
  const read = async () => {
    readingSince = performance.now()
    try {
      await program.inTurn(readAll)
      trouble = undefined
    } catch (error) {
      if (!(error instanceof BeadsError)) throw error
      failedAt = performance.now()
      trouble = `the issues in ${dir} cannot be read by bd ${version.text}: ${error.message}`
      throw Object.assign(new BeadsError(trouble), { errcode: error.errcode })
    }
  }
  const readAll = async (call: Call) => {
    const before = stampOf(dir)
    if (before === 'gone') throw passing('there is no store of a bd')
    const said = await call(['export'], { limitMs: limits.wholeMs })
    if (said.code !== 0) throw passing(refusalIn(said))
    const news = taken.read(said.out)
    const journal = news.closed.length > 0 ? await journalOf(call) : undefined
    mirror().written(() => {
      news.take((issue) => closerOf(issue, journal?.closers))
      // Its closes are known here from now on, and not before.
      if (journal) mirror().setConfig(journalKey, String(journal.told))
    })
    strange = news.strange
    seen = before
    readAt = performance.now()
    if (news.changes === 0) return
    writes++
    changed()
  }

  /** Who closed what since all was read, as far as this version tells, and how far its journal goes. */
  const journalOf = async (call: Call): Promise<{ closers: ReadonlyMap<string, string>; told: number } | undefined> => {
    if (!version.tells) return undefined
    const closers = new Map<string, string>()
    const from = Number(mirror().config(journalKey) ?? 0)
    let told = from
    const { code, out } = await call(['events', 'tail', `--since=${from}`])
    for (const line of code === 0 ? out.split('\n') : []) {
      const { seq, op, issue_id: id, actor } = parsed(line) as Row
      if (typeof seq === 'number') told = Math.max(told, seq)
      if (op === 'close' && typeof id === 'string' && typeof actor === 'string') closers.set(id, names.in(actor))
    }
    return { closers, told }
  }
  /** Of a version that does not tell: what a worker held that is closed, it closed itself. */
  const closerOf = ({ id, assignee }: Issue, closers: ReadonlyMap<string, string> | undefined) =>
    closers?.get(id) ?? (version.tells ? null : assignee)

  /** Writes that belong together; what they change of the files is no news. */
  const writing = <T>(work: (call: Call) => Promise<T>): Promise<T> =>
    program.inTurn(async (call) => {
      const wasSeen = stampOf(dir) === seen
      try {
        return await work(call)
      } finally {
        wroteAt = performance.now()
        if (wasSeen) seen = stampOf(dir)
      }
    })
  /** The issue as it is there now. */
  const look = async (call: Call, id: string): Promise<Issue | undefined> => {
    const row = rowIn(await call(['show', id, '--json']), id)
    // One that was deleted is shown all the same by the oldest.
    if (!row || row.status === 'tombstone') return undefined
    const isClosed = row.status === 'closed' && mirror().get(id)?.status !== 'closed'
    const journal = isClosed ? await journalOf(call) : undefined
    const now = taken.takeRow(row, undefined, true)
    if (isClosed) mirror().room.event(id, 'closed', closerOf(now, journal?.closers) ?? outsider)
    return now
  }
  /** As it is known here; where the program cannot be told what it is taken to be, as it is there. */
  const current = async (call: Call, id: string): Promise<Issue | undefined> =>
    version.guards ? mirror().get(id) : await look(call, id)

  /** Changes an issue that is as it was taken to be. Undefined: it is another one by now, and nothing was written. */
  const change = async (call: Call, was: Issue, flags: readonly string[], heard: Heard) => {
    const holder = was.assignee === null ? '' : names.out(was.assignee)
    const isClaim = flags.includes('--claim')
    const guards = version.guards && !isClaim ? [`--if-assignee=${holder}`, `--if-status=${was.status}`] : []
    const said = await call(['update', was.id, '--json', ...flags, ...guards], { actor: names.out(heard.actor) })
    const row = rowIn(said, was.id)
    if (row) return version.family === 'dolt' ? taken.takeRow(row, heard, true) : await look(call, was.id)
    if (said.code !== 13 && !isClaim) throw new BeadsError(refusalIn(said))
    refusal = refusalIn(said)
    return undefined
  }
  let refusal = ''
  /** Again with what is there now, as often as somebody else was faster. */
  const settled = async <T>(id: string, work: (call: Call) => Promise<T | undefined>): Promise<T> => {
    await fresh()
    return writing(async (call) => {
      for (let tries = 0; tries < triesMax; tries++) {
        const done = await work(call)
        if (done !== undefined) return done
        await look(call, id)
      }
      throw passing(`bd ${version.text} does not write ${id}: ${refusal}`)
    })
  }

  const mustBe = (id: string): Issue => mirror().room.mustBeWork(id)
  const isMail = (id: string) => mirror().get(id)?.issue_type === 'message'
  /** Closed is closed; a reason is said anew only of what is closed anew, and meanwhile it is nobody's to begin. */
  const closed = async (call: Call, was: Issue, reason: string, actor: string, { force, as = actor }: Closing) => {
    const { id } = was
    if (was.status === 'closed' && was.close_reason === reason) {
      if (mirror().closedBy(id) !== actor) mirror().written(() => mirror().room.event(id, 'closed', actor))
      return mustBe(id)
    }
    if (was.status === 'closed' && !(await change(call, was, ['--status=in_progress'], { kind: 'reopened', actor })))
      return undefined
    const forced = force ? ['--force'] : []
    const said = await call(['close', id, '--json', `--reason=${reason}`, ...forced], { actor: names.out(as) })
    const row = rowIn(said, id)
    if (row?.status !== 'closed') throw new BeadsError(refusalIn(said))
    return taken.takeRow(row, { kind: 'closed', actor })
  }

  const issues: TownIssues = {
    ...readings(mirror, fresh),

    claim: (id, holder, from = {}) =>
      settled(id, async (call) => {
        await current(call, id)
        const refused = mirror().whyNotClaim(id, holder, from)
        if (refused) return { refused }
        const was = mustBe(id)
        const { alsoLabel } = from
        const unlabelled =
          alsoLabel !== undefined && mirror().labels(id).includes(alsoLabel) ? [`--remove-label=${alsoLabel}`] : []
        // For one that is free this version has a step of its own, with a lease.
        const isFree = version.claims && was.status === 'open' && was.assignee === null
        const flags = isFree ? ['--claim'] : ['--status=in_progress', `--assignee=${names.out(holder)}`]
        const now = await change(call, was, [...flags, ...unlabelled], { kind: 'claimed', actor: holder })
        return now?.status === 'in_progress' && now.assignee === holder ? { refused: null } : undefined
      }).then(({ refused }) => refused),

    async update(id, changes, actor) {
      if (isMail(id)) return mirror().update(id, changes, actor)
      return settled(id, async (call) => {
        await current(call, id)
        const was = mustBe(id)
        const { status, notes, close_reason: reason } = changes
        if (status === 'closed') return closed(call, was, reason ?? was.close_reason, actor, { force: true })
        const isReopened = was.status === 'closed' && status !== undefined
        // Who did it the first time does not hold it the second time.
        const isFreed = isReopened && whereabouts(was.assignee ?? '')?.role === 'polecat'
        const { assignee = isFreed ? null : undefined } = changes
        const flags = [
          ...(status === undefined ? [] : [`--status=${status}`]),
          ...(assignee === undefined ? [] : [`--assignee=${assignee === null ? '' : names.out(assignee)}`]),
          ...(notes === undefined || notes === was.notes ? [] : notesFlags(was.notes, notes, version.appends)),
        ]
        return flags.length === 0 ? was : change(call, was, flags, { kind: isReopened ? 'reopened' : 'updated', actor })
      })
    },

    addDep: (id, on, type, actor) =>
      settled(id, async (call) => {
        mustBe(id)
        const said = await call(['dep', 'add', id, on, `--type=${type}`, '--json'], { actor: names.out(actor) })
        if (said.code !== 0) throw new BeadsError(refusalIn(said))
        const { written, room } = mirror()
        written(() => {
          room.run(
            'INSERT OR REPLACE INTO dependencies (issue_id, depends_on_id, type, created_at, created_by) VALUES (?, ?, ?, ?, ?)',
            ...[id, on, type, room.at(), actor],
          )
          room.event(id, 'dependency_added', actor, `${type}:${on}`)
        })
        return true
      }).then(() => undefined),

    addLabel: (id, label) =>
      settled(id, async (call) => {
        mustBe(id)
        const said = await call(['label', 'add', id, label, '--json'], { actor: names.out(town) })
        if (said.code !== 0) throw new BeadsError(refusalIn(said))
        mirror().addLabel(id, label)
        return true
      }).then(() => undefined),

    async closeIssue(id, reason, actor, force = false) {
      if (isMail(id)) return mirror().closeIssue(id, reason, actor, force)
      return settled(id, async (call) => {
        await current(call, id)
        const was = mustBe(id)
        const why = force ? undefined : mirror().whyNotClose(id)
        if (why !== undefined) throw new BeadsError(why)
        // Who is not its holder may close it with force only.
        return closed(call, was, reason, actor, { force, as: force ? actor : (was.assignee ?? actor) })
      })
    },

    ...townsMail(mirror),
    async dataVersion() {
      await fresh()
      return writes
    },
  }

  /** Says to the real store that the town is at what its workers hold. */
  const heartbeat = async () => {
    const held = mirror()
      .inHands(below, '')
      .filter(({ status }) => status === 'in_progress')
    for (const { id, assignee } of version.guards ? held : [])
      await writing((call) => call(['heartbeat', id], { actor: names.out(assignee ?? '') }))
  }
  const quietly = (work: () => Promise<unknown>) => () =>
    void work().catch((error: unknown) => {
      // What cannot be done now is told as long as it cannot, and tried again.
      if (!(error instanceof BeadsError)) report(error)
    })

  return {
    path: program.path,
    issues,
    fresh,
    problems() {
      const ageMs = reading === undefined ? 0 : performance.now() - readingSince
      const slow = `bd ${version.text} has been reading the issues in ${dir} for ${Math.round(ageMs / 1000)} s`
      return [trouble ?? [], ageMs > slowMs ? slow : [], strange.slice(0, strangeShownMax)].flat()
    },
    watch(heard) {
      changed = heard
      const isTime = () => performance.now() - failedAt > lookMs.afterTrouble
      timers.push(
        setInterval(
          quietly(async () => reading ?? (isTime() && isDue() ? fresh() : undefined)),
          lookMs.usual,
        ),
        setInterval(quietly(heartbeat), heartbeatMs),
      )
    },
    close() {
      for (const timer of timers) clearInterval(timer)
      program.close()
    },
  }
}

/** How far its journal was read, in the mirror's own configuration. */
const journalKey = 'bd.journal'

interface Closing {
  force: boolean
  /** Under whose name, there. */
  as?: string
}

const asked = [
  ...(['get', 'labels', 'parentOf', 'lineage', 'next', 'inHands', 'unfinished', 'progress', 'parts'] as const),
  ...(['openEpics', 'blockers', 'waitsFor', 'closedBy'] as const),
]
type Asked = Pick<TownIssues, (typeof asked)[number]>

/** What is asked of a store, of one that is brought up first. */
const readings = (mirror: () => Beads, fresh: () => Promise<void>): Asked =>
  Object.fromEntries(
    asked.map((name) => [
      name,
      async (...args: unknown[]) => {
        await fresh()
        return (mirror()[name] as (...args: unknown[]) => unknown)(...args)
      },
    ]),
  ) as unknown as Asked

/** More of what is there is added to it: the rest need not be said again, and may be too long to be. */
function notesFlags(was: string, next: string, appends: boolean): string[] {
  if (appends && was !== '' && next.startsWith(`${was}\n`)) return [`--append-notes=${next.slice(was.length + 1)}`]
  // What cannot be said in one argument is left as it is; its mail says why all the same.
  return isKept(next) && Buffer.byteLength(next) < argumentBytesMax - 100 ? [`--notes=${next}`] : []
}

/** The object of this issue in what a command printed; undefined when it did nothing. */
function rowIn({ out }: Said, id: string): Row | undefined {
  const value = parsed(out)
  const rows = Array.isArray(value) ? value : [value]
  return rows.find((row): row is Row => typeof row === 'object' && row !== null && (row as Row).id === id)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    // Words, or nothing: the exit code and stderr tell.
    return {}
  }
}

/** What it says of why it did not do something. */
function refusalIn({ code, out, err }: Said): string {
  const { error } = parsed(out) as { error?: unknown }
  const lines = err.split('\n').filter((line) => line.trim() !== '' && !/^(warning|\s+Fix:|\s+Or:)/i.test(line))
  return typeof error === 'string' ? error : `bd said ${asShown(lines.join(' ') || out)} (exit code ${code})`
}
