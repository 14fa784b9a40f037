// Handoff: what keeps a worker's place from being handed over, in words that tell the worker what to do. (spec: gt
// handoff command)
// Never: names a way around.
import type { EffectOutput } from './effects.ts'

/** undefined: nothing does. */
export function obstacle(
  worker: { address: string; branch: string; issue: string },
  found: EffectOutput<'inspectWorktree'>,
): string | undefined {
  const { address, branch, issue } = worker
  if (found.kind === 'absent') return `the worktree of ${address} cannot be read: ${found.why}`
  if (found.unfinished)
    return `a ${found.unfinished} is unfinished in your worktree; finish it, then run \`gt handoff\` again`
  if (found.dirty.length > 0) {
    const some = found.dirty.slice(0, 5).join(', ')
    const more = found.dirty.length > 5 ? ', …' : ''
    return `your worktree has ${found.dirty.length} uncommitted file${found.dirty.length === 1 ? '' : 's'} (${some}${more}); commit what belongs to ${issue}, remove the rest, then run \`gt handoff\` again`
  }
  if (found.onBranch !== branch)
    return `your worktree is on ${found.onBranch ?? 'no branch'}; your work belongs on ${branch}: check that out with your commits, then run \`gt handoff\` again`
  if (found.ahead === 0)
    return `${branch} has no commit that main lacks; commit your work on ${issue}, then run \`gt handoff\` again`
  return undefined
}
