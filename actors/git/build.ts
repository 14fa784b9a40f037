// Builds a candidate: the work of each issue is put on main as objects in the Refinery's clone, one on the other. Work
// that cannot be put there is left out, and told why. The same work on the same main makes the same commits.
// Never: checks anything out; asks an agent's repository for anything but objects; lets what was taken from main come
// back.
import { join } from 'node:path'
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import { rigLayout } from '../layout.ts'
import { plainly } from './at.ts'
import { type Attributes, attributesAt } from './attributes.ts'
import { noteBrought, noteBuilt, noteCandidate, wasBuilt } from './built.ts'
import { contains, emptyRoot, GitFailed, git, longMs, revision } from './git.ts'
import { lensOf } from './lens.ts'
import { type Made, putOn } from './merge.ts'
import { fetchMain } from './origin.ts'
import { mainAtFirst, readRef } from './refs.ts'
import type { Member, RigGit } from './rig.ts'
import { SubmoduleMissing } from './submodules.ts'
import { changesAttributes } from './unfit.ts'

type Input = EffectInput<'buildCandidate'>
type Built = Extract<EffectOutput<'buildCandidate'>, { kind: 'built' }>

export async function buildCandidate(deps: RigGit, input: Input): Promise<EffectOutput<'buildCandidate'>> {
  const { rig, members, known } = input
  const { refineryClone } = rigLayout(deps.town, rig)
  const [origin, missing] = await Promise.all([fetchMain(deps, rig), fetchWork(deps, rig, members)])
  if (origin.kind !== 'known') return origin
  const base = origin.main
  const root = base ?? (await emptyRoot(refineryClone))
  const result: Built = { kind: 'built', base, commit: root, landing: [], contained: [], unfit: [], foreign: [] }
  const attributes = await attributesAt(deps.town, rig, root)
  try {
    for (const member of members)
      if (missing.has(member.issue)) leaveOut(result, member, 'unmergeable', missing.get(member.issue) ?? '', root)
      else await add(deps, rig, member, { result, root, attributes })
  } catch (error) {
    if (error instanceof SubmoduleMissing) return { kind: 'unreachable', why: error.message }
    throw error
  }
  const touched = new Set(result.landing.map(({ issue }) => issue))
  const isSame = !members.some(({ issue, sha }) => touched.has(issue) && changesAttributes(sha))
  noteCandidate(result.commit, root, isSame)
  const since = known ?? (await readRef(join(refineryClone, '.git'), mainAtFirst))
  if (since !== undefined && base !== null && since !== base)
    result.foreign = await foreignSince(deps, rig, since, base)
  return result
}

async function add(
  deps: RigGit,
  rig: string,
  member: Member,
  { result, root, attributes }: { result: Built; root: string; attributes: Attributes },
): Promise<void> {
  const put = (onto: string) => putOn(deps, rig, member, { onto, base: result.base, attributes })
  let made = await put(result.commit)
  if (made.kind === 'unfit' && result.commit !== root) {
    // Of what is ahead of it here, nothing is on main yet: it is fit if main itself takes it, and has another turn.
    const alone = await put(root)
    if (alone.kind === 'made') return
    made = alone
  }
  take(result, member, made, root)
  if (made.kind === 'made') await noteBuilt(deps.town, rig, made.chain)
  if (made.kind !== 'unfit') await noteBrought(deps.town, rig, member.sha, made.commit)
}

function take(result: Built, { issue }: Member, made: Made, root: string): void {
  if (made.kind === 'unfit') result.unfit.push({ issue, kind: made.as, why: made.why, files: made.files, base: root })
  else if (made.kind === 'made') {
    result.commit = made.commit
    result.landing.push({ issue, commit: made.commit })
  } else if (made.by === 'main') result.contained.push({ issue, commit: made.commit })
  // It lands with the one that has it.
  else result.landing.push({ issue, commit: result.commit })
}

function leaveOut(result: Built, { issue }: Member, kind: 'conflict' | 'unmergeable', why: string, base: string): void {
  result.unfit.push({ issue, kind, why, files: [], base })
}

const here = new Set<string>()
const hereMax = 10_000

/** Copies the members' commits from the Mayor's clone; what of it cannot be had, by issue, and why. */
async function fetchWork(deps: RigGit, rig: string, members: readonly Member[]): Promise<Map<string, string>> {
  const { refineryClone } = rigLayout(deps.town, rig)
  const missing = new Map<string, string>()
  const mark = ({ sha }: Member) => `${refineryClone} ${sha}`
  const wanted = members.filter((member) => !here.has(mark(member)))
  if (wanted.length === 0) return missing
  const lens = lensOf(deps.town, rig)
  const fetch = (all: readonly Member[]) =>
    git(
      plainly(refineryClone),
      ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-prune', lens, ...all.map(({ sha }) => sha)],
      { mostMs: longMs },
    )
  const noted = (all: readonly Member[]) => {
    if (here.size >= hereMax) here.clear()
    for (const member of all) here.add(mark(member))
  }
  try {
    await fetch(wanted)
    noted(wanted)
  } catch (error) {
    if (!(error instanceof GitFailed) || error.killed) throw error
    for (const member of wanted)
      try {
        await fetch([member])
        noted([member])
      } catch (why) {
        if (!(why instanceof GitFailed) || why.killed) throw why
        missing.set(member.issue, `${member.sha} of ${member.ref} cannot be read: ${why.message}`)
      }
  }
  return missing
}

const foreignMax = 20
const lookedAtMax = 500

/**
 * Commits that came to main since, by another way than this queue; of merges only the merge itself. Of a main that was
 * rewritten its newest, and that it was.
 */
async function foreignSince(deps: RigGit, rig: string, known: string, base: string): Promise<Built['foreign']> {
  const { refineryClone } = rigLayout(deps.town, rig)
  const log = async (...which: string[]) => {
    const how = ['-z', '--first-parent', '--format=%H%n%an <%ae>%n%s']
    const { stdout, exitCode } = await git(refineryClone, ['log', ...how, ...which], { okCodes: [0, 128] })
    const records = exitCode === 0 ? stdout.split('\0').filter(Boolean) : []
    return records.map((record) => {
      const [sha = '', author = '', subject = ''] = record.split('\n')
      return { sha, author, subject }
    })
  }
  const foreign: Built['foreign'] = []
  for (const each of await log(`--max-count=${lookedAtMax}`, base, `^${known}`))
    if (foreign.length < foreignMax && !(await wasBuilt(deps.town, rig, each.sha))) foreign.push(each)
  const isThere = (await revision(refineryClone, known)) !== undefined
  if (isThere && (await contains(refineryClone, known, base))) return foreign
  const [newest] = await log('--max-count=1', base)
  if (!newest) return foreign
  const subject = `${newest.subject} (main was rewritten: ${known.slice(0, 10)} is not on it any more)`
  return [{ ...newest, subject }, ...foreign.filter(({ sha }) => sha !== newest.sha)]
}
