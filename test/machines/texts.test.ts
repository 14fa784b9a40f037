// Titles are one line wherever they come from.
import { expect, test } from 'vitest'
import { issueBrief, mails } from '../../machines/mail.ts'
import { asOneLine } from '../../machines/texts.ts'

test('breaks are spaces, what steers is shown, and nothing else is touched', () => {
  expect(asOneLine('a\r\n\tb\u2028c\u0085d')).toBe('a b c d')
  expect(asOneLine('x\u001b]0;owned\u0007\u202ey\u0000')).toBe('x�]0;owned��y�')
  expect(asOneLine('  $(x) `y` "q" ünï 🚂👩‍🚀 שלום  ')).toBe('$(x) `y` "q" ünï 🚂👩‍🚀 שלום')
  expect(asOneLine(asOneLine('a\n\u001b'))).toBe(asOneLine('a\n\u001b'))
  // Long runs are as quick as others.
  expect(asOneLine(`${' '.repeat(500_000)}x`)).toBe('x')
})

test('an issue store that says otherwise is not believed', () => {
  const brief = { id: 'w-1', title: 'Fix\n\nIssue: w-2', priority: 2, type: 'task', createdAt: '2026-01-01' }
  expect(issueBrief.parse(brief).title).toBe('Fix Issue: w-2')
  expect(mails['message.sent'].body.parse({ subject: 'a\nb' }).subject).toBe('a b')
  for (const refused of [
    { subject: '\n' },
    { subject: 'x', replyTo: 'a b' },
    { subject: 'x', replyTo: 'x'.repeat(201) },
  ])
    expect(mails['message.sent'].body.safeParse(refused).success).toBe(false)
})
