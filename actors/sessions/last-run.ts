// A polecat's session as its folder shows it: the one that is on, or its last one; also while the town is down.
// Never: asks the town; believes more of what an agent can write than what is shown to people.
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { SessionRecord } from '../../machines/session-effects.ts'
import { isSpoken } from '../agents/supervisor.ts'
import { noteAt } from '../files.ts'
import { rigLayout, townLayout } from '../layout.ts'
import { isAlive } from '../processes.ts'
import { exitCode, recorded, runsOf } from './runs.ts'

export interface LastRun {
  dir: string
  worktree: string
  epoch: number
  /** What it was given to do; null: that cannot be read. */
  assignment: Assignment | null
  /** Who it is; undefined before it has begun. */
  record: SessionRecord | undefined
  isAlive: boolean
  /** null: it goes on, or nobody saw it end. */
  exitCode: number | null
  /** It is driven by a supervisor, and its evidence says what it does. */
  isSpoken: boolean
}

const assignment = z.object({
  issue: z.object({ id: z.string(), title: z.string() }),
  branch: z.string(),
  attempt: z.int(),
})
export type Assignment = z.infer<typeof assignment>

/** undefined: it never had one here, or it was long ago. */
export function lastRunOf(town: string, rig: string, name: string): LastRun | undefined {
  const [dir] = runsOf(townLayout(town).sessions, rig, name)
  if (dir === undefined) return undefined
  const record = recorded(dir)
  const exit = exitCode(dir)
  return {
    dir,
    worktree: rigLayout(town, rig).polecat(name),
    epoch: Number(/\d+$/.exec(basename(dir))?.[0]),
    assignment: noteAt(join(dir, 'assignment.json'), assignment) ?? null,
    record,
    isAlive: exit === null && record !== undefined && isAlive(record),
    exitCode: exit,
    isSpoken: isSpoken(dir),
  }
}
