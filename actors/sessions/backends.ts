// Which backend a session gets: tmux where it is fit for it, plain processes otherwise.
// Never: asks for tmux before a session needs to know.
import { processBackend } from './process.ts'
import type { SessionBackend } from './session.ts'
import { tmuxBackend, tmuxTrouble } from './tmux.ts'

/** `socket` names the town's private tmux server; `env` is all that server starts with. */
export function backends(
  socket: string,
  env: Record<string, string>,
): (wanted: 'auto' | 'tmux' | 'process') => Promise<SessionBackend> {
  const tmux = tmuxBackend(socket, env)
  let asked: Promise<string | undefined> | undefined
  return async (wanted) => {
    if (wanted === 'process') return processBackend
    asked ??= tmuxTrouble(env)
    const trouble = await asked
    if (trouble === undefined) return tmux
    // What runs in it already is still watched and ended there.
    return wanted === 'auto' ? processBackend : { ...tmux, launch: () => Promise.reject(new Error(trouble)) }
  }
}
