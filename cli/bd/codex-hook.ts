// `bd codex-hook`: what Codex asks at moments of a session, where another bd has set it up so.
// Never: fails: an agent's program would stop over it.
import { command } from '../bd-command.ts'
import { json, raw } from '../print.ts'
import { primeText } from './prime.ts'

export default command({
  name: 'codex-hook',
  isHidden: true,
  summary: 'what Codex is told at SessionStart: bd prime; nothing at other moments',
  usage: 'SessionStart|PreCompact|PostCompact|UserPromptSubmit',
  writes: false,
  args: { event: { kind: 'text' } },
  run(call) {
    const text = call.args.event === 'SessionStart' ? primeText(call) : undefined
    const told = { hookSpecificOutput: { hookEventName: call.args.event, additionalContext: text } }
    raw(`${json(text === undefined ? {} : told)}\n`)
    return undefined
  },
})
