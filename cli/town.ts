// The composition root: store, clock, chance, hands and roles put together into one running town.
// Never: decides anything; it connects.

import { randomUUID } from 'node:crypto'
import { dirname, extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { entitlementOf, unknownIn } from '../actors/accounts.ts'
import { mailOf } from '../actors/beads/mail.ts'
import { reseal } from '../actors/beads/reseal.ts'
import { townsPrefix } from '../actors/beads/tiers.ts'
import { bind } from '../actors/binding.ts'
import { readConfig, townConfig } from '../actors/config.ts'
import { endEverySession, endOver, endPrograms } from '../actors/ends.ts'
import { factsOf, rigOfIssue } from '../actors/facts.ts'
import { foldersIn } from '../actors/files.ts'
import { gitTrouble, prepareGit } from '../actors/git/prepare.ts'
import { clearForgotten } from '../actors/git/retire.ts'
import type { RigGit } from '../actors/git/rig.ts'
import { endRunning } from '../actors/git/run.ts'
import { renewInstructions } from '../actors/instructions.ts'
import { rigLayout, townLayout } from '../actors/layout.ts'
import { dayOf } from '../actors/ledger/days.ts'
import { openLedger } from '../actors/ledger/ledger.ts'
import { pluginsIn } from '../actors/plugins/enabled.ts'
import { identityIn, isAlive, startOf } from '../actors/processes.ts'
import { startProjections } from '../actors/projections.ts'
import { hostRecords, makeRecords } from '../actors/records.ts'
import { endLeftPrograms } from '../actors/remains.ts'
import { keepSecret, newSecret, secretOf } from '../actors/secret.ts'
import { tokenValid, watchShims } from '../actors/sessions/identity.ts'
import { endSessions } from '../actors/sessions/session.ts'
import { tmuxBackend } from '../actors/sessions/tmux.ts'
import { daemon, mayor, overseer, polecatOf, rigOf, witnessOf } from '../machines/address.ts'
import { causes } from '../machines/escalations.ts'
import type { Host, JsonObject, Role } from '../runtime/contract.ts'
import { openDriver, openHost, Refusal, systemClock, systemRandom } from '../runtime/open.ts'
import type { TownBehind } from './behind.ts'
import { mailHash } from './door.ts'
import { foundIn } from './found.ts'
import { bareEnv, handsOf, makeShimsOf } from './hands.ts'
import { startHousekeeping } from './housekeeping.ts'
import { putAway, startExpiry } from './mail-keeping.ts'
import { openMailroom } from './mailroom.ts'
import { openPluginDesk } from './plugins.ts'
import { sendingPace } from './post-office.ts'
import { openRigs, type Rigs } from './rigs.ts'
import { openShelves } from './shelves.ts'
import { escalations, heardOf, isHeard, runsUnderway, shownOf } from './status.ts'
import { type Syncing, startSyncing } from './syncing.ts'
import type { DaemonOptions } from './word.ts'

export interface TownOptions extends DaemonOptions {
  pid: number
  onFatal(error: unknown): void
  /** Aborted when the town is to end before it has begun. */
  signal: AbortSignal
  /** Trouble that the town goes on with. */
  report(error: unknown): void
  /** A file that a person wrote is not as it should be. */
  warn(problem: string): void
  goDown(): void
}

export interface Town {
  behind: TownBehind
  host: Host
  /** Puts back what somebody took away of what the town gives out: its secret, and the commands of sessions; says what. */
  mend(): string[]
  /**
   * Starts the roles' work and watches the rigs' beads and configuration. Rejects when any of it cannot be, or the
   * signal comes; then nothing has been started.
   */
  begin(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export async function openTown(options: TownOptions): Promise<Town> {
  const { town } = options
  const layout = townLayout(town)
  const { name } = readConfig(layout.townJson, townConfig)
  const trouble = await gitTrouble()
  if (trouble !== undefined) throw new Refusal(trouble)
  const rigs = openRigs(town, {
    changed(rig) {
      tellWitness(rig)
      behind.accountsChanged()
    },
    wrong: options.warn,
    read: () => ledger.readPrices(),
  })
  const around = { env: options.env, ours: [layout.shims, options.entry.bd] }
  const shelves = openShelves(town, around, {
    mended(rig, words) {
      options.warn(words)
      const subject = `the issues of ${rig ?? 'the town itself'} were found wrong and mended`
      say(overseer, 'message.sent', { subject, body: words, cause: causes.mended(rig ?? 'mayor') })
    },
    linked: options.warn,
    unusable(rig, words) {
      options.warn(words)
      const subject = `the issues of ${rig ?? 'the town itself'} cannot be used`
      const body = `${words}\nThe town stays up, and goes on with them as soon as they can be used.`
      say(mayor, 'escalation.raised', { cause: causes.issues(rig ?? 'mayor'), rig: rig ?? '', subject, body })
    },
    usable: (rig) => say(mayor, 'escalation.cleared', { cause: causes.issues(rig ?? 'mayor') }),
    report: options.report,
  })
  const say = (to: string, type: string, body: JsonObject) => void driver.post({ from: daemon, to, type, body })
  const look = (rig: string) => say(witnessOf(rig), 'issues.changed', {})
  const prefixOf = (rig: string | undefined) => (rig === undefined ? townsPrefix : rigs.get(rig).beads.prefix)
  /** Asked in order; plugins that bring a machine come first, also those that come later. */
  const roles: Role[] = []
  const plugins = openPluginDesk(town, roles)
  const facts = factsOf(town, rigs.all, plugins, rigs.ofTown)
  const binding = bind({ facts, prefixOf })
  roles.push(...binding.roles)
  for (const rig of rigs.all().keys()) await plugins.read(rig)
  try {
    renewInstructions(town)
  } catch (error) {
    options.report(error)
  }
  const known = secretOf(town)
  const secret = known ?? newSecret()
  const makeShims = makeShimsOf(options)
  const mend = () => [...(keepSecret(town, secret) ? [layout.secret] : []), ...makeShims()]
  makeShims()
  const found = foundIn(town)
  const healed: string[] = []
  makeRecords(town)
  const heal = (words: string) => {
    healed.push(words)
    options.warn(words)
  }
  const ledger = openLedger(town, { told: heal })
  // Last of what may fail: from here on there is something to be closed.
  const host = await hostRecords(town, {
    signal: options.signal,
    healed: heal,
    hosted: (store) =>
      openHost({
        store,
        clock: systemClock,
        random: systemRandom,
        holder: `${options.pid}:${startOf(options.pid)}:${randomUUID()}`,
        holderGone,
        ...binding,
        roles,
      }),
  })
  const git = gitOf(options, rigs)
  const waits = waitsOf(options)
  const driver = openDriver({
    host,
    clock: systemClock,
    onFatal: options.onFatal,
    onWait: waits.are,
    passes: (error) => isShut(layout.daemon, error),
    onRefused: options.report,
    handlers: handsOf(options, { rigs, shelves, plugins, git, secret, ledger, look }),
  })

  const accountsOf = (rig: string) => entitlementOf(town, rigs.all(), rig, rigs.ofTown())
  const tellWitness = (rig: string) => say(witnessOf(rig), 'rig.configured', heardOf(rigs.get(rig), accountsOf(rig)))
  /** What one rig may use, others may know of. */
  const tellWitnesses = (names: readonly string[]) => {
    for (const rig of names) if (!isHeard(host, rig, rigs.get(rig), accountsOf(rig))) tellWitness(rig)
  }
  const watchRig = (rig: string) => {
    const changed = () => look(rig)
    shelves.watch(rig, changed)
    // Somebody may have written while nobody watched.
    changed()
  }

  const workersOf = (rig: string) => ({
    knows(polecat: string, incarnation: number) {
      const actor = host.actor(polecatOf(rig, polecat))
      return actor?.status !== undefined && actor.status !== 'done' && actor.incarnation === incarnation
    },
    issueOf(polecat: string) {
      const address = polecatOf(rig, polecat)
      return (
        shelves
          .of(rig)
          .inHands(address, '')
          .find(({ assignee }) => assignee === address)?.id ?? 'unknown'
      )
    },
  })

  let foundWords: readonly string[] = []
  let projections: ReturnType<typeof startProjections> | undefined
  let endHousekeeping: (() => void) | undefined
  let syncing: Syncing | undefined
  let endExpiry: (() => void) | undefined
  let endShims: (() => void) | undefined
  let takesSessions = false
  const behind: TownBehind = {
    root: town,
    name,
    version: options.version,
    pid: options.pid,
    startedAt: systemClock.now(),
    host,
    poke: () => driver.poke(),
    take: openMailroom(host, () => driver.poke()),
    paced: sendingPace(systemClock.watched),
    filed(id) {
      const kept = shelves.message(id)
      return kept && mailOf(secret, kept)
    },
    unread: (address) => shelves.unread(address),
    unreadMax: () => rigs.ofTown().mail.unread_max,
    issues: shelves.issues,
    rigs: facts.rigs,
    rigOfIssue: (id) => rigOfIssue(rigs.all(), id),
    rig: (rig) => shownOf(rigs.get(rig), accountsOf(rig)),
    accountsChanged: () => tellWitnesses(facts.rigs()),
    spent: (asked) => ledger.spent(asked),
    today: () => dayOf(systemClock.now()),
    problems: () => [
      ...waits.words(),
      ...healed.slice(-healedShown),
      ...rigs.problems(),
      ...unknownIn(town, rigs.all(), rigs.ofTown()),
      ...shelves.problems(),
      ...(syncing?.problems() ?? []),
      ...plugins.problems(facts.rigs()),
    ],
    waits: waits.words,
    get found() {
      return foundWords
    },
    plugins,
    readAgain: rigs.readAgain,
    isRemoved: (rig) => foldersIn(layout.removed).some((name) => name.replace(/-\d+$/, '') === rig),
    members: (rig) => ({
      plugins: pluginsIn(town, rig),
      crew: foldersIn(rigLayout(town, rig).crew),
    }),
    tokenValid: (address, epoch, token) => tokenValid(secret, address, epoch, token),
    endSessions: (rig) => endSessions(layout.sessions, rig, 2000, new AbortController().signal),
    async rigAdded(rig) {
      rigs.add(rig)
      await plugins.read(rig)
      watchRig(rig)
      behind.accountsChanged()
    },
    async removeRig(rig) {
      host.forget(`${rig}/`)
      await shelves.drop(rig)
      const to = rigs.remove(rig)
      behind.accountsChanged()
      return to
    },
    newMailId: (to, seed) => `${prefixOf(rigOf(to))}-${mailHash(seed)}`,
    goDown({ keepSessions }) {
      takesSessions = !keepSessions
      options.goDown()
    },
  }
  return {
    behind,
    host,
    mend,
    async begin(signal) {
      const names = [...rigs.all().keys()]
      // What cannot be opened is told before anything is started.
      const mended = shelves.begin([undefined, ...names].map((rig) => ({ rig, prefix: prefixOf(rig) })))
      // What a killed daemon started has nobody who waits for it, and would work beside what is started anew.
      const live = new Set(runsUnderway(host))
      // What they say for themselves is derived from a secret that is gone: they begin again.
      const strangers = known === undefined ? await behind.endSessions(null) : []
      keepSecret(town, secret)
      const [ended] = await Promise.all([endLeftPrograms(town, names), endOver(town, (id) => live.has(id))])
      await shelves.beginReal(names)
      foundWords = [
        ...found.words(host.depth(), ended),
        ...(known === undefined ? [newSecretWords(layout.secret, strangers)] : []),
        ...mended,
      ]
      signal.throwIfAborted()
      await prepareGit(git, names)
      for (const rig of names) {
        foundWords = [...foundWords, ...(await clearForgotten(git, rig, workersOf(rig)))]
        signal.throwIfAborted()
      }
      for (const rig of [undefined, ...names]) reseal(shelves.of(rig), secret, host.mail)
      // Changed while the town was down.
      tellWitnesses(names)
      shelves.watch(undefined, () => {})
      for (const rig of names) watchRig(rig)
      rigs.watch()
      for (const problem of behind.problems()) options.warn(problem)
      projections = startProjections(town, host, facts.rigs, options.report)
      driver.start()
      // Told before a restart that brought them back.
      for (const { cause } of escalations(host))
        if ([undefined, ...names].some((rig) => cause === causes.issues(rig ?? 'mayor')))
          say(mayor, 'escalation.cleared', { cause })
      const { report } = options
      const copyIssues = () => shelves.copy(systemClock.now())
      const stores = { root: town, tiers: () => [undefined, ...facts.rigs()], of: shelves.of }
      const putMailAway = (now: number) =>
        putAway(stores, new Date(now - rigs.ofTown().mail.keep_days * 86_400_000), new Date(now), report)
      const house = { root: town, host, clock: systemClock, rigs: facts.rigs, git, ledger, report }
      endHousekeeping = startHousekeeping({ ...house, copyIssues, putMailAway })
      const { newMailId, poke } = behind
      endExpiry = startExpiry({ ...stores, host, secret, newMailId, poke, now: systemClock.now, report })
      const script = join(dirname(options.entry.gt), `sync-rig${extname(options.entry.gt)}`)
      syncing = startSyncing({ town, node: options.entry.node, script }, rigs.all, options)
      endShims = watchShims(layout.shims, { mend: makeShims, mended: options.warn, trouble: options.report })
    },
    async close() {
      const steps = [
        () => driver.stop(3000),
        () => syncing?.close(),
        // One that hangs at origin would outlive the town.
        () => endRunning(town),
        // So would what was begun while everything was being ended.
        () => endPrograms(town),
        () => (takesSessions ? endEverySession(town, tmuxBackend(layout.tmuxSocket, bareEnv(options))) : undefined),
        () => endHousekeeping?.(),
        () => endExpiry?.(),
        () => endShims?.(),
        () => projections?.stop(),
        // Before what may take its time: records that are not closed are told of when the town is next begun.
        host.close,
        ledger.close,
        rigs.close,
        // What is lost while the town is down can be brought back as it is now.
        () => Promise.race([shelves.copy(systemClock.now()), sleep(copyWithinMs, undefined, { ref: false })]),
        shelves.close,
      ]
      // What cannot be closed keeps nothing else open.
      for (const step of steps)
        try {
          await step()
        } catch (error) {
          options.report(error)
        }
    },
  }
}

const newSecretWords = (path: string, ended: readonly string[]) =>
  `${path} was missing or cut: it is a new one${ended.length > 0 ? `, and sessions of the old one begin again (${ended.join(', ')})` : ''}`

/** How long the copies at the end may take, in milliseconds; what is not copied then is copied at the next start. */
const copyWithinMs = 4000
/** Of what was mended, as many are shown until the town is next begun. */
const healedShown = 3

/** The town's own folder is shut to itself: no fault of what was to be done, and over once somebody has opened it. */
function isShut(folder: string, error: unknown): boolean {
  const { code = '', path = '' } = error as NodeJS.ErrnoException
  return ['EACCES', 'EPERM'].includes(code) && path.startsWith(`${folder}/`)
}

/** What waits for room on a disk or for a lock, as the Overseer is told. */
function waitsOf({ warn }: TownOptions) {
  let since = 0
  let now: readonly string[] = []
  return {
    are(words: readonly string[]) {
      if (now.length === 0) since = Date.now()
      now = words
      warn(words.length > 0 ? `the town waits: ${words.join('; ')}` : 'the town goes on')
    },
    words: () =>
      now.map(
        (words) =>
          `since ${new Date(since).toISOString()} the town waits, and tries again by itself every few seconds: ${words}`,
      ),
  }
}

/** What git's rooms are told of the rigs. */
const gitOf = ({ town, report }: TownOptions, rigs: Rigs): RigGit => ({
  town,
  defaultBranch: (rig) => rigs.get(rig).default_branch,
  url: (rig) => rigs.get(rig).git_url,
  mergeStyle: (rig) => rigs.get(rig).merge_style,
  branchRenamed: rigs.readAgain,
  report,
})

/** A holder is `pid:start time:uuid`; it is gone when that very process is. */
const holderGone = (holder: string) => !isAlive(identityIn(holder))
