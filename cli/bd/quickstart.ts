// `bd quickstart`: the first steps, for people.
// Never: does one of them.
import { command } from '../bd-command.ts'
import { verbatim } from '../print.ts'

const text = `Getting started
  bd init                                  make a store for issues in this folder
  bd init --prefix api                     ids will be like api-4k2

Creating issues
  bd create "Fix login bug"
  bd create "Add auth" -p 0 -t feature
  bd create "Write tests" -d "Unit tests for auth" --assignee alice

Looking at them
  bd list                                  what is not closed
  bd list --status open
  bd list --priority 0
  bd show bd-1

What waits for what
  bd dep add bd-1 bd-2                     bd-1 waits for bd-2
  bd dep tree bd-1
  bd dep cycles

Working
  bd ready                                 what can be worked on now
  bd update bd-1 --claim
  bd update bd-1 --priority 0
  bd close bd-2 bd-3 --reason "Fixed in PR #42"

Sharing
  bd sync                                  through a branch of its own in git

\`bd help\` lists every command; all take --json.`

export default command({
  name: 'quickstart',
  summary: 'the first steps',
  usage: '',
  writes: false,
  run: ({ print }) =>
    print(
      () => ({ text }),
      () => [verbatim(text)],
    ),
})
