// What a session leaves to be read, as it is shown: the facts of one that is spoken with, the output of any other.
// Never: reads what it has not got to print; lets what an agent printed steer the terminal, unless it is asked to.
import { existsSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { evidenceFile, evidenceFrom, shown, type Told } from '../actors/agents/evidence.ts'
import { bytesFrom } from '../actors/files.ts'
import { isAlive } from '../actors/processes.ts'
import type { LastRun } from '../actors/sessions/last-run.ts'
import { recorded } from '../actors/sessions/runs.ts'
import { body, clock, type Line, plainly, plainPieces, raw, say, json as written } from './print.ts'

type Session = Pick<LastRun, 'dir' | 'isSpoken'>
/** For people, for programs, or as the bytes are. */
export type Shown = 'words' | 'json' | 'raw'

export const logOf = ({ dir, isSpoken }: Session) => (isSpoken ? evidenceFile(dir) : join(dir, 'output.log'))

/** Prints what is there from this byte on, and returns where the next begins. */
const printFrom = (session: Session, how: Shown): ((from: number) => number) => {
  const pieces = plainPieces()
  if (session.isSpoken && how !== 'raw')
    return (from) => {
      const { facts, next } = evidenceFrom(session.dir, from)
      if (how === 'json') for (const one of facts) raw(`${written(one)}\n`)
      else say(facts.flatMap((one) => factLines(plainly(one))))
      return next
    }
  return (from) => {
    const { bytes, start } = bytesFrom(logOf(session), from, pieceBytes)
    if (bytes.length > 0) raw(how === 'raw' ? bytes : pieces(bytes))
    return start + bytes.length
  }
}

const pieceBytes = 64 * 1024

/** A fact with its time. What is the agent's own text is set off, and cannot be taken for a fact. */
export function factLines(one: Told): Line[] {
  const text = shown(one)
  if (text === '') return []
  const [first = '', ...rest] = text.split('\n')
  const line = `${clock(one.at)}  ${one.what === 'said' || one.what === 'noise' ? '| ' : ''}${first}`
  return rest.length === 0 ? [line] : [line, body(rest.map((each) => `      | ${each}`).join('\n'))]
}

/** Prints what is there and what comes, until the mark of the end is there and everything before it is printed. */
export async function followSession(session: Session, how: Shown): Promise<void> {
  const print = printFrom(session, how)
  for (let from = 0; ; ) {
    const record = recorded(session.dir)
    // One that was killed has left no mark.
    const over = existsSync(join(session.dir, 'exit')) || (record !== undefined && !isAlive(record))
    for (let next = print(from); next !== from; next = print(from)) from = next
    if (over) return
    await changed(logOf(session))
  }
}

/** A change of the file, or half a second: the end shows in another one. */
async function changed(log: string): Promise<void> {
  const stop = new AbortController()
  const event = new Promise<void>(
    (resolve) => existsSync(log) && watch(log, { signal: stop.signal }, () => resolve()).on('error', () => resolve()),
  )
  await Promise.race([event, sleep(500, undefined, { signal: stop.signal }).catch(() => undefined)])
  stop.abort()
}
