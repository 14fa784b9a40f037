// What people's texts may be. Titles and subjects are one line everywhere: in the beads, on the board, in mail, in
// commit messages.
// Never: cuts one.

/** Characters of a mail's subject, and of its text. */
export const subjectLengthMax = 500
export const bodyLengthMax = 65_536
/** Characters of what an agent is told at a time; there is more to be read where it says so. */
export const wordsLengthMax = 8000

const breaks = /[\t\n\v\f\r\u0085\u2028\u2029]+/g
/** What turns the direction of writing, or ends a line where nobody sees it: in brackets of a pattern. */
export const turning = '\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069'
/** The other control characters, and what turns the direction of writing. */
const steering = new RegExp(`[\\u0000-\\u001f\\u007f-\\u009f${turning}]`, 'g')

/** A text as one line: breaks and tabs are spaces, what would steer a terminal is `�`. */
export const asOneLine = (text: string): string => text.replaceAll(breaks, ' ').replaceAll(steering, '\ufffd').trim()
