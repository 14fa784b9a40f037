// An ordeal: one thing goes wrong in a real town at work, and the town must go on, heal it, or refuse in words and
// lose nothing. Silence is the only wrong answer besides a loss.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { processesOf } from '../fixture/processes.ts'
import { eventually, type RealTown, realTown } from '../fixture/real-town.ts'

/** What goes wrong with the machine under a town. */
export interface Fault {
  name: string
  /** While the town is up, or between `gt down` and `gt up`. */
  when: 'up' | 'down'
  /** Why it cannot be played here. */
  missing?: string | undefined
  /** In a place of its own, which is small. */
  smallDisk?: boolean
  /** A person starts the town again: nothing does it by itself. */
  thenUp?: boolean
  /** What it takes or cuts, relative to the town's folder; undefined when this town has none of it. */
  takes?(town: RealTown): string | undefined
  play(town: RealTown, path: string): void | Promise<void>
  /** It is over without anybody's doing. */
  passes?(town: RealTown): void
}

export type End = 'went on' | 'healed' | 'refused in words' | 'nothing there' | 'not here' | 'SILENCE' | 'LOST'

export interface Told {
  fault: Pick<Fault, 'name' | 'when'>
  end: End
  /** The town's own words, or what is wrong. */
  words: string
}

/** The first lands at once; the second has something uncommitted, and goes on when the file `go` is there. */
const worker = (marks: string) => `#!/bin/sh
set -e
if [ "$GT_ISSUE" = wy-2 ]; then
  echo mine > uncommitted.txt
  touch '${marks}/at-work'
  while [ ! -e '${marks}/go' ]; do sleep 0.1; done
fi
echo "$GT_ISSUE" > "done-$GT_ISSUE.txt"
git add --all
git diff --cached --quiet || git commit --quiet -m "$GT_ISSUE"
gt handoff
exec sleep 1000
`

/** So long a town may take for two small issues, in seconds. */
const landsWithin = 25

/** A town with an issue that landed, one at work, one that is open, and mail that waits. */
export async function townAtWork(): Promise<RealTown> {
  const town = realTown({ gates: ['check=true'], maxWorkers: 2 })
  try {
    const marks = join(town.dir, 'marks')
    mkdirSync(marks)
    town.writeScript('worker.sh', worker(marks))
    town.issues(4)
    town.ok('up')
    town.ok('spawn', '--issue', 'wy-1')
    town.ok('wait', 'wy-1', '--timeout', '60')
    town.ok('spawn', '--issue', 'wy-2')
    town.ok('mail', 'send', 'overseer', '--subject', 'Remember', '--message', 'the milk')
    await eventually(() => existsSync(join(marks, 'at-work')))
    return town
  } catch (error) {
    town.dispose()
    throw error
  }
}

/** Plays one fault in a town of its own and says how it ended; what outlives `gt down` is a loss too. */
export async function endure(fault: Fault): Promise<Told> {
  const told = (end: End, words = ''): Told => ({ fault: { name: fault.name, when: fault.when }, end, words })
  if (fault.missing !== undefined) return told('not here', fault.missing)
  using town = await townAtWork()
  const end = await suffered(fault, town, told)
  town.gt('down')
  const left = () => processesOf(town.town)
  for (const from = performance.now(); left().length > 0 && performance.now() - from < 3000; ) await pause(100)
  const [one] = left()
  return one === undefined ? end : told('LOST', `left over after gt down: ${one.command}`.replaceAll(town.dir, ''))
}

async function suffered(fault: Fault, town: RealTown, told: (end: End, words?: string) => Told): Promise<Told> {
  const heard: string[] = []
  const say: RealTown['gt'] = (...args) => {
    const done = town.gt(...args)
    if (done.status !== 0) heard.push(done.stderr || done.stdout)
    return done
  }
  if (fault.when === 'down') town.ok('down')
  const taken = fault.takes?.(town)
  if (fault.takes !== undefined && taken === undefined) return told('nothing there')
  const backup = taken === undefined ? undefined : keep(town, taken)
  await fault.play(town, taken ?? '')
  writeFileSync(join(town.dir, 'marks/go'), '')
  if (fault.when === 'down' || fault.thenUp) say('up')
  const later = fault.passes && setTimeout(() => fault.passes?.(town), 6000)
  const landed = await landsAll(town, say)
  clearTimeout(later)
  // It comes up again, too: what is gone may be missed only then.
  if (landed && say('down').status === 0 && say('up').status === 0) {
    const lost = whatIsLost(town)
    if (lost.length > 0) return told('LOST', lost.join('; '))
    return told(backup !== undefined && isWhole(backup.path) ? 'healed' : 'went on')
  }
  const words = [...heard, ...escalationsOf(town)].map(firstLine).find(Boolean)?.replaceAll(town.dir, '')
  // A person does what any person would: puts it right, and starts the town again.
  const down = town.gt('down')
  fault.passes?.(town)
  if (backup) {
    rmSync(backup.path, { recursive: true, force: true })
    mkdirSync(dirname(backup.path), { recursive: true })
    copyAll(backup.copy, backup.path)
  }
  let up = town.gt('up')
  // What the town says is to be done about it, they do as well.
  const [, copy] = /gt restore (\w+)/.exec(up.stderr) ?? []
  if (up.status !== 0 && copy !== undefined && town.gt('restore', copy).status === 0) up = town.gt('up')
  if (up.status !== 0) return told('LOST', `put right, and does not come up: ${up.stderr}${down.stderr}`)
  // What it was told of, it asks for again.
  if (!(await landsAll(town, say, ['wy-2', 'wy-3'])))
    return told('LOST', `put right, and nothing lands: ${town.gt('status').stdout}`)
  const lost = whatIsLost(town)
  if (lost.length > 0) return told('LOST', lost.join('; '))
  return words === undefined ? told('SILENCE', 'nothing landed, and no word') : told('refused in words', words)
}

/** What was asked for lands within the time that two small issues may take, asked for again as a person would. */
async function landsAll(town: RealTown, say: RealTown['gt'], asksFor: readonly string[] = ['wy-3']): Promise<boolean> {
  const from = performance.now()
  const waiting = new Set(asksFor)
  while (performance.now() - from < landsWithin * 1000) {
    if (['wy-2', 'wy-3'].every((issue) => town.gt('wait', issue, '--timeout', '2').status === 0)) return true
    for (const issue of waiting) if (say('spawn', '--issue', issue).status === 0) waiting.delete(issue)
    await pause(300)
  }
  return false
}

/** What anybody sees who looks. */
const escalationsOf = (town: RealTown): string[] => {
  const { status, stdout, stderr } = town.gt('status')
  return status === 0 ? stdout.split('\n').filter((line) => /^(! |warning)/.test(line)) : [stderr]
}

/** What anybody can see is no longer there, once all has landed. */
function whatIsLost(town: RealTown): string[] {
  const lost: string[] = []
  const issues = town.bd('list', '--all', '--json').stdout
  for (const id of ['wy-all', 'wy-1', 'wy-2', 'wy-3', 'wy-4']) if (!issues.includes(`"${id}"`)) lost.push(`issue ${id}`)
  if (!town.gt('mail', 'inbox', 'overseer').stdout.includes('Remember')) lost.push('mail')
  const files = town.git(town.origin, 'ls-tree', '--name-only', 'main').split('\n')
  const expected = ['done-wy-1.txt', 'done-wy-2.txt', 'done-wy-3.txt', 'uncommitted.txt']
  for (const name of expected) if (!files.includes(name)) lost.push(`${name} on main`)
  return lost
}

/** A copy outside the town, as a person's own backup. */
function keep(town: RealTown, file: string) {
  const [path, copy] = [join(town.town, file), join(town.dir, 'kept')]
  copyAll(path, copy)
  return { path, copy }
}

/** As a person does it: links as links, also those that lead nowhere; what vanishes meanwhile is not there. */
const copyAll = (from: string, to: string) => void spawnSync('cp', ['-a', from, to])

const isWhole = (path: string) => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found !== undefined && (!found.isFile() || found.size > 0)
}
const firstLine = (text: string) => text.trim().split('\n')[0] ?? ''
