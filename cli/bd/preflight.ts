// `bd preflight`: what to look at before work is handed over.
// Never: runs a gate; those are the project's.
import { command } from '../bd-command.ts'

const list = [
  'the project’s tests, linter and formatter pass',
  'everything is committed: git status',
  'what was found on the way is filed: bd create "…" --deps discovered-from:<id>',
  'what is done is closed: bd close <id>',
]

export default command({
  name: 'preflight',
  summary: 'what to look at before work is handed over',
  usage: '',
  writes: false,
  options: { check: { kind: 'flag', about: 'nothing to do here: gates are the project’s own' } },
  run: ({ print }) =>
    print(
      () => ({ checks: list.map((text) => ({ text })) }),
      () => ['Readiness Checklist:', ...list.map((text) => `[ ] ${text}`)],
    ),
})
