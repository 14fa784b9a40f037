// Lands a candidate: exactly the commit that was judged is pushed to main, and only onto the main it was built on. Then
// origin itself is asked whether it is there.
// Never: forces a push, pushes anything else, or believes a push that origin does not confirm.
import { join } from 'node:path'
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import { rigLayout } from '../layout.ts'
import { pushingTo, pushRemote } from './at.ts'
import { wasBuiltOn } from './built.ts'
import { asking } from './credentials.ts'
import { contains, GitFailed, git } from './git.ts'
import { fetchMain, tipOnOrigin, trackedMain } from './origin.ts'
import { followMain, writeRef } from './refs.ts'
import { type RigGit, silentMaxMs } from './rig.ts'
import { reasonIn, soundsDenied, troubleOf } from './words.ts'

type Landed = EffectOutput<'landCandidate'>

export async function landCandidate(
  deps: RigGit,
  { rig, commit, base }: EffectInput<'landCandidate'>,
): Promise<Landed> {
  const { refineryClone } = rigLayout(deps.town, rig)
  if (base !== null && !wasBuiltOn(commit, base) && !(await contains(refineryClone, base, commit)))
    throw new Error(`${commit} does not contain the main it is to follow (${base})`)
  const main = `refs/heads/${deps.defaultBranch(rig)}`
  const only = ['--no-verify', '--no-follow-tags', '--no-signed', '--recurse-submodules=no', '--no-force-if-includes']
  const lease = `--force-with-lease=${main}:${base ?? ''}`
  let failure: GitFailed
  try {
    await git(
      asking(pushingTo(refineryClone, deps.url(rig)), deps.town, rig, deps.url(rig)),
      ['push', '--porcelain', '--progress', ...only, lease, pushRemote, `${commit}:${main}`],
      { silentMs: silentMaxMs(deps) },
    )
    return { kind: 'pushed' }
  } catch (error) {
    if (!(error instanceof GitFailed) || error.killed) throw error
    failure = error
  }
  return whyNot(deps, rig, { commit, base, failure })
}

/**
 * What a push that failed means is told by what main on origin is now: it may have been taken all the same, before a
 * crash or a lost connection.
 */
async function whyNot(
  deps: RigGit,
  rig: string,
  { commit, base, failure }: { commit: string; base: string | null; failure: GitFailed },
): Promise<Landed> {
  const asked = await tipOnOrigin(deps, rig)
  const trouble = troubleOf(failure)
  if (!('main' in asked)) return trouble.kind === 'denied' ? trouble : asked
  if (asked.main === commit) return { kind: 'pushed' }
  if (asked.main !== base) {
    const found = asked.main === null ? undefined : await fetchMain(deps, rig)
    const has = found?.kind === 'known' && found.main !== null
    return has && (await contains(rigLayout(deps.town, rig).refineryClone, commit, found.main as string))
      ? { kind: 'pushed' }
      : { kind: 'moved' }
  }
  // Main is what it was: origin will not have this commit, or nobody may push, or it broke on the way.
  const refusal = failure.output.split('\n').find((line) => line.startsWith('!'))
  const said = failure.output.split('\n').filter((line) => line.startsWith('remote:'))
  const isBroken = refusal === undefined || /unpacker error|unpack failed/.test(refusal)
  if (isBroken && !said.some((line) => contentWords.test(line))) return trouble
  if (refusal === undefined) return { kind: 'refused', why: trouble.why }
  const reason = refusal.replace(/^!\t[^\t]*\t/, '')
  if (/^\[rejected\]/.test(reason)) return { kind: 'moved' }
  // A lock of origin's own: it passes, or its people must hear of it.
  if (/failed to update ref|cannot lock ref|failed to lock/i.test(reason)) return { kind: 'unreachable', why: reason }
  const why = [reasonIn(said.join('\n')), reason].filter(Boolean).join('; ')
  return soundsDenied(reason) ? { kind: 'denied', why } : { kind: 'refused', why }
}

/** What an origin says that will not have these objects, however often they are sent. */
const contentWords = /fsck error|exceeds maximum allowed size|did not receive expected object|unresolved deltas/i

export async function confirmLanded(
  deps: RigGit,
  { rig, commit }: EffectInput<'confirmLanded'>,
): Promise<EffectOutput<'confirmLanded'>> {
  const asked = await tipOnOrigin(deps, rig)
  if (!('main' in asked)) return asked
  // The next worktrees start from the Mayor's clone: it learns of the new main before the issue is closed.
  if (asked.main === commit) {
    await followLanded(deps, rig, commit)
    return { kind: 'confirmed' }
  }
  if (asked.main === null) return { kind: 'absent' }
  // Something else is on main by now, or our commit never was: its history says which.
  const origin = await fetchMain(deps, rig)
  if (origin.kind === 'no_main') return { kind: 'absent' }
  if (origin.kind !== 'known') return origin
  const has = origin.main !== null && (await contains(rigLayout(deps.town, rig).refineryClone, commit, origin.main))
  return { kind: has ? 'confirmed' : 'absent' }
}

/** Origin has it: that is main now, here too. */
async function followLanded(deps: RigGit, rig: string, commit: string): Promise<void> {
  const { refineryClone } = rigLayout(deps.town, rig)
  const tracked = `refs/remotes/origin/${deps.defaultBranch(rig)}`
  if ((await trackedMain(deps, rig)) !== commit && !(await writeRef(join(refineryClone, '.git'), tracked, commit)))
    await git(refineryClone, ['update-ref', tracked, commit])
  await followMain(deps, rig, commit)
}
