// What stands on Claude Code's line, as its screen showed it; 2.1.332 in tmux 3.3.
import { expect, test } from 'vitest'
import { isEmptyLine, isQuestion, typedLine } from '../../actors/agents/claude-tui-words.ts'

const rule = '\u001b[38;5;244m────────────────────────────────────────'
const below = '\u001b[39m  \u001b[38;5;211m⏵⏵ bypass permissions on'
const screen = (...line: string[]) => ['● One.', rule, ...line, `\u001b[0m${rule}`, below]
const empty = (column: number, ...line: string[]) => isEmptyLine({ lines: screen(...line), column })
const hint =
  '\u001b[39m❯\u00a0\u001b[7mO\u001b[0;2m\u001b[39m\u001b[49mnce fixed, resend your message\u001b[0m\u001b[39m'

test('a line is empty where nothing is typed, and where only its own hint stands there', () => {
  expect(empty(2, '\u001b[39m❯\u00a0\u001b[7m \u001b[0m')).toBe(true)
  expect(empty(2, '\u001b[38;5;246m❯\u00a0\u001b[7m\u001b[39m \u001b[0m')).toBe(true)
  expect(empty(2, hint)).toBe(true)
})

test('it is not where somebody types, wherever their cursor is, nor where it is no line that is known', () => {
  expect(empty(11, '\u001b[39m❯\u00a0half a li\u001b[7m ')).toBe(false)
  expect(empty(2, '\u001b[39m❯\u00a0\u001b[7mh\u001b[0malf a li')).toBe(false)
  expect(empty(2, '\u001b[39m❯\u00a0\u001b[7mh\u001b[0m')).toBe(false)
  expect(empty(2, '\u001b[38;5;2m❯\u00a0half', '  and more')).toBe(false)
  expect(empty(2, '\u001b[38;5;211m!\u00a0')).toBe(false)
  expect(isEmptyLine({ lines: ['Do you want to use this API key?', '❯ No'], column: 2 })).toBe(false)
  expect(isEmptyLine({ lines: [], column: 2 })).toBe(false)
})

test('what is typed is what stands between the last two rules', () => {
  expect(typedLine(screen('❯ one', '  two'))).toBe('one\n  two')
  expect(typedLine(['❯ said before', ...screen('❯ ')])).toBe('')
  expect(isQuestion(['  \u001b[3mEnter\u001b[0m \u001b[3mto\u001b[0m confirm · Esc to cancel'])).toBe(true)
})
