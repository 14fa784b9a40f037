// Why a town is down that did not mean to go down: its daemon's last words, and since when. For whoever finds nobody.
// Never: loaded while the town answers; changes anything.
import { statSync } from 'node:fs'
import { lastBytes } from '../actors/files.ts'
import { townLayout } from '../actors/layout.ts'
import { isAlive } from '../actors/processes.ts'
import { daemonIn } from '../actors/remains.ts'

/** Read from the end of the log. */
const logBytesMax = 64 * 1024
const fatalLevel = 60

/** One sentence; empty for a town that went down because it was told to, or was never up. */
export function lastWords(town: string): string {
  const { daemonLog } = townLayout(town)
  const daemon = daemonIn(town)
  if (daemon && isAlive(daemon))
    return `its daemon (pid ${daemon.pid}) begins, or ends: ask again, or end it with \`gt down\``
  const said = lastLife(lastBytes(daemonLog, logBytesMax).split('\n'))
  const fatal = said.findLast(({ level }) => level === fatalLevel)
  if (fatal)
    return `its daemon ended by itself at ${fatal.time ?? 'a time it did not say'}; its last words: ${fatal.msg}`
  const plain = said.filter(({ level }) => level === undefined)
  const last = (plain.find(({ msg }) => msg.includes('FATAL ERROR')) ?? plain.at(-1))?.msg
  if (daemon) {
    const how =
      last === undefined ? 'without a word (killed, or the machine went down)' : `with these last words: ${last}`
    return `its daemon ended ${how}, last heard of at ${lastSign(town)}; nothing that was decided is lost`
  }
  return last === undefined ? '' : `its last start failed: ${last}`
}

interface Line {
  /** Absent for what is no line of the log: the words of a start that failed. */
  level?: number
  time?: string
  msg: string
}

/** What was said since the town was last up, or went down as it was told to. */
function lastLife(lines: readonly string[]): Line[] {
  const read = lines.filter((line) => line.trim() !== '').map(lineOf)
  const from = read.findLastIndex(({ level, msg }) => level === 30 && /is (up|down)$/.test(msg))
  return read.slice(from + 1)
}

function lineOf(text: string): Line {
  try {
    const { level, time, msg } = JSON.parse(text) as Record<string, unknown>
    if (typeof level === 'number') return { level, time: String(time), msg: String(msg) }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return { msg: text }
}

/** The latest moment at which it wrote anything. */
function lastSign(town: string): string {
  const { daemonLog, daemonJson, db } = townLayout(town)
  const times = [daemonLog, daemonJson, db, `${db}-wal`].map(
    (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  )
  return new Date(Math.max(...times)).toISOString()
}
