// The hands of git: what each effect about worktrees, pins and the merge queue does.
// Never: decides what comes next.
import type { Hands } from '../binding.ts'
import { GitFailed } from './git.ts'
import { buildCandidate, confirmLanded, landCandidate } from './landing.ts'
import { deleteBranch, pinWork } from './pin.ts'
import { createWorktree, inspectWorktree, type RigGit, removeWorktree } from './worktree.ts'

type GitEffect =
  | 'createWorktree'
  | 'inspectWorktree'
  | 'pinWork'
  | 'removeWorktree'
  | 'deleteBranch'
  | 'buildCandidate'
  | 'landCandidate'
  | 'confirmLanded'

export const gitHands = (deps: RigGit): Pick<Hands, GitEffect> => ({
  createWorktree: (input, call) => again(() => createWorktree(deps, input, call.at)),
  inspectWorktree: (input) => again(() => inspectWorktree(deps, input)),
  pinWork: (input) => again(() => pinWork(deps, input)),
  removeWorktree: (input) => again(() => removeWorktree(deps, input)),
  deleteBranch: (input) => again(() => deleteBranch(deps, input)),
  buildCandidate: (input) => again(() => buildCandidate(deps, input)),
  landCandidate: (input) => again(() => landCandidate(deps, input)),
  confirmLanded: (input) => again(() => confirmLanded(deps, input)),
})

const triesMax = 3

/** Each of these may be done twice, as after a crash: one that failed because its git was killed is done again. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof GitFailed && error.killed) || tries === triesMax) throw error
    }
  }
}
