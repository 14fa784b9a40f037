// Texts that agents, issue trackers and origins wrote, as text and nothing else: what would steer a terminal, or end
// a line early, becomes a visible escape.
// Never: changes what is kept; only what is shown, or written where a line means something, goes through here.
import { turning } from '../machines/texts.ts'

/** C0 but tab and line feed, DEL, C1, and what turns the direction of writing. */
const steering = new RegExp(`[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f${turning}]`, 'g')

const escaped = (char: string): string => {
  const hex = char.charCodeAt(0).toString(16)
  return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`
}

/** A text of several lines, as a terminal may have it: `\x1b` is shown where the character was. */
export const plain = (text: string): string => text.replaceAll('\r\n', '\n').replaceAll(steering, escaped)

/** The same in one line, for titles, cells and headings. What `but` finds is left as it is: the town's own colours. */
export function oneLine(text: string, but?: RegExp): string {
  const line = text.replaceAll(/\s*[\r\n\u0085\u2028\u2029]+\s*/g, ' ').replaceAll('\t', ' ')
  if (but === undefined || !line.includes('\u001b')) return plain(line)
  const kept = line.match(but) ?? []
  return line
    .split(but)
    .map((part, n) => plain(part) + (kept[n] ?? ''))
    .join('')
}
