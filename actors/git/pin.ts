// Pins: a worker's commits and uncommitted files under `refs/gt/…` of the rig's clone, before anything could lose
// them; and the way back.
// Never: changes a worktree or its index; deletes a pin.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import type { Preserved } from '../../machines/mail.ts'
import { rigLayout } from '../layout.ts'
import { contains, git, revision } from './git.ts'
import { pinNested } from './nested.ts'
import { treeOfFiles } from './tree.ts'
import { inspectWorktree, isSafe, mainOf, type Place, prove, type RigGit } from './worktree.ts'

export async function pinWork(deps: RigGit, input: EffectInput<'pinWork'>): Promise<EffectOutput<'pinWork'>> {
  const { clone, polecat } = rigLayout(deps.town, input.rig)
  const path = polecat(input.polecat)
  const there = existsSync(path)
  if (there) await prove(deps, input)
  const tips = [
    ...new Set([there ? await revision(path, 'HEAD') : undefined, await revision(clone, `refs/heads/${input.branch}`)]),
  ].filter((tip) => tip !== undefined)
  const [head] = tips
  if (head === undefined) return { head: null, dirty: null }
  const folder = `${input.issue}/${input.polecat}-${input.incarnation}`
  const main = await mainOf(clone, deps.defaultBranch(input.rig))
  const pinned: Preserved[] = []
  for (const tip of tips) {
    // Work may be where the worker went astray and on its branch: each is kept, one in the other once.
    if ((await contains(clone, tip, main)) || (pinned[0] && (await contains(clone, tip, pinned[0].sha)))) continue
    pinned.push(
      await pin(clone, `refs/gt/${input.purpose === 'merge' ? 'merge' : 'work'}/${folder}/${tip.slice(0, 12)}`, tip),
    )
  }
  const dirty = there ? await pinDirty(deps, input, path, head, `refs/gt/work/${folder}/dirty`) : null
  if (there && input.purpose === 'retire') await pinNested(clone, path, folder)
  return { head: pinned[0] ?? null, dirty }
}

async function pinDirty(
  deps: RigGit,
  place: Place,
  path: string,
  head: string,
  ref: string,
): Promise<Preserved | null> {
  const found = await inspectWorktree(deps, place)
  if (found.kind === 'absent' || found.dirty.length === 0) return null
  const tree = await treeOfFiles(path)
  const { clone } = rigLayout(deps.town, place.rig)
  const known = await revision(clone, ref)
  if (known && (await git(clone, ['rev-parse', `${known}^{tree}`])).stdout === tree) return { ref, sha: known }
  const { stdout: commit } = await git(path, [
    'commit-tree',
    tree,
    '-p',
    head,
    '-m',
    `Uncommitted files of ${place.branch}`,
  ])
  return pin(clone, ref, commit)
}

async function pin(clone: string, ref: string, sha: string): Promise<Preserved> {
  await git(clone, ['update-ref', '--create-reflog', ref, sha])
  return { ref, sha }
}

export async function deleteBranch(deps: RigGit, place: Place): Promise<EffectOutput<'deleteBranch'>> {
  const { clone } = rigLayout(deps.town, place.rig)
  const tip = await revision(clone, `refs/heads/${place.branch}`)
  if (tip === undefined) return { kind: 'deleted' }
  if (!(await isSafe(deps, place.rig, tip)))
    return { kind: 'kept', why: `its commits are neither on main nor pinned (${tip.slice(0, 10)})` }
  await git(clone, ['update-ref', '-d', `refs/heads/${place.branch}`, tip])
  return { kind: 'deleted' }
}

export interface KeptWork extends Preserved {
  issue: string
  polecat: string
  /** `nested`: of a repository inside the worktree, whose folder is in the ref's name. */
  kind: 'commits' | 'files' | 'nested'
  at: string
  subject: string
}

/** What is kept of an issue's or a polecat's work, newest first. */
export async function keptWork(
  deps: RigGit,
  rig: string,
  of: { issue?: string; polecat?: string } = {},
): Promise<KeptWork[]> {
  const { clone } = rigLayout(deps.town, rig)
  const { stdout } = await git(clone, [
    'for-each-ref',
    '--sort=-committerdate',
    '--format=%(refname)%00%(objectname)%00%(committerdate:iso-strict)%00%(subject)',
    ...(of.issue === undefined
      ? ['refs/gt/work/', 'refs/gt/merge/', 'refs/gt/nested/']
      : ['work', 'merge', 'nested'].map((kind) => `refs/gt/${kind}/${of.issue}/`)),
  ])
  return (
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [ref = '', sha = '', at = '', subject = ''] = line.split('\0')
        const [, , , issue = '', worker = ''] = ref.split('/')
        return { ref, sha, at, subject, issue, polecat: worker.replace(/-\d+$/, ''), kind: kindOf(ref) }
      })
      // One commit under two refs is one piece of work.
      .filter(
        (kept, index, all) => all.findIndex((other) => other.sha === kept.sha && other.issue === kept.issue) === index,
      )
      .filter(
        (kept) =>
          (of.issue === undefined || kept.issue === of.issue) &&
          (of.polecat === undefined || kept.polecat === of.polecat),
      )
  )
}

const kindOf = (ref: string): KeptWork['kind'] =>
  ref.startsWith('refs/gt/nested/') ? 'nested' : ref.endsWith('/dirty') ? 'files' : 'commits'

/** Told by git's own files, without a process: nearly no issue has kept work, and its worker waits. */
function mayHaveKept(clone: string, issue: string): boolean {
  const dir = join(clone, '.git')
  if (
    existsSync(join(dir, 'reftable')) ||
    ['work', 'merge'].some((kind) => existsSync(join(dir, 'refs/gt', kind, issue)))
  )
    return true
  const packed = join(dir, 'packed-refs')
  return existsSync(packed) && readFileSync(packed, 'utf8').includes(`/${issue}/`)
}

/** The newest kept commits of an issue that main does not have: a new worker starts from them. */
export async function preservedOf(deps: RigGit, rig: string, issue: string): Promise<Preserved | null> {
  const { clone } = rigLayout(deps.town, rig)
  if (!mayHaveKept(clone, issue)) return null
  const all = await keptWork(deps, rig, { issue })
  if (all.length === 0) return null
  const main = await mainOf(clone, deps.defaultBranch(rig))
  for (const kept of all) {
    if (kept.kind === 'commits' && !(await contains(clone, kept.sha, main))) return { ref: kept.ref, sha: kept.sha }
  }
  return null
}

/** Brings kept work back as a branch of the rig's clone, `recover/<issue>-<n>`. */
export async function recover(deps: RigGit, rig: string, kept: KeptWork): Promise<string> {
  const { clone } = rigLayout(deps.town, rig)
  for (let n = 1; ; n++) {
    const branch = `recover/${kept.issue}-${n}`
    if (await revision(clone, `refs/heads/${branch}`)) continue
    await git(clone, ['branch', '--no-track', branch, kept.sha])
    return branch
  }
}
