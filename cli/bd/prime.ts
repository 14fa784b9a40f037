// `bd prime`: how issues are worked with, for an agent that begins or has lost the thread.
// Never: fails where there are no issues: it says nothing there; says who the agent is, which `gt prime` does.
import { BeadsError } from '../../actors/beads/contract.ts'
import { type Call, command } from '../bd-command.ts'
import { body, json, raw, verbatim } from '../print.ts'

/** Of what is remembered: more is found with `bd memories`. */
const memoriesMax = 20

const work = `# Issues of this project

## Rules
- Track work here, and not in a list of your own: what is not written down is lost with your conversation.
- File an issue before you begin something new; what you find on the way, too: bd create "…" --deps discovered-from:<id>
- Keep what is to be known beyond one issue with bd remember "insight"; bd memories <keyword> finds it.

## Finding work
- bd ready                              what can be worked on now
- bd list --status=open                 all that is open; --status=in_progress: what is being worked on
- bd show <id>                          one with all it holds
- bd search <query>                     by what they say

## Creating and updating
- bd create --title="…" --description="why, and what" --type=task|bug|feature --priority=2
  priority: 0 (most urgent) to 4, or P0 to P4; not words
- bd create "…" --parent=<id>           a part of something
- bd update <id> --claim                take it; refused when somebody else has it
- bd update <id> --if-assignee=<expected> --assignee=<new>   only while that holds; exit code 13 otherwise
- bd update <id> --title/--description/--notes/--design …
- bd close <id1> <id2> … --reason="…"   done; --suggest-next says what is ready now
- bd unclaim <id>, bd defer <id> --until="date", bd supersede <id> --with=<new-id>

## What waits for what
- bd dep add <issue> <depends-on>       the first waits for the second
- bd blocked, bd dep tree <id>

## Health
- bd stats, bd stale, bd lint, bd orphans, bd doctor`
const endings = {
  town: `## Before you say that you are done
1. git status, git add <files>, git commit: everything is committed
2. gt handoff: the Refinery tests and lands your branch; do not push to main, and do not close your own issue
\`gt prime\` says who you are here, and what you are to do.`,
  alone: `## Before you say that you are done
1. the project's tests pass
2. git status, git add <files>, git commit
3. bd close <id1> <id2> …
4. bd sync, where issues are shared`,
} as const

export default command({
  name: 'prime',
  summary: 'how issues are worked with, for agents',
  usage: '',
  writes: false,
  options: {
    full: { kind: 'flag', about: 'nothing to do here: all is told' },
    mcp: { kind: 'flag', about: 'nothing to do here' },
    stealth: { kind: 'flag', about: 'nothing to do here' },
    export: { kind: 'flag', about: 'nothing to do here' },
    'hook-json': { kind: 'flag', about: 'as a hook of an agent’s program expects it' },
    'memories-only': { kind: 'flag', about: 'only what is remembered' },
  },
  run(call) {
    const beads = storeOf(call)
    if (beads === undefined) return
    const memories = beads.memories().slice(0, memoriesMax)
    const ending = beads.isTowns() ? endings.town : endings.alone
    const isAll = !call.flags['memories-only']
    const text = textOf(beads, isAll)
    if (call.flags['hook-json'])
      return void raw(`${json({ hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: text } })}\n`)
    return call.print(
      () => ({ text, memories: Object.fromEntries(memories.map(({ key, value }) => [key, value])) }),
      () => [
        ...(isAll ? [verbatim(work)] : []),
        ...(memories.length === 0
          ? []
          : [
              '',
              '## Remembered',
              ...memories.flatMap(({ key, value }) => ['', `### ${key}`, body(value.slice(0, 1000))]),
            ]),
        ...(isAll ? ['', verbatim(ending)] : []),
      ],
    )
  },
})

/** For hooks; undefined where there are no issues. */
export function primeText(call: Pick<Call, 'beads'>): string | undefined {
  const beads = storeOf(call)
  return beads && textOf(beads, true)
}

function textOf(beads: Call['beads'], isAll: boolean): string {
  const known = beads
    .memories()
    .slice(0, memoriesMax)
    .map(({ key, value }) => `### ${key}\n${value.slice(0, 1000)}`)
  const remembered = known.length === 0 ? [] : [`## Remembered\n\n${known.join('\n\n')}`]
  const ending = beads.isTowns() ? endings.town : endings.alone
  return (isAll ? [work, ...remembered, ending] : remembered).join('\n\n')
}

/** None where there are no issues: an agent of any project may ask. */
function storeOf(call: Pick<Call, 'beads'>): Call['beads'] | undefined {
  try {
    return call.beads
  } catch (error) {
    if (error instanceof BeadsError) return undefined
    throw error
  }
}
