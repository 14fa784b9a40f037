// `bd cursor-hook`: what Cursor asks at moments of a session, where another bd has set it up so.
// Never: fails: an agent's program would stop over it.
import { command } from '../bd-command.ts'
import { json, raw } from '../print.ts'
import { primeText } from './prime.ts'

export default command({
  name: 'cursor-hook',
  isHidden: true,
  summary: 'what Cursor is told at sessionStart: bd prime; nothing at other moments',
  usage: 'sessionStart|preCompact|postToolUse|beforeSubmitPrompt',
  writes: false,
  args: { event: { kind: 'text' } },
  run(call) {
    const text = call.args.event === 'sessionStart' ? primeText(call) : undefined
    raw(`${json(text === undefined ? {} : { additional_context: text })}\n`)
    return undefined
  },
})
