// Runs: what a session's folder tells of it, in this life of the town or a later one.
// Never: believes a record of another session than the folder's own; ends anything.
import { lstatSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type SessionRecord, sessionRecord } from '../../machines/session-effects.ts'
import { foldersIn, lastBytes, noteAt } from '../files.ts'
import { isAlive } from '../processes.ts'

/** A mark counts once its line is whole: the session writes it without a process of its own. */
export const markIn = (dir: string, name: 'started' | 'exit'): number | undefined => {
  const text = lastBytes(join(dir, name), 64)
  return text.endsWith('\n') ? Number(text) : undefined
}

/** How it ended, as it said itself; null: it goes on, or had no time to say it. */
export const exitCode = (dir: string): number | null => markIn(dir, 'exit') ?? null

/**
 * What was recorded at a session's start; undefined when nothing whole was, and then the start looks at the session's
 * own mark. Agents can write here: a record of another session than the folder's own is none.
 */
export function recorded(dir: string): SessionRecord | undefined {
  const noted = noteAt(join(dir, 'identity.json'), sessionRecord)
  return noted?.dir === dir && noted.id === basename(dir) ? noted : undefined
}

/** Whether the session has said that it began, in this life of the town or one before. */
export const hasBegun = (dir: string): boolean => recorded(dir) !== undefined || markIn(dir, 'started') !== undefined

/** Folders of a polecat's runs, newest first. */
export function runsOf(sessionsDir: string, rig: string, polecat: string): string[] {
  return foldersIn(sessionsDir)
    .filter((id) => isRunOf(id, rig, polecat))
    .map((id) => join(sessionsDir, id))
    .sort((a, b) => statSync(b).birthtimeMs - statSync(a).birthtimeMs)
}

/** Removes the folders of runs that ended before this moment, in milliseconds since the epoch. */
export function pruneRuns(sessionsDir: string, before: number): void {
  for (const id of foldersIn(sessionsDir)) {
    const dir = join(sessionsDir, id)
    const record = recorded(dir)
    const touched = Math.max(
      ...[dir, ...readdirSync(dir).map((file) => join(dir, file))].map(
        (path) => lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0,
      ),
    )
    if (touched < before && !(record && isAlive(record))) rmSync(dir, { recursive: true })
  }
}

/** Every recorded session that is alive. */
export function aliveIn(sessionsDir: string): SessionRecord[] {
  return foldersIn(sessionsDir)
    .map((id) => recorded(join(sessionsDir, id)))
    .filter((record) => record !== undefined)
    .filter(isAlive)
}

/** Whether this is a run of that polecat. */
export const isRunOf = (id: string, rig: string, polecat: string): boolean =>
  id.startsWith(`gt-${rig}-${polecat}-`) && /^\d+-\d+$/.test(id.slice(`gt-${rig}-${polecat}-`.length))
