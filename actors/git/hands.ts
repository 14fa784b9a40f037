// The hands of git: what each effect about places, pins and the merge queue does.
// Never: decides what comes next.
import type { Hands } from '../binding.ts'
import { buildCandidate } from './build.ts'
import { GitFailed } from './git.ts'
import { confirmLanded, landCandidate } from './landing.ts'
import { clearOther, clearPlace, pinWork } from './retire.ts'
import type { RigGit } from './rig.ts'
import { inTurn } from './turns.ts'
import { createWorktree, inspectWorktree } from './worktree.ts'

type GitEffect =
  | 'createWorktree'
  | 'inspectWorktree'
  | 'pinWork'
  | 'clearPlace'
  | 'buildCandidate'
  | 'landCandidate'
  | 'confirmLanded'

export function gitHands(deps: RigGit): Pick<Hands, GitEffect> {
  const inspecting = inTurn(inspectedAtOnce)
  return {
    createWorktree: (input) =>
      again(async () => {
        await clearOther(deps, input)
        return createWorktree(deps, input)
      }),
    inspectWorktree: (input) => inspecting(() => again(() => inspectWorktree(deps, input))),
    pinWork: (input) => again(() => pinWork(deps, input)),
    clearPlace: (input) => again(() => clearPlace(deps, input)),
    buildCandidate: (input) => again(() => buildCandidate(deps, input)),
    landCandidate: (input) => again(() => landCandidate(deps, input)),
    confirmLanded: (input) => again(() => confirmLanded(deps, input)),
  }
}

/** Of many that hand over at once, the first are done with before the last are looked at. */
const inspectedAtOnce = 4

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
