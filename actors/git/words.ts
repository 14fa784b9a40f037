// Makes words for people of what git and an origin said: the reason, without progress and advice, and the kind of
// trouble.
// Never: loses a line that an origin sent.
import { GitFailed } from './git.ts'

export type OriginTrouble = { kind: 'unreachable'; why: string } | { kind: 'denied'; why: string }

const progress =
  /^(remote: )?(Enumerating|Counting|Compressing|Writing|Receiving|Resolving|Updating|Unpacking|Filtering|Delta|Total|Cloning into|To |From |Auto packing|\s*\* |\s+[0-9a-f]+\.\.)/
const advice =
  /^(hint:|Please make sure you have the correct access rights|and the repository exists|error: failed to push some refs|Done$|remote:\s*$)/

/** The lines that say why, `; ` between them; origin's own (`remote:`) are all there. */
export function reasonIn(output: string): string {
  const lines = output
    .split(/[\r\n]+/)
    .map((line) => line.replace(/\s+$/, ''))
    .filter((line) => line !== '' && !progress.test(line) && !advice.test(line))
  return [...new Set(lines.map((line) => line.trim()))].join('; ')
}

/** A failure of git in its own words. */
export function wordsOf(error: GitFailed): string {
  return [reasonIn(error.output), error.trouble].filter(Boolean).join('; ') || error.message
}

const deniedWords =
  /permission (to .+ )?denied|access denied|authentication failed|could not read (username|password)|terminal prompts disabled|invalid (username|credentials)|requested url returned error: 40[13]|repository not exported|not allowed|no(t)? (write access|permission|authori[sz]ed)|read[- ]only|insufficient permission|repository not found|detected dubious ownership|host key verification failed|unauthori[sz]ed|forbidden/i

/** Of a git that asked origin and did not get what it asked for. */
export function troubleOf(error: unknown): OriginTrouble {
  if (!(error instanceof GitFailed)) throw error
  // Killed from outside it has said nothing: it is done again (`hands.ts`).
  if (error.killed) throw error
  return { kind: deniedWords.test(error.output) ? 'denied' : 'unreachable', why: wordsOf(error) }
}

export const soundsDenied = (words: string): boolean => deniedWords.test(words)
