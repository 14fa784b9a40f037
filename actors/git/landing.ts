// Landing: the merge is built as objects in the Refinery's clone, pushed only onto the main it was built on, and
// confirmed by origin itself.
// Never: checks anything out, forces a push, or believes a push that origin does not confirm.
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import { rigLayout } from '../layout.ts'
import { contains, emptyRoot, GitFailed, git, revision } from './git.ts'
import type { RigGit } from './worktree.ts'

export async function buildCandidate(
  deps: RigGit,
  { rig, members, at }: EffectInput<'buildCandidate'>,
): Promise<EffectOutput<'buildCandidate'>> {
  const { refineryClone, clone } = rigLayout(deps.town, rig)
  const [away] = await Promise.all([
    fetchMain(deps, rig),
    git(refineryClone, [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      clone,
      ...members.map(({ ref }) => `+${ref}:${ref}`),
    ]),
  ])
  if (away !== undefined) return { kind: 'unreachable', why: away }
  const base = (await revision(refineryClone, `refs/remotes/origin/${deps.defaultBranch(rig)}`)) ?? null

  let commit = base ?? (await emptyRoot(refineryClone))
  let merged = 0
  for (const member of members) {
    if (await contains(refineryClone, member.sha, commit)) continue
    const { stdout, exitCode } = await git(
      refineryClone,
      ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', commit, member.sha],
      { okCodes: [0, 1] },
    )
    const [tree = '', ...files] = stdout.split('\0').filter(Boolean)
    if (exitCode === 1) return { kind: 'conflict', issue: member.issue, base: commit, files: [...new Set(files)] }
    const words = `Merge ${member.issue}: ${member.title}\n\nIssue: ${member.issue}\nPolecat: ${member.polecat} (${member.branch})\n`
    const date = `@${Math.floor(at / 1000)} +0000`
    const made = await git(refineryClone, ['commit-tree', tree, '-p', commit, '-p', member.sha, '-F', '-'], {
      input: words,
      env: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
    })
    commit = made.stdout
    merged++
  }
  return merged === 0 ? { kind: 'contained', commit } : { kind: 'built', base, commit }
}

export async function landCandidate(
  deps: RigGit,
  { rig, commit, base }: EffectInput<'landCandidate'>,
): Promise<EffectOutput<'landCandidate'>> {
  const { refineryClone } = rigLayout(deps.town, rig)
  if (base !== null && !(await contains(refineryClone, base, commit)))
    throw new Error(`${commit} does not contain the main it is to follow (${base})`)
  const main = `refs/heads/${deps.defaultBranch(rig)}`
  try {
    const { stdout } = await git(
      refineryClone,
      ['push', '--porcelain', `--force-with-lease=${main}:${base ?? ''}`, 'origin', `${commit}:${main}`],
      { okCodes: [0, 1] },
    )
    const line = stdout.split('\n').find((each) => each.includes(`:${main}\t`)) ?? ''
    if (line !== '' && !line.startsWith('!')) return { kind: 'pushed' }
    if (/\[rejected\]/.test(line)) {
      // A crash may have come between the push and its record: then main is, or contains, the very commit.
      if (
        (await fetchMain(deps, rig)) === undefined &&
        (await contains(refineryClone, commit, `refs/remotes/origin/${deps.defaultBranch(rig)}`))
      )
        return { kind: 'pushed' }
      return { kind: 'moved' }
    }
    return { kind: 'refused', why: line.replace(/^!\t/, '') || 'origin gave no reason' }
  } catch (error) {
    if (error instanceof GitFailed) return { kind: 'unreachable', why: error.message }
    throw error
  }
}

export async function confirmLanded(
  deps: RigGit,
  { rig, commit }: EffectInput<'confirmLanded'>,
): Promise<EffectOutput<'confirmLanded'>> {
  const { refineryClone, clone } = rigLayout(deps.town, rig)
  const main = `refs/remotes/origin/${deps.defaultBranch(rig)}`
  if ((await tipOfMain(deps, rig)) === commit) {
    // The push may have been killed before it noted what it had done.
    await git(refineryClone, ['update-ref', main, commit])
  } else {
    // Something else is on main by now, or our commit never was: its history says which.
    const away = await fetchMain(deps, rig)
    if (away !== undefined) return { kind: 'unreachable', why: away }
    if ((await revision(refineryClone, main)) === undefined || !(await contains(refineryClone, commit, main)))
      return { kind: 'absent' }
  }
  // The next worktrees start from the Mayor's clone: it learns of the new main before the issue is closed.
  await git(clone, ['fetch', '--quiet', '--no-tags', refineryClone, `+${main}:${main}`])
  return { kind: 'confirmed' }
}

/** What origin itself says main is; undefined when it does not answer or has none. */
async function tipOfMain(deps: RigGit, rig: string): Promise<string | undefined> {
  const { refineryClone } = rigLayout(deps.town, rig)
  const { stdout, exitCode } = await git(
    refineryClone,
    ['ls-remote', '--exit-code', 'origin', `refs/heads/${deps.defaultBranch(rig)}`],
    { okCodes: [0, 2, 128] },
  )
  return exitCode === 0 ? stdout.split('\t')[0] : undefined
}

/** Asks origin for main; why it did not answer, or undefined. A repository without main is an answer too. */
async function fetchMain(deps: RigGit, rig: string): Promise<string | undefined> {
  const { refineryClone } = rigLayout(deps.town, rig)
  try {
    await git(refineryClone, ['fetch', '--quiet', '--prune', '--no-write-fetch-head', 'origin'])
    return undefined
  } catch (error) {
    if (error instanceof GitFailed) return error.message
    throw error
  }
}
