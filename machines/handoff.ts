// Handoff: what keeps a worker's place from being handed over, in words that tell the worker what to do. (spec: gt
// handoff command)
// Never: names a way around.
import type { EffectOutput } from './effects.ts'
import type { Outcome, ReturnReason } from './mail.ts'

/** undefined: nothing does. `nothingToDo`: the worker says that there is nothing to change. */
export function obstacle(
  worker: { address: string; branch: string; issue: string; nothingToDo: boolean },
  found: EffectOutput<'inspectWorktree'>,
): string | undefined {
  const { address, branch, issue, nothingToDo } = worker
  const again = `then run \`gt handoff${nothingToDo ? ' --no-change …' : ''}\` again`
  if (found.kind === 'absent') return `the worktree of ${address} cannot be read: ${found.why}`
  if (found.unfinished) return `a ${found.unfinished} is unfinished in your worktree; finish it, ${again}`
  if (found.dirty.length > 0) {
    const some = found.dirty.slice(0, 5).join(', ')
    const more = found.dirty.length > 5 ? ', …' : ''
    const files = `${found.dirty.length} uncommitted file${found.dirty.length === 1 ? '' : 's'} (${some}${more})`
    return `your worktree has ${files}; commit what belongs to ${issue}, remove the rest, ${again}`
  }
  if (nothingToDo)
    return found.ahead === 0 ? undefined : `${branch} has commits that main lacks: hand them over with \`gt handoff\``
  if (found.onBranch !== branch) {
    const where = `your worktree is on ${found.onBranch ?? 'no branch'}; your work belongs on ${branch}`
    return `${where}: check that out with your commits, ${again}`
  }
  if (found.ahead === 0 && found.own === 0)
    return `${branch} has no commit that main lacks; commit your work on ${issue}, ${again}. If there is nothing to change: \`gt handoff --no-change <why>\``
  return undefined
}

/** What an agent is told that waits, and has not said how it ended. undefined: its place could not be looked at. */
export function reminder(
  worker: { address: string; branch: string; issue: string; returned: ReturnReason | null },
  found: EffectOutput<'inspectWorktree'> | undefined,
): string {
  const { branch, issue, returned } = worker
  const lacking = found && obstacle({ ...worker, nothingToDo: false }, found)
  return [
    `You have stopped, and have not said how ${issue} ended.`,
    lacking === undefined && found
      ? `Your commits on ${branch} are not handed over yet: run \`gt handoff\`.`
      : (lacking ?? 'Look at `git status`, commit what belongs to it, then run `gt handoff`.'),
    returned?.tail ? `It had come back: ${returned.summary}\n${returned.tail}`.slice(0, 2000) : '',
    'If you cannot go on: `gt handoff --blocked-by <issue>` or `gt handoff --cannot "<why>"`. If there is work left, go on with it.',
  ]
    .filter((line) => line !== '')
    .join('\n')
}

interface Ending {
  name: string
  issue: string
  outcome: Outcome
  reason: string
  blockedBy: string | null
  /** The commit that was handed over. */
  sha: string
}

/** What the answer to a handoff, and the log, say of each outcome. */
export function farewell({ name, issue, outcome, reason, blockedBy, sha }: Ending): { answer: string; note: string } {
  const ended = 'the Witness ends this session'
  switch (outcome) {
    case 'handed_over':
      return {
        answer: `${issue} is in the merge queue at ${sha.slice(0, 10)}; ${ended}`,
        note: `${name} hands ${issue} over and asks to be shut down`,
      }
    case 'no_change':
      return {
        answer: `${issue} is closed without a change; ${ended}`,
        note: `${name} found nothing to change for ${issue}: ${reason}`,
      }
    case 'blocked':
      return {
        answer: `${issue} waits for ${blockedBy ?? 'the Overseer'}; ${ended}`,
        note: `${name} cannot go on with ${issue}: ${reason || `it waits for ${blockedBy}`}`,
      }
    case 'given_back':
      return { answer: `${issue} goes back to the Overseer; ${ended}`, note: `${name} gives ${issue} back: ${reason}` }
    case 'cannot':
      return { answer: `${issue} goes to the Overseer; ${ended}`, note: `${name} cannot do ${issue}: ${reason}` }
    case 'let_go':
      return { answer: ended, note: `${name} lets ${issue} go: ${reason}` }
    case 'failed':
      return { answer: ended, note: `${name} gave up on ${issue}: ${reason}` }
  }
}

/** Why a worker got no further, when nothing better is known. */
export function howItEnded(worker: {
  lastEnd: { cause: string; exitCode: number | null } | null
  starts: number
}): string {
  const { lastEnd: end, starts } = worker
  const how =
    end?.cause === 'failed'
      ? 'the session never started'
      : end?.cause === 'stalled'
        ? 'the session showed no progress'
        : end?.cause === 'cut_off'
          ? 'the session was cut off: tmux’s server ended again and again'
          : `the session ended without a handoff (exit ${end?.exitCode ?? 'unknown'})`
  return `${how}, ${starts} times`
}
