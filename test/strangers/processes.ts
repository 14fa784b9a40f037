// The processes of one story, wherever they have hidden: known by its folder in their environment, their command line
// or where they are.
// Never: ends one that has nothing of the story about it.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import process from 'node:process'

export function processesOf(dir: string): { pid: number; command: string }[] {
  if (!existsSync('/proc/self/environ')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const [command = '', environ = ''] = ['cmdline', 'environ'].map((what) => tried(() => textOf(name, what)) ?? '')
      const cwd = tried(() => readlinkSync(`/proc/${name}/cwd`)) ?? ''
      return [command, environ, cwd].some((text) => text.includes(dir)) ? [{ pid: Number(name), command }] : []
    })
}

/** Ends them all; one that is only just ended may have started another. */
export function endAllOf(dir: string): void {
  for (let round = 0; round < 20; round++) {
    const left = processesOf(dir)
    if (left.length === 0) return
    for (const { pid } of left) tried(() => process.kill(pid, 'SIGKILL'))
  }
}

const textOf = (pid: string, what: string) => readFileSync(`/proc/${pid}/${what}`, 'utf8').replaceAll('\0', ' ').trim()

/** A process may go while it is looked at. */
function tried<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
