// What a daemon finds when it begins: how the last one ended, and what that one has left.
// Never: changes anything; what is done about it, the town's rooms do as they begin.
import { existsSync } from 'node:fs'
import { townLayout } from '../actors/layout.ts'
import { aliveIn } from '../actors/sessions/runs.ts'
import type { Host } from '../runtime/contract.ts'
import { lastWords } from './last-words.ts'

/** To be looked at before anything is opened: opening changes it. */
export function foundIn(town: string) {
  const { dbOpen, sessions } = townLayout(town)
  const wasClosed = !existsSync(dbOpen)
  const last = wasClosed ? '' : lastWords(town)
  const live = aliveIn(sessions).map(({ id }) => id)
  return {
    /** In lines for people, once what was left running has been ended; none after a town that was closed. */
    words(depth: ReturnType<Host['depth']>, ended: number): string[] {
      if (wasClosed) return []
      const { mail, effectsPending } = depth
      return [
        `the town had not been closed${last === '' ? '' : `: ${last}`}`,
        live.length === 0
          ? 'found: no session that has gone on'
          : `found: ${counted(live.length, 'session')} that went on, and that it watches again (${live.join(', ')})`,
        ...(ended > 0
          ? [`ended: ${counted(ended, 'process', 'processes')} of gates, plugins and git that it had left`]
          : []),
        ...(mail + effectsPending > 0
          ? [
              `goes on: ${counted(mail, 'mail')} that waited, ${counted(effectsPending, 'effect')} that may not have been done`,
            ]
          : []),
      ]
    },
  }
}

const counted = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`
