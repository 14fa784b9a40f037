// Puts one issue's work on a commit, in the rig's style: as a merge, as one commit, or as its own commits once more.
// Never: makes what git itself would not merge without asking, what `unfit.ts` has something against, or a commit that
// brings back what was taken from main.
import { join } from 'node:path'
import { rigLayout } from '../layout.ts'
import { oneLine } from '../plain.ts'
import { identity } from './at.ts'
import type { Attributes } from './attributes.ts'
import { broughtAs, reachedFrom } from './built.ts'
import { contains, GitFailed, git, longMs } from './git.ts'
import { readRef, refsUnder } from './refs.ts'
import type { Member, MergeStyle, RigGit } from './rig.ts'
import { changesOf, isAttributes, noteAttributes, type Unfit, unfit, wrongWith } from './unfit.ts'
import { reasonIn } from './words.ts'

export type Made =
  /** `chain`: every commit that was made, oldest first. */
  | { kind: 'made'; commit: string; chain: string[] }
  /** `commit`: where main has it; `queue`: something ahead of it has. */
  | { kind: 'contained'; by: 'main' | 'queue'; commit: string }
  | Unfit

export interface On {
  onto: string
  /** main; null when there is none yet. */
  base: string | null
  attributes: Attributes
}

export async function putOn(deps: RigGit, rig: string, member: Member, on: On): Promise<Made> {
  const { refineryClone: repository } = rigLayout(deps.town, rig)
  const changes = await changesOf(repository, on.onto, member.sha)
  if (changes === 'unrelated')
    return unfit(
      'unmergeable',
      'git refuses to merge unrelated histories: the branch has no commit in common with main',
    )
  if (changes.length === 0) {
    const had = await containedIn(repository, member.sha, on)
    if (had) return had
  }
  const style = deps.mergeStyle?.(rig) ?? 'merge'
  const formers = on.base === null ? [] : await formersIn(repository)
  const purged = await purgedIn(repository, member, on, formers)
  if (style !== 'merge' || purged !== undefined) {
    const landed = await landedAs(deps, rig, member, { ...on, formers })
    if (landed) return landed
  }
  if (changes.some(({ path }) => isAttributes(path))) noteAttributes(member.sha)
  const wrong = await wrongWith(deps, rig, member, on, changes)
  if (wrong) return wrong
  if (purged !== undefined || style === 'rebase') return replayed(repository, member, on, { without: formers, style })
  return merged(repository, member, on, { tip: member.sha, style })
}

/** Where the work is already, if it is. */
async function containedIn(repository: string, sha: string, { onto, base }: On): Promise<Made | undefined> {
  if (base !== null && (await contains(repository, sha, base)))
    return { kind: 'contained', by: 'main', commit: await broughtBy(repository, sha, base) }
  return (await contains(repository, sha, onto)) ? { kind: 'contained', by: 'queue', commit: onto } : undefined
}

/** The commit of main itself that brought this one: itself, or the merge. */
async function broughtBy(repository: string, sha: string, base: string): Promise<string> {
  const list = async (...how: string[]) =>
    (await git(repository, ['rev-list', ...how, base, `^${sha}`], { mostMs: longMs })).stdout.split('\n')
  const [later, own] = await Promise.all([list('--ancestry-path'), list('--first-parent')])
  const all = new Set(later)
  const first = own.filter((commit) => commit !== '' && all.has(commit)).at(-1)
  if (first === undefined) return sha
  const { stdout: parents } = await git(repository, ['rev-parse', `${first}^@`])
  return parents.split('\n')[0] === sha ? sha : first
}

/** What main was before each time that it was rewritten. */
async function formersIn(repository: string): Promise<string[]> {
  const common = join(repository, '.git')
  const names = new Set((await refsUnder(common, 'refs/gt/former/')).map((name) => name.split('/').at(-1)))
  const formers = await Promise.all([...names].map((name) => readRef(common, `refs/gt/former/${name}`)))
  return formers.filter((former) => former !== undefined)
}

/**
 * Where the work left a main that was rewritten since, if that main's commit is on main no more: only what came after
 * may be put on the new one.
 */
async function purgedIn(
  repository: string,
  { sha }: Member,
  { base }: On,
  formers: readonly string[],
): Promise<string | undefined> {
  if (base === null) return undefined
  for (const former of formers) {
    const { stdout, exitCode } = await git(repository, ['merge-base', former, sha], { okCodes: [0, 1] })
    if (exitCode === 0 && !(await contains(repository, stdout, base))) return stdout
  }
  return undefined
}

/**
 * Squashed or rebased work has other commits on main than its own. Which ones is the town's own record: a message is
 * no proof, for an agent can write what it likes into its own.
 */
async function landedAs(
  deps: RigGit,
  rig: string,
  { sha }: Member,
  { onto, base, formers }: On & { formers: readonly string[] },
): Promise<Made | undefined> {
  const { refineryClone: repository } = rigLayout(deps.town, rig)
  const made = (await broughtAs(deps.town, rig)).get(sha) ?? []
  const [onMain] = base === null ? [] : await reachedFrom(repository, [base], made)
  if (onMain !== undefined) return { kind: 'contained', by: 'main', commit: onMain }
  if ((await reachedFrom(repository, formers, made)).size > 0) return takenAway()
  const isQueued = onto !== base && (await reachedFrom(repository, [onto], made)).size > 0
  return isQueued ? { kind: 'contained', by: 'queue', commit: onto } : undefined
}

const takenAway = () =>
  unfit('unmergeable', 'main had this work and was rewritten without it; it does not come back by itself')

/** One commit that brings all of `tip`: a merge with it, or, squashed, one without a second parent. */
async function merged(
  repository: string,
  member: Member,
  { onto, attributes }: On,
  { tip, style }: { tip: string; style: MergeStyle },
): Promise<Made> {
  const result = await mergeTree(attributes, onto, tip)
  if ('why' in result) return result
  const { polecat, branch, sha, queuedAt } = member
  // A second line would be read as the body, or as trailers of the town's.
  const issue = oneLine(member.issue)
  const title = oneLine(member.title).replaceAll(/\s+/g, ' ').trim() || issue
  const trailers = `Issue: ${issue}\nPolecat: ${polecat} (${branch})\n`
  const date = `@${Math.floor(queuedAt / 1000)} +0000`
  if (style === 'merge') {
    const made = await git(repository, ['commit-tree', result.tree, '-p', onto, '-p', tip, '-F', '-'], {
      input: `Merge ${issue}: ${title}\n\n${trailers}`,
      env: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
    })
    return { kind: 'made', commit: made.stdout, chain: [made.stdout] }
  }
  const author = await authorOf(repository, sha)
  const made = await git(repository, ['commit-tree', result.tree, '-p', onto, '-F', '-'], {
    input: `${title}\n\n${trailers}Work: ${sha}\n`,
    env: { ...author, GIT_COMMITTER_DATE: date },
  })
  return { kind: 'made', commit: made.stdout, chain: [made.stdout] }
}

/** The work's own commits once more, `without` what main had before it was rewritten, each on the one before it; in the style of a merge they are then merged. */
async function replayed(
  repository: string,
  member: Member,
  on: On,
  { without, style }: { without: readonly string[]; style: MergeStyle },
): Promise<Made> {
  const not = [on.onto, ...without].map((commit) => `^${commit}`)
  const { stdout } = await git(repository, ['rev-list', '--reverse', '--topo-order', '--parents', member.sha, ...not])
  const own = stdout.split('\n').filter(Boolean)
  if (own.length === 0) return takenAway()
  if (own.some((line) => line.split(' ').length > 2))
    return unfit(
      'conflict',
      style === 'rebase'
        ? 'it has merge commits, which cannot be put on main one by one; rebase it on main'
        : 'main was rewritten since, and the branch has merge commits; rebase it on main',
    )
  let tip = on.onto
  const chain: string[] = []
  for (const [n, line] of own.entries()) {
    const commit = line.split(' ')[0] ?? ''
    const last = n === own.length - 1 ? `Issue: ${oneLine(member.issue)}\nWork: ${member.sha}\n` : ''
    const made = await replay(repository, commit, { tip, on, trailers: last, queuedAt: member.queuedAt })
    if (typeof made !== 'string') return made
    if (made === tip) continue
    tip = made
    chain.push(tip)
  }
  // All its changes are there already, on main or only in what is ahead of it here.
  if (chain.length === 0) return { kind: 'contained', by: on.onto === on.base ? 'main' : 'queue', commit: on.onto }
  if (style === 'rebase') return { kind: 'made', commit: tip, chain }
  const made = await merged(repository, member, on, { tip, style })
  return made.kind === 'made' ? { ...made, chain: [...chain, ...made.chain] } : made
}

/** One commit on another; git 2.38 merges only what has a common commit, so both sides are given one. */
async function replay(
  repository: string,
  commit: string,
  { tip, on, trailers, queuedAt }: { tip: string; on: On; trailers: string; queuedAt: number },
): Promise<string | Unfit> {
  const date = `@${Math.floor(queuedAt / 1000)} +0000`
  const plain = async (tree: string, ...parents: string[]) =>
    (
      await git(repository, ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-m', 'side'], {
        env: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
      })
    ).stdout
  const before = await plain(`${commit}~1^{tree}`)
  const [ours, theirs] = await Promise.all([plain(`${tip}^{tree}`, before), plain(`${commit}^{tree}`, before)])
  const result = await mergeTree(on.attributes, ours, theirs)
  if ('why' in result) return result
  const { stdout: known } = await git(repository, ['rev-parse', `${tip}^{tree}`])
  // Main has this change already.
  if (known === result.tree) return tip
  const { stdout: message } = await git(repository, ['show', '--no-patch', '--format=%B', commit])
  const separator = /\n[A-Za-z-]+: [^\n]*$/.test(message.trimEnd()) ? '\n' : '\n\n'
  const made = await git(repository, ['commit-tree', result.tree, '-p', tip, '-F', '-'], {
    input: `${message.trimEnd()}${trailers === '' ? '' : separator}${trailers}\n`,
    env: { ...(await authorOf(repository, commit)), GIT_COMMITTER_DATE: date },
  })
  return made.stdout
}

async function authorOf(repository: string, commit: string): Promise<Record<string, string>> {
  const { stdout } = await git(repository, ['show', '--no-patch', '--format=%an%x00%ae%x00%ad', '--date=raw', commit])
  const [name = '', email = '', date = ''] = stdout.split('\0')
  return {
    GIT_AUTHOR_NAME: name || identity.GIT_AUTHOR_NAME,
    GIT_AUTHOR_EMAIL: email || identity.GIT_AUTHOR_EMAIL,
    GIT_AUTHOR_DATE: `@${date}`,
  }
}

async function mergeTree({ at }: Attributes, ours: string, theirs: string): Promise<{ tree: string } | Unfit> {
  try {
    const { stdout, exitCode } = await git(
      at,
      ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', ours, theirs],
      { okCodes: [0, 1], mostMs: longMs },
    )
    const [tree = '', ...files] = stdout.split('\0').filter(Boolean)
    if (exitCode === 0) return { tree }
    const all = [...new Set(files)]
    return unfit('conflict', `conflicts with main in ${all.slice(0, 5).join(', ')}${all.length > 5 ? ' …' : ''}`, all)
  } catch (error) {
    if (!(error instanceof GitFailed) || error.killed || error.trouble !== undefined) throw error
    return unfit('unmergeable', reasonIn(error.output))
  }
}
