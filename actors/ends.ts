// What ends with a town, and with a daemon: everything that bears the town's marks, wherever it went.
// Never: touches what the town did not start.
import { townLayout } from './layout.ts'
import { endAll, type MarkVariable } from './processes.ts'
import type { SessionBackend } from './sessions/session.ts'
import { endLeftOf, endSessions } from './sessions/session.ts'

const never = new AbortController().signal

/** Ends gates, setups and plugins of this town: who waits for them is gone, or goes. */
export async function endPrograms(town: string): Promise<void> {
  const holds = (value: string) => value.startsWith(`${town}/`)
  await Promise.all(
    (['GT_GATE', 'GT_RUN'] satisfies MarkVariable[]).map((variable) => endAll({ mark: { variable, holds } }, 0)),
  )
}

/** Ends what sessions have left that are over: of those that go on, `lives` says yes. */
export const endOver = (town: string, lives: (id: string) => boolean): Promise<void> =>
  endLeftOf(townLayout(town).sessions, (id) => !lives(id), 0, never)

/** Ends every session, also one that was only just begun, and what holds them. */
export async function endEverySession(town: string, backend: Pick<SessionBackend, 'end'>): Promise<void> {
  await endSessions(townLayout(town).sessions, null, 0, never)
  await backend.end()
}
