// The daemon's log: lines of JSON on its standard output.
// Never: ends the daemon, or keeps lines in memory, because they cannot be written.
import { writeSync } from 'node:fs'
import { type Logger, pino } from 'pino'
import { safeJson } from './print.ts'

export function openLog(): Logger {
  let missed = 0
  const write = (line: string) => {
    try {
      if (missed > 0)
        writeSync(
          1,
          `${JSON.stringify({ level: 40, time: at(), msg: `${missed} lines are missing here: they could not be written` })}\n`,
        )
      missed = 0
      writeSync(1, safeJson(line))
    } catch {
      // A full disk, or nobody who reads: what counts is said by `gt status` too.
      missed++
    }
  }
  return pino({ base: null, timestamp: () => `,"time":"${at()}"` }, { write })
}

const at = () => new Date().toISOString()
