// How a person joins the conversation of an agent while it goes on: a file that its driver leaves in the run's folder.
// Never: for an agent whose program lets nobody in; there is no such file then.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { noteAt, writeWhole } from '../files.ts'

const way = z.object({
  argv: z.array(z.string()).min(1),
  /** Beside the variables that the agent itself has. */
  env: z.record(z.string(), z.string()),
})
export type WayIn = z.infer<typeof way>

const fileOf = (dir: string) => join(dir, 'attach.json')

/** It may hold a password: nobody else can read it. */
export const letIn = (dir: string, by: WayIn): void => writeWhole(fileOf(dir), JSON.stringify(by))

/** It is gone: there is nothing to join any more. */
export const shut = (dir: string): void => rmSync(fileOf(dir), { force: true })

/** undefined: nobody can join; nor by what an agent has put there that is no way in. */
export const wayIn = (dir: string): WayIn | undefined => noteAt(fileOf(dir), way)
