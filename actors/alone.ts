// Beginning a town and putting a copy of its data back are done one at a time. Each first leaves a note of its process,
// then looks for one of the other: whoever comes second sees it.
// Never: believes a note of a process that is gone.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { textOf, writePassing } from './files.ts'
import { townLayout } from './layout.ts'
import { isAlive, startOf } from './processes.ts'

export type Doing = 'beginning' | 'restoring'

/** Says that this process does so now; returns how it has done. */
export function noteDoing(town: string, what: Doing): () => void {
  const { daemon } = townLayout(town)
  const path = join(daemon, `${what}-${process.pid}`)
  // Where all of it is gone there is nothing to be alone with.
  if (existsSync(daemon)) writePassing(path, startOf(process.pid) ?? '')
  return () => rmSync(path, { force: true })
}

/** Another process that does so now; notes of those that are gone are removed. */
export function whoIs(town: string, what: Doing): number | undefined {
  const { daemon } = townLayout(town)
  if (!existsSync(daemon)) return undefined
  return readdirSync(daemon)
    .flatMap((name) => (name.startsWith(`${what}-`) ? Number(name.slice(what.length + 1)) : []))
    .filter((pid) => pid !== process.pid)
    .find((pid) => {
      const path = join(daemon, `${what}-${pid}`)
      if (isAlive({ pid, pidStart: textOf(path) ?? '' })) return true
      rmSync(path, { force: true })
      return false
    })
}
