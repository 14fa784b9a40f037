// What ends with a town, and with a daemon: everything that bears the town's marks, wherever it went.
// Never: touches what the town did not start.
import { townLayout } from './layout.ts'
import { endAll, type Mark } from './processes.ts'
import type { SessionBackend } from './sessions/session.ts'
import { endLeftOf, endSessions } from './sessions/session.ts'

const never = new AbortController().signal

/** What gates, setups and plugins of this town bear. */
export const programMarks = (town: string): Mark[] =>
  (['GT_GATE', 'GT_RUN'] as const).map((variable) => ({ variable, holds: (value) => value.startsWith(`${town}/`) }))

/** Ends gates, setups and plugins of this town: who waits for them is gone, or goes. */
export async function endPrograms(town: string): Promise<void> {
  await Promise.all(programMarks(town).map((mark) => endAll({ mark }, 0)))
}

/** Ends what sessions have left that are over: of those that go on, `lives` says yes. */
export const endOver = (town: string, lives: (id: string) => boolean): Promise<void> =>
  endLeftOf(townLayout(town).sessions, (id) => !lives(id), 0, never)

/** Ends every session, also one that was only just begun, and what holds them. */
export async function endEverySession(town: string, backend: Pick<SessionBackend, 'end'>): Promise<void> {
  await endSessions(townLayout(town).sessions, null, 0, never)
  await backend.end()
}
