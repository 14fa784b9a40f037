// `bd close`: issues that are done, all that were named or none.
// Never: closes what waits for something open, or has open children, unless it is forced; what somebody else has.
import { BeadsError, type Issue } from '../../actors/beads/contract.ts'
import { command, contentOf, ids, isAgents, jsonOf, line, resolved } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'close',
  also: ['done'],
  summary: 'close issues, all of them or none',
  usage: '<id> … [--reason "…"]',
  writes: true,
  options: {
    reason: { kind: 'text', short: 'r', about: 'why, or how it was done' },
    'reason-file': { kind: 'text', about: 'a file with that; - is the standard input' },
    force: { kind: 'flag', short: 'f', about: 'also what waits for something, or has open children' },
    'suggest-next': { kind: 'flag', about: 'say what can be worked on now that could not before' },
    'claim-next': { kind: 'flag', about: 'take what is ready next' },
    session: { kind: 'text', about: 'nothing to do here: a session is known by itself' },
  },
  args: ids,
  run(call) {
    const { flags, args, beads, actor, print } = call
    if (flags.reason !== undefined && flags['reason-file'] !== undefined)
      throw new Usage('say --reason or --reason-file, not both')
    const file = flags['reason-file']
    const reason = (file === undefined ? flags.reason : contentOf(file).trim()) || 'Closed'
    const all = resolved(beads, args.ids, 'close <id> …')
    const { issues, unblocked, claimed } = beads.written(() => {
      // In a town a person decides over what its workers hold.
      const isOverseers = beads.isTowns() && !isAgents(call)
      for (const id of flags.force || isOverseers ? [] : all) checkHolder(beads.get(id) as Issue, actor)
      const waiting = all.flatMap((id) => beads.dependents(id)).filter(({ type }) => type === 'blocks')
      const done = all.map((id) => beads.closeIssue(id, reason, actor, flags.force))
      const freed = waiting.map(({ issue_id: id }) => id).filter((id) => !all.includes(id))
      return {
        issues: done,
        unblocked: freed.length === 0 ? [] : beads.ready({ ids: [...new Set(freed)] }),
        claimed: flags['claim-next'] ? beads.claimReady({}, actor, call.writer) : undefined,
      }
    })
    const isMore = flags['suggest-next'] || flags['claim-next']
    print(
      () =>
        isMore
          ? {
              closed: jsonOf(beads, issues),
              ...(flags['suggest-next'] ? { unblocked: jsonOf(beads, unblocked) } : {}),
              ...(flags['claim-next'] ? { claimed: claimed === undefined ? null : jsonOf(beads, [claimed])[0] } : {}),
            }
          : jsonOf(beads, issues),
      () => [
        ...issues.map(({ id }) => `✓ Closed ${id}: ${reason}`),
        ...(flags['suggest-next'] && unblocked.length > 0
          ? ['Now ready:', ...unblocked.map((each) => `  ${line(each)}`)]
          : []),
        ...(flags['claim-next']
          ? [claimed === undefined ? 'Nothing is ready to be taken' : `Claimed: ${line(claimed)}`]
          : []),
      ],
    )
  },
})

/** Mail has a reader, whom the store asks for. */
function checkHolder({ id, assignee, issue_type: type }: Issue, actor: string): void {
  if (assignee && assignee !== actor && type !== 'message')
    throw new BeadsError(
      `cannot close ${id}: assignee is "${assignee}", actor is "${actor}"; reclaim or use --force to override`,
    )
}
