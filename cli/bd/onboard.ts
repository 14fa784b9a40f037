// `bd onboard`: what a project may tell its agents of this.
// Never: writes into a file of the project; the person does.
import { command } from '../bd-command.ts'
import { verbatim } from '../print.ts'

const snippet = `## Issue Tracking

This project uses **bd** for issue tracking. Run \`bd prime\` for how it is used.

- \`bd ready\`: what can be worked on now
- \`bd create "Title" --type task --priority 2\`: file an issue
- \`bd close <id>\`: it is done
- \`bd sync\`: share issues with others`

export default command({
  name: 'onboard',
  summary: 'a snippet for AGENTS.md',
  usage: '',
  writes: false,
  run: ({ print }) =>
    print(
      () => ({ snippet }),
      () => [
        'Add this to AGENTS.md, or make it:',
        '',
        verbatim(snippet),
        '',
        '`bd prime` says the rest to whoever asks.',
      ],
    ),
})
