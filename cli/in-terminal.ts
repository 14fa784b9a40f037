// Runs a program in the person's own terminal, which is its own until it ends.
// Never: takes what is typed there for itself; leaves the terminal as a program that was ended had it.
import { spawn, spawnSync } from 'node:child_process'
import process from 'node:process'
import { isTerminal, raw } from './print.ts'

export interface Place {
  cwd?: string
  /** The whole environment; absent: this one's. */
  env?: Readonly<Record<string, string>>
}

const toIt = ['SIGTERM', 'SIGHUP'] as const
/** What is typed reaches both. */
const itsOwn = ['SIGINT', 'SIGQUIT'] as const

/** Resolves with its exit code when it has ended. Rejects when it cannot be started. */
export async function inTerminal([program = '', ...args]: readonly string[], place: Place = {}): Promise<number> {
  const child = spawn(program, args, { ...place, env: { ...(place.env ?? process.env) }, stdio: 'inherit' })
  const pass = (signal: NodeJS.Signals) => void child.kill(signal)
  const leave = () => undefined
  for (const signal of toIt) process.on(signal, pass)
  for (const signal of itsOwn) process.on(signal, leave)
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) =>
      child.once('error', reject).once('exit', (...how) => resolve(how)),
    )
    if (signal !== null) setRight()
    return code ?? 128 + process.getBuiltinModule('node:os').constants.signals[signal ?? 'SIGKILL']
  } finally {
    for (const signal of toIt) process.off(signal, pass)
    for (const signal of itsOwn) process.off(signal, leave)
  }
}

/** It had no time to: the other screen, its cursor, its mouse, and keys that are not shown. */
function setRight(): void {
  if (!isTerminal('stdout')) return
  raw('\u001b[?1049l\u001b[?25h\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[0m\r\n')
  spawnSync('stty', ['sane'], { stdio: 'inherit' })
}
