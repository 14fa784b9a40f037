// Asks origin where its main is, and fetches it. Only the Refinery's clone talks to origin: at the address in
// config.json, and for main by its full name.
// Never: fetches tags or other branches, prunes, or takes another branch for main unless origin's HEAD names it and it
// has all that main had.
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { systemClock } from '../../runtime/open.ts'
import { readConfig, writeConfig } from '../config.ts'
import { rigLayout } from '../layout.ts'
import { overNetwork } from './at.ts'
import { asking } from './credentials.ts'
import { contains, GitFailed, git } from './git.ts'
import { followMain, readRef } from './refs.ts'
import { type RigGit, silentMaxMs } from './rig.ts'
import { type OriginTrouble, troubleOf } from './words.ts'

export type OriginMain =
  /** null: origin has no branch at all. */
  { kind: 'known'; main: string | null } | OriginTrouble | { kind: 'no_main'; why: string }

const underway = new Map<string, { answer: Promise<OriginMain>; sinceMs: number }>()
const answeredAtMs = new Map<string, number>()

/** Asks origin for main, and brings the rig's clones to it. Who asks while somebody does gets the same answer. */
export function fetchMain(deps: RigGit, rig: string): Promise<OriginMain> {
  const { refineryClone } = rigLayout(deps.town, rig)
  const running = underway.get(refineryClone)
  if (running) return running.answer
  const answer = askAndFollow(deps, rig).finally(() => underway.delete(refineryClone))
  underway.set(refineryClone, { answer, sinceMs: systemClock.watched() })
  return answer
}

/**
 * The same when origin has not been heard of for `staleMs`. It is waited for `patienceMs` from the moment it was asked
 * (both in milliseconds), so that one that hangs does not hold up everybody in turn.
 */
export async function fetchMainWhenDue(
  deps: RigGit,
  rig: string,
  { staleMs, patienceMs }: { staleMs: number; patienceMs: number },
): Promise<void> {
  const { refineryClone } = rigLayout(deps.town, rig)
  const answeredAt = answeredAtMs.get(refineryClone)
  if (answeredAt !== undefined && systemClock.watched() - answeredAt < staleMs) return
  const asked = fetchMain(deps, rig).catch((error) => deps.report?.(error))
  const waitedMs = systemClock.watched() - (underway.get(refineryClone)?.sinceMs ?? systemClock.watched())
  const patience = new AbortController()
  await Promise.race([
    asked,
    pause(Math.max(0, patienceMs - waitedMs), undefined, { signal: patience.signal }).catch(() => undefined),
  ])
  patience.abort()
}

async function askAndFollow(deps: RigGit, rig: string): Promise<OriginMain> {
  const { refineryClone } = rigLayout(deps.town, rig)
  const answer = await ask(deps, rig)
  // One that hangs is not asked again by everybody who would like to know.
  answeredAtMs.set(refineryClone, systemClock.watched())
  if (answer.kind === 'known' && answer.main !== null) await followMain(deps, rig, answer.main)
  return answer
}

async function ask(deps: RigGit, rig: string): Promise<OriginMain> {
  const branch = deps.defaultBranch(rig)
  const before = await trackedMain(deps, rig)
  try {
    return { kind: 'known', main: await fetchBranch(deps, rig, branch) }
  } catch (error) {
    if (error instanceof GitFailed && /couldn't find remote ref/i.test(error.output))
      return withoutMain(deps, rig, branch, before)
    return troubleOf(error)
  }
}

/** main as the Refinery's clone last had it from origin. */
export const trackedMain = (deps: RigGit, rig: string): Promise<string | undefined> =>
  readRef(join(rigLayout(deps.town, rig).refineryClone, '.git'), `refs/remotes/origin/${deps.defaultBranch(rig)}`)

const fetchTriesMax = 3
/** Where a fetch puts what it got, until the Refinery's clone follows to it. */
const fetchedRef = 'refs/gt/fetched'

/** Fetches a branch, and follows to it; returns where it is. */
async function fetchBranch(deps: RigGit, rig: string, branch: string): Promise<string> {
  const { refineryClone } = rigLayout(deps.town, rig)
  const common = join(refineryClone, '.git')
  const tracked = `refs/remotes/origin/${branch}`
  const how = ['--progress', '--no-tags', '--no-write-fetch-head', '--no-prune']
  const refspec = `+refs/heads/${branch}:${fetchedRef}`
  for (let tries = 1; ; tries++) {
    const before = await readRef(common, tracked)
    try {
      const at = asking(overNetwork(refineryClone), deps.town, rig, deps.url(rig))
      await git(at, ['fetch', ...how, deps.url(rig), refspec], { silentMs: silentMaxMs(deps) })
      const fetched = await readRef(common, fetchedRef)
      if (fetched === undefined) throw new Error(`${refineryClone} fetched ${branch} and does not have it`)
      if (fetched !== before) await follow(refineryClone, tracked, before, fetched)
      else if ((await readRef(common, tracked)) !== before && tries < fetchTriesMax) continue
      return fetched
    } catch (error) {
      // A landing of ours moved it meanwhile.
      if (!(error instanceof GitFailed && /cannot lock ref/.test(error.output)) || tries === fetchTriesMax) throw error
    }
  }
}

/**
 * Moves what is known of a branch of origin. One that was rewritten is noted in the same step: what was taken from
 * main must not come back with somebody's work, whenever this process is killed.
 */
async function follow(repository: string, tracked: string, before: string | undefined, now: string): Promise<void> {
  const isRewritten = before !== undefined && !(await contains(repository, before, now))
  const input = [
    ...(isRewritten ? [`update refs/gt/former/${before.slice(0, 16)} ${before}`] : []),
    `update ${tracked} ${now} ${before ?? '0'.repeat(now.length)}`,
  ]
  await git(repository, ['update-ref', '--stdin'], { input: `${input.join('\n')}\n` })
}

/** What origin itself says main is, asked now; null when it has no such branch. */
export async function tipOnOrigin(deps: RigGit, rig: string): Promise<{ main: string | null } | OriginTrouble> {
  try {
    const { heads } = await branchesOf(deps, rig, `refs/heads/${deps.defaultBranch(rig)}`)
    return { main: heads.get(deps.defaultBranch(rig)) ?? null }
  } catch (error) {
    return troubleOf(error)
  }
}

/** Origin's branches by name, and the one its HEAD names. */
async function branchesOf(deps: RigGit, rig: string, ...patterns: string[]) {
  const { stdout } = await git(
    asking(overNetwork(rigLayout(deps.town, rig).refineryClone), deps.town, rig, deps.url(rig)),
    ['ls-remote', '--symref', deps.url(rig), ...patterns],
    { silentMs: silentMaxMs(deps) },
  )
  return parsedBranches(stdout)
}

function parsedBranches(stdout: string): { head: string | undefined; heads: Map<string, string> } {
  let head: string | undefined
  const heads = new Map<string, string>()
  for (const line of stdout.split('\n')) {
    const [what = '', ref = ''] = line.split('\t')
    if (ref === 'HEAD' && what.startsWith('ref: refs/heads/')) head = what.slice('ref: refs/heads/'.length)
    else if (ref.startsWith('refs/heads/')) heads.set(ref.slice('refs/heads/'.length), what)
  }
  return { head, heads }
}

/** Origin answers and has no such branch: it is new, or main was renamed, or is gone. */
async function withoutMain(deps: RigGit, rig: string, branch: string, before: string | undefined): Promise<OriginMain> {
  let found: Awaited<ReturnType<typeof branchesOf>>
  try {
    found = await branchesOf(deps, rig, 'HEAD', 'refs/heads/*')
  } catch (error) {
    return troubleOf(error)
  }
  const { head, heads } = found
  if (heads.size === 0 && before === undefined) return { kind: 'known', main: null }
  const advice = `say which branch is to be built on with: gt rig set ${rig} default_branch=<name>`
  if (heads.size === 0)
    return { kind: 'no_main', why: `origin has no branch any more; ${branch} was its main. ${advice}` }
  const others = [...heads.keys()].slice(0, 5).join(', ')
  const gone = `origin has no branch ${branch} any more (it has ${others})`
  if (head === undefined || !heads.has(head) || before === undefined)
    return { kind: 'no_main', why: `${gone}; ${advice}` }
  let main: string
  try {
    main = await fetchBranch(deps, rig, head)
  } catch (error) {
    return troubleOf(error)
  }
  if (!(await contains(rigLayout(deps.town, rig).refineryClone, before, main)))
    return { kind: 'no_main', why: `${gone}, and its HEAD, ${head}, does not have all that ${branch} had; ${advice}` }
  renameMain(deps, rig, head)
  return { kind: 'known', main }
}

/** The same history under another name: the rig's configuration says so from now on. */
function renameMain(deps: RigGit, rig: string, branch: string): void {
  const { config } = rigLayout(deps.town, rig)
  writeConfig(config, { ...readConfig(config, z.looseObject({})), default_branch: branch })
  deps.branchRenamed?.(rig, branch)
}
