// The hands of git: what each effect about worktrees, pins and the merge queue does.
// Never: decides what comes next.
import type { Hands } from '../binding.ts'
import { buildCandidate, confirmLanded, landCandidate } from './landing.ts'
import { deleteBranch, pinWork } from './pin.ts'
import { createWorktree, inspectWorktree, type RigGit, removeWorktree } from './worktree.ts'

export const gitHands = (
  deps: RigGit,
): Pick<Hands, 'createWorktree' | 'inspectWorktree' | 'pinWork' | 'removeWorktree' | 'deleteBranch' | 'buildCandidate' | 'landCandidate' | 'confirmLanded'> => ({
  createWorktree: (input, call) => createWorktree(deps, input, call.at),
  inspectWorktree: (input) => inspectWorktree(deps, input),
  pinWork: (input) => pinWork(deps, input),
  removeWorktree: (input) => removeWorktree(deps, input),
  deleteBranch: (input) => deleteBranch(deps, input),
  buildCandidate: (input) => buildCandidate(deps, input),
  landCandidate: (input) => landCandidate(deps, input),
  confirmLanded: (input) => confirmLanded(deps, input),
})
