// What may go wrong with a machine under a town: every file of it removed or cut, folders gone, disks full, databases
// held, processes stopped, clocks that jump.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, lstatSync, openSync, readdirSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { join, relative } from 'node:path'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { fileName } from '../../actors/beads/file.ts'
import { rigLayout } from '../../actors/layout.ts'
import type { RealTown } from '../fixture/real-town.ts'
import { type Fault, townAtWork } from './ordeal.ts'

/** What differs between two towns in a file's name. */
const kindOf = (path: string): string =>
  path
    .replace(/[0-9a-f]{40}/g, '<hash>')
    .replace(/[0-9a-f]{12}/g, '<hash>')
    .replace(/cache\/.+/, 'cache/<hash>')
    .replace(/\/[0-9a-f]{2}\/[0-9a-f]{38}$/, '/<object>')
    .replace(/objects\/[0-9a-f]{2}\/<hash>.*/, 'objects/<object>')
    .replace(/pack-[^.]+/, 'pack-<hash>')
    .replace(/\d{4}-\d\d-\d\d/, '<day>')
    .replace(/file-\d+/, 'file-<n>')

/** A worker's own files are its own; of hooks' samples nobody cares. */
const isOurs = (path: string) => !/polecats\/\w+\/(?!\.git$)|\.sample$/.test(path)

function filesOf(dir: string, below = dir): string[] {
  return readdirSync(below, { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name)
    return entry.isDirectory() ? filesOf(dir, path) : [relative(dir, path)]
  })
}

function findAs(town: RealTown, kind: string, fits = (_: { size: number; isFile: boolean }) => true) {
  return filesOf(town.town)
    .sort()
    .filter((path) => kindOf(path) === kind)
    .find((path) => {
      const found = lstatSync(join(town.town, path))
      return fits({ size: found.size, isFile: found.isFile() })
    })
}

/** Every kind of file of a town at work, once. */
export async function fileKinds(): Promise<string[]> {
  using town = await townAtWork()
  return [...new Set(filesOf(town.town).filter(isOurs).map(kindOf))].sort()
}

const eachTime: readonly Fault['when'][] = ['up', 'down']

export const fileFaults = (kinds: readonly string[]): Fault[] =>
  kinds.flatMap((kind) =>
    eachTime.flatMap((when): Fault[] => [
      {
        name: `${kind} removed`,
        when,
        takes: (town) => findAs(town, kind),
        play: (town, path) => rmSync(join(town.town, path)),
      },
      {
        name: `${kind} cut to nothing`,
        when,
        takes: (town) => findAs(town, kind, ({ size, isFile }) => isFile && size > 0),
        play: (town, path) => truncateSync(join(town.town, path)),
      },
    ]),
  )

const folders = [
  '.beads',
  'daemon',
  'daemon/sessions',
  'daemon/places',
  'daemon/lens',
  'daemon/bin',
  'mayor',
  'wyvern/mayor/rig',
  'wyvern/mayor/rig/.git',
  'wyvern/mayor/rig/.git/worktrees',
  'wyvern/refinery/rig',
  'wyvern/refinery/rig/.git',
  'wyvern/polecats/Nux',
  'wyvern',
]

const folderFaults: Fault[] = folders.flatMap((folder) =>
  eachTime.map((when) => ({
    name: `${folder}/ removed whole`,
    when,
    takes: () => folder,
    play: (town: RealTown) =>
      rmSync(join(town.town, folder), { recursive: true, force: true, maxRetries: 20, retryDelay: 20 }),
  })),
)

const cleans: Fault[] = ['wyvern/mayor/rig', 'wyvern/refinery/rig'].flatMap((place) =>
  eachTime.map((when) => ({
    name: `git clean -fdx in ${place}`,
    when,
    play(town: RealTown) {
      spawnSync('git', ['clean', '-fdxq'], { cwd: join(town.town, place) })
    },
  })),
)

const stopped = async (pids: readonly number[], ms: number, meanwhile: () => void = () => {}) => {
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  try {
    meanwhile()
    await pause(ms)
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
}
const workers = (town: RealTown) => town.alive().map(({ pid }) => pid)

const whileUp = (name: string, play: Fault['play']): Fault => ({ name, when: 'up', play })

const processes: Fault[] = [
  whileUp('the daemon is stopped for 8 s', (town) => stopped([town.daemonPid()], 8000)),
  whileUp('a worker is stopped for 8 s', (town) => stopped(workers(town), 8000)),
  whileUp('suspend: all stopped for 3 s, every file an hour older', (town) =>
    stopped([town.daemonPid(), ...workers(town)], 3000, () => {
      spawnSync('find', [town.town, '-exec', 'touch', '-h', '-d', '1 hour ago', '{}', '+'])
    }),
  ),
  { ...whileUp('the daemon is killed', (town) => void process.kill(town.daemonPid(), 'SIGKILL')), thenUp: true },
]

/** Somebody else has the database for himself. */
const hold = (path: string, ms: number) =>
  new Promise<void>((resolve, reject) => {
    const script = `const { DatabaseSync } = require('node:sqlite')
const db = new DatabaseSync(process.argv[1], { timeout: 10000 })
db.exec('BEGIN EXCLUSIVE')
console.log('held')
setTimeout(() => { db.exec('ROLLBACK'); db.close() }, Number(process.argv[2]))`
    const holder = spawn(process.execPath, ['-e', script, path, String(ms)], { stdio: ['ignore', 'pipe', 'ignore'] })
    holder.stdout.once('data', () => resolve())
    holder.once('error', reject)
    holder.once('exit', (code) => code !== 0 && reject(new Error(`${path} could not be held`)))
  })

const held: Fault[] = [
  whileUp('town.db is held by somebody for 12 s', (town) => hold(town.layout.db, 12_000)),
  whileUp('the rig’s issues are held by somebody for 12 s', (town) =>
    hold(join(rigLayout(town.town, 'wyvern').store, fileName), 12_000),
  ),
]

/** Played in a place of its own, which is small. */
const fullDisk: Fault[] = eachTime.map((when) => ({
  name: 'the disk is full, and has room again',
  when,
  smallDisk: true,
  play(town) {
    const file = openSync(join(town.dir, 'fill'), 'w')
    try {
      for (const size of [1 << 20, 1 << 12, 1]) fill(file, Buffer.alloc(size))
    } finally {
      closeSync(file)
    }
  },
  passes: (town) => rmSync(join(town.dir, 'fill'), { force: true }),
}))

function fill(file: number, part: Buffer): void {
  try {
    while (writeSync(file, part) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

const clocks: Fault[] = ['an hour back', 'a day on'].map((jump) => ({
  name: `the clock jumps ${jump}`,
  when: 'up',
  missing: spawnSync('faketime', ['--version']).error
    ? 'faketime is not installed; the simulation moves its clock'
    : undefined,
  play: () => {},
}))

export const otherFaults: readonly Fault[] = [...folderFaults, ...cleans, ...processes, ...held, ...fullDisk, ...clocks]
