// Worktrees that a killed git left half made. They look like the place of a worker that deleted everything.
// Never: removes one that a session was ever started in, or one that is still being made.
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sessionId } from '../../machines/session.ts'
import { rigLayout, townLayout } from '../layout.ts'
import { git } from './git.ts'
import { linkedFrom, realOf, runningGits } from './running.ts'
import type { Place, RigGit } from './worktree.ts'

/** Whether git has not finished making this worktree. */
export function isHalfMade(worktree: string): boolean {
  if (!lstatSync(worktree).isDirectory()) return false
  if (isBare(worktree)) return true
  const link = join(worktree, '.git')
  if (!existsSync(link) || !statSync(link).isFile()) return false
  const mark = markOf(worktree)
  return existsSync(mark) && readFileSync(mark, 'utf8').trim() === 'initializing'
}

/** Git's own mark, for as long as it is at it. */
const markOf = (worktree: string) => join(linkedFrom(worktree), 'locked')

/** Made so far that it does not even say whose it is: nothing but an empty `.git`. */
const isBare = (worktree: string) =>
  readdirSync(worktree, { withFileTypes: true }).every((file) => file.name === '.git' && file.isFile() && statSync(join(worktree, file.name)).size === 0)

/** Whether this place was never finished, so that nobody can have worked in it. */
export function isUnfinished(deps: RigGit, place: Place): boolean {
  const path = rigLayout(deps.town, place.rig).polecat(place.polecat)
  if (!existsSync(path) || !isHalfMade(path)) return false
  const { sessions } = townLayout(deps.town)
  const run = sessionId({ ...place, epoch: 0 }).slice(0, -1)
  return !existsSync(sessions) || readdirSync(sessions).every((id) => !id.startsWith(run))
}

/** How long a git that nobody can see into may take to make a worktree, in milliseconds. */
const unseenMaxMs = 600_000

/** Removes what is left of a place that was never finished. Throws while a git is at it still, and over what is not this rig's. */
export async function removeUnfinished({ town }: RigGit, place: Place): Promise<void> {
  const { clone, polecat } = rigLayout(town, place.rig)
  const path = polecat(place.polecat)
  const bare = isBare(path)
  if (!bare && dirname(linkedFrom(path)) !== realOf(join(clone, '.git/worktrees'))) throw new Error(`${path} belongs to ${linkedFrom(path)}; it was left alone`)
  const since = statSync(bare ? path : markOf(path)).mtimeMs
  const at = runningGits().find(({ repository, argv }) => (repository ? argv.includes(path) : Date.now() - since < unseenMaxMs))
  if (at) throw new Error(`${path} is being made by git (pid ${at.pid}) still`)
  rmSync(path, { recursive: true })
  await git(clone, ['worktree', 'unlock', path], { okCodes: [0, 128] })
  await git(clone, ['worktree', 'prune'])
}
