// Who is at the other end of a connection: the client says its number, and shows that it is that process by its own
// name in /proc, which the kernel lets nobody else write. Node does not tell the peer of a unix socket.
// Never: holds up a request that only looks; asks where there is no /proc (macOS).
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { startOf } from '../actors/processes.ts'
import type { Response } from './api.ts'

/** `blind`: this machine does not let it be found out. */
export type Proof = 'proved' | 'failed' | 'blind'
export type Proves = (pid: number) => Promise<Proof>

/** How long a client may take to show itself, in milliseconds. */
const provedWithinMs = 5000

export interface Peer {
  proves: Proves
  /** Whether a line was the client's answer to the question, and no request. */
  answered(line: string): boolean
}

/** The peer of one connection; `gone` is aborted when it hangs up. */
export function peerOf(send: (response: Response) => void, gone: AbortSignal): Peer {
  const asked = new Map<string, () => void>()
  const show = async (pid: number): Promise<Proof> => {
    // As long as such a name may be.
    const name = `gt-${randomBytes(6).toString('hex')}`
    const shown = await new Promise<boolean>((resolve) => {
      const limit = setTimeout(resolve, provedWithinMs, false)
      const finish = (isShown: boolean) => {
        clearTimeout(limit)
        asked.delete(name)
        resolve(isShown)
      }
      asked.set(name, () => finish(true))
      gone.addEventListener('abort', () => finish(false), { once: true })
      if (gone.aborted) finish(false)
      send({ prove: name })
    })
    return shown && nameOf(pid) === name ? 'proved' : 'failed'
  }
  /** Once for a connection, as long as it is the same process: it has one name, and may ask much. */
  let known: { pid: number; start: string; proof: Promise<Proof> } | undefined
  return {
    async proves(pid) {
      if (isBlind()) return 'blind'
      const start = startOf(pid)
      if (start === undefined) return 'failed'
      const its = known?.pid === pid && known.start === start ? known : { pid, start, proof: show(pid) }
      known = its
      const proof = await its.proof
      if (proof === 'failed' && known === its) known = undefined
      return proof
    },
    answered(line) {
      const [, name = ''] = /^\{"proved":"([\w-]{1,20})"\}$/.exec(line) ?? []
      if (name === '') return false
      asked.get(name)?.()
      return true
    },
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd()
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

let blind: boolean | undefined
/** Whether a process here can write its own name: tried once, on this one. */
function isBlind(): boolean {
  try {
    if (blind === undefined) writeFileSync('/proc/self/comm', readFileSync('/proc/self/comm'))
    blind ??= false
  } catch {
    // No /proc, or one that is not to be written.
    blind = true
  }
  return blind
}
