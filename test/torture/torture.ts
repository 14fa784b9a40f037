// Torture: real towns under `kill -9` of everything that runs: daemon, workers, tmux server, gates, git; an origin
// that others push to and that refuses. Then everything must be as it should.
// The moments and the victims are seeded; the machine's own timing is not, so a run can be repeated in kind, not to
// the letter.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { evidenceOf, misdeeds } from '../../proof/evidence.ts'
import { always, atRest, type TownView } from '../../proof/invariants.ts'
import { seededRandom } from '../../runtime/open.ts'
import { hasTmux, type RealTown, realTown } from '../fixture/real-town.ts'

export interface TortureOptions {
  seed: number
  kills: number
  /** Issues in all, over both towns; more follow while kills are left. */
  issues: number
  say?(line: string): void
}

export interface TortureResult {
  seed: number
  kills: Record<string, number>
  landings: number
  foreignPushes: number
  refusals: number
  /** Times the Overseer was asked, and asked for the issue again. */
  escalated: number
  lost: string[]
  twice: string[]
  red: string[]
  left: string[]
  seconds: number
}

const gate = `#!/bin/sh
sleep 0.1
for file in part-*.txt; do
  [ "$file" = 'part-*.txt' ] || [ "$(cat "$file")" = "$file" ] || exit 1
done
`
/**
 * Commits a part of its own, sometimes in two steps and sometimes wrong first; a run that follows another goes on
 * from what is there.
 */
const worker = `#!/bin/sh
set -e
part="part-$GT_ISSUE.txt"
n=$(printf '%s' "$GT_ISSUE" | tr -dc 0-9)
sleep "0.$((n % 4 + 1))"
if [ ! -f "$part" ] && [ $((n % 7)) = 3 ]; then echo wrong > "$part"; git add --all; git commit --quiet -m "first try"; fi
if [ -f "$part" ] && [ "$(cat "$part")" = wrong ] && ! grep -q '"returned": *{' "$GT_ASSIGNMENT"; then gt handoff; exec sleep 1000; fi
echo "$part" > "$part"
git add --all
git diff --cached --quiet || git commit --quiet -m "$GT_ISSUE"
sleep 0.1
gt handoff
exec sleep 1000
`
const hook = `#!/bin/sh
[ ! -e refuse ] || { echo "not now" >&2; exit 1; }
`

/** A town that has not landed all by then never will. */
const minutesMax = 12

export async function torture({
  seed,
  kills: killsMin,
  issues: issuesMin,
  say = () => {},
}: TortureOptions): Promise<TortureResult> {
  const from = performance.now()
  const random = seededRandom(seed)
  const below = (most: number) => random.uint32() % most
  const kills: Record<string, number> = { daemon: 0, worker: 0, tmux: 0, gate: 0, git: 0 }
  const count = () => Object.values(kills).reduce((a, b) => a + b, 0)
  let [foreignPushes, refusals, escalated] = [0, 0, 0]
  const towns = (hasTmux ? (['tmux', 'process'] as const) : (['process', 'process'] as const)).map((session, n) => {
    const prefix = n === 0 ? 'aa' : 'bb'
    const t = realTown({
      session,
      rig: n === 0 ? 'alpha' : 'beta',
      prefix,
      worker,
      gates: ['parts=sh gate.sh'],
      maxWorkers: 3,
    })
    writeFileSync(join(t.work, 'gate.sh'), gate)
    t.git(t.work, 'add', '--all')
    t.git(t.work, 'commit', '--quiet', '-m', 'a gate')
    t.git(t.work, 'push', '--quiet', t.origin, 'HEAD:main')
    writeFileSync(join(t.origin, 'hooks/pre-receive'), hook)
    chmodSync(join(t.origin, 'hooks/pre-receive'), 0o755)
    return { t, session, prefix, asked: new Set<string>(), made: 0 }
  })
  type Town = (typeof towns)[number]
  try {
    for (const town of towns) {
      town.t.ok('up')
      add(town, Math.ceil(issuesMin / 2))
    }
    const landed = (town: Town) => closed(town.t).length
    while (count() < killsMin || towns.some((town) => landed(town) < town.made)) {
      const town = towns[below(2)] as Town
      if (count() >= killsMin && landed(town) === town.made) {
        await pause(50)
        continue
      }
      if (landed(town) === town.made) add(town, 6)
      await pause(20 + below(300))
      if (count() < killsMin) hurt(town)
      else await pause(300)
      disturb(town, count() < killsMin)
      if (below(6) === 0) overseerLooks(town)
      if (performance.now() - from > minutesMax * 60_000)
        throw new Error(
          `not done after ${minutesMax} minutes:\n${towns.flatMap(({ t }) => [t.gt('status').stdout, t.gt('log', '--last', '60').stdout]).join('\n')}`,
        )
    }
    for (const { t } of towns) rmSync(join(t.origin, 'refuse'), { force: true })
    for (const town of towns) await settle(town)
    const found = towns.map(inspect)
    return {
      seed,
      kills,
      landings: found.reduce((all, { landed }) => all + landed, 0),
      foreignPushes,
      refusals,
      escalated,
      lost: found.flatMap(({ lost }) => lost),
      twice: found.flatMap(({ twice }) => twice),
      red: found.flatMap(({ red }) => red),
      left: found.flatMap(({ left }) => left),
      seconds: (performance.now() - from) / 1000,
    }
  } finally {
    for (const { t } of towns) t.dispose()
  }

  function add(town: Town, count: number): void {
    const first = town.made + 1
    town.made += count
    for (let n = first; n <= town.made; n++) {
      const at = '2026-01-01T00:00:00Z'
      const issue = {
        id: `${town.prefix}-${n}`,
        title: `Issue ${n}`,
        issue_type: 'task',
        status: 'open',
        priority: 2,
        created_at: at,
        updated_at: at,
      }
      writeFileSync(join(town.t.dir, 'more.jsonl'), `${JSON.stringify(issue)}\n`, { flag: n === first ? 'w' : 'a' })
    }
    retried(() => town.t.okBd('import', join(town.t.dir, 'more.jsonl')))
    for (let n = first; n <= town.made; n++) spawnIssue(town, `${town.prefix}-${n}`)
  }

  /** Asks until the town has answered: it is up again at the next try. */
  function spawnIssue({ t }: Town, id: string): void {
    for (let tries = 0; tries < 20; tries++) {
      const { status, stderr } = t.gt('spawn', '--issue', id)
      if (status === 0 || /is held by|waits in the merge queue|closed/.test(stderr)) return
      up(t)
    }
    throw new Error(`${id} could not be asked for`)
  }

  function up(t: RealTown): void {
    retried(() => t.ok('up'))
  }

  function hurt({ t, session }: Town): unknown {
    const daemon = t.daemonPid()
    const family = descendantsOf(daemon)
    const gates = family.filter(({ cwd }) => cwd.includes('/refinery/'))
    const sessions = t.alive()
    const roll = below(100)
    if (roll < 30 && sessions.length > 0)
      return kill('worker', (sessions[below(sessions.length)] as { pid: number }).pid)
    if (roll < 50 && gates.length > 0) {
      const victim = gates[below(gates.length)] as Process
      return kill(victim.name === 'git' ? 'git' : 'gate', victim.pid)
    }
    // Whoever started it: the daemon in its clones, a worker in its worktree. Not on origin's side, which is not the
    // town's to mend.
    const gits = processes().filter(({ name, cwd }) => name === 'git' && cwd.startsWith(t.layout.root))
    if (roll < 70 && gits.length > 0) return kill('git', (gits[below(gits.length)] as Process).pid)
    if (roll < 75 && session === 'tmux' && below(3) === 0) {
      const server = Number(
        spawnSync('tmux', ['-L', t.layout.tmuxSocket, 'display-message', '-p', '#{pid}'], { encoding: 'utf8' }).stdout,
      )
      if (server > 0) return kill('tmux', server)
    }
    kill('daemon', daemon)
    return up(t)
  }

  function kill(what: string, pid: number): void {
    try {
      process.kill(pid, 'SIGKILL')
      kills[what] = (kills[what] ?? 0) + 1
      if (count() % 20 === 0)
        say(
          `${count()} kills (${words(kills)}), ${towns.map((town) => `${closed(town.t).length} of ${town.made} landed`).join(' and ')}`,
        )
    } catch (error) {
      // It ended by itself between the look and the kill.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  function disturb({ t }: Town, more: boolean): void {
    const refuse = join(t.origin, 'refuse')
    if (existsSync(refuse)) {
      if (below(3) > 0 && more) return
      rmSync(refuse)
      t.gt('refinery', 'process', t.rig.split('/').at(-1) as string)
    } else if (more && below(25) === 0) {
      refusals++
      writeFileSync(refuse, '')
    } else if (more && below(12) === 0) {
      foreignPushes++
      t.git(t.work, 'fetch', '--quiet', t.origin, 'main')
      t.git(t.work, 'reset', '--quiet', '--hard', 'FETCH_HEAD')
      writeFileSync(join(t.work, `other-${foreignPushes}.txt`), 'somebody else\n')
      t.git(t.work, 'add', '--all')
      t.git(t.work, 'commit', '--quiet', '-m', `other ${foreignPushes}`)
      // Two pushers at one moment: the other one may win.
      spawnSync('git', ['push', '--quiet', t.origin, 'HEAD:main'], { cwd: t.work, stdio: 'ignore' })
    }
  }

  /** The person in charge reads what is asked and says: try again. */
  function overseerLooks(town: Town): void {
    const { status, stdout } = town.t.gt('status', '--json')
    if (status !== 0) {
      up(town.t)
      return
    }
    const { escalations } = JSON.parse(stdout) as { escalations: { issue: string | null; cause: string; at: number }[] }
    for (const { issue, cause, at } of escalations) {
      if (cause.includes('/queue/')) town.t.gt('refinery', 'process', cause.split('/')[0] as string)
      else if (issue) spawnIssue(town, issue)
      if (!town.asked.has(`${cause}@${at}`)) escalated++
      town.asked.add(`${cause}@${at}`)
    }
  }

  async function settle(town: Town): Promise<void> {
    for (let n = 0; n < 600; n++) {
      if (n % 20 === 0) overseerLooks(town)
      const { status, stdout } = town.t.gt('status', '--json')
      if (status === 0) {
        const { rigs, depth, escalations } = JSON.parse(stdout) as {
          rigs: { workers: { busy: number }; queue: unknown[] }[]
          depth: { mail: number; effects: number }
          escalations: unknown[]
        }
        if (
          rigs[0]?.workers.busy === 0 &&
          rigs[0].queue.length === 0 &&
          depth.mail + depth.effects === 0 &&
          escalations.length === 0
        )
          return
      } else up(town.t)
      await pause(100)
    }
  }

  /** What is not as it should be, in a town at rest. */
  function inspect(town: Town) {
    const { t, prefix } = town
    const rig = t.rig.split('/').at(-1) as string
    const all = Array.from({ length: town.made }, (_, n) => `${prefix}-${n + 1}`)
    const merges = t
      .git(t.origin, 'log', '--format=%s', '--first-parent', 'main')
      .split('\n')
      .flatMap((subject) => /^Merge (\S+):/.exec(subject)?.[1] ?? [])
    const files = t.git(t.origin, 'ls-tree', '--name-only', 'main').split('\n')
    const lost = all.filter((id) => !closed(t).includes(id) || !files.includes(`part-${id}.txt`))
    const twice = all.filter((id) => merges.filter((merged) => merged === id).length > 1)
    const check = join(t.dir, 'check')
    t.git(t.dir, 'clone', '--quiet', t.origin, check)
    const red: string[] = []
    for (const commit of t.git(check, 'rev-list', '--first-parent', 'main').split('\n')) {
      t.git(check, 'checkout', '--quiet', commit)
      if (existsSync(join(check, 'gate.sh')) && spawnSync('sh', ['gate.sh'], { cwd: check }).status !== 0)
        red.push(commit)
    }
    const left: string[] = [
      ...t.alive().map(({ id }) => `session ${id}`),
      ...readdirSync(join(t.rig, 'polecats')).map((name) => `worktree ${name}`),
    ]
    for (const line of t
      .git(join(t.rig, 'mayor/rig'), 'worktree', 'list', '--porcelain')
      .split('\n')
      .filter((line) => line.startsWith('worktree '))
      .slice(1))
      left.push(line)
    for (const clone of ['mayor/rig', 'refinery/rig']) {
      if (!existsSync(join(t.rig, clone))) continue
      for (const branch of t.git(join(t.rig, clone), 'branch', '--list', 'polecat/*').split('\n').filter(Boolean))
        left.push(`branch ${branch.trim()}`)
      if (spawnSync('git', ['fsck', '--connectivity-only'], { cwd: join(t.rig, clone) }).status !== 0)
        left.push(`git fsck of ${clone}`)
    }
    if (spawnSync('git', ['fsck', '--connectivity-only'], { cwd: t.origin }).status !== 0)
      left.push('git fsck of origin')
    const replayed = JSON.parse(t.gt('replay', '--json').stdout) as { differing: { address: string; why: string }[] }
    for (const { address, why } of replayed.differing) left.push(`replay of ${address}: ${why}`)
    t.ok('down')
    const db = new DatabaseSync(t.layout.db, { readOnly: true })
    const { integrity_check: verdict } = db.prepare('PRAGMA integrity_check').get() as { integrity_check: string }
    if (verdict !== 'ok') left.push(`town.db: ${verdict}`)
    left.push(...brokenIn(db, t, rig, all, files))
    db.close()
    // Anything of this town that still runs, whoever its parent is now.
    for (const { pid, cwd, name } of processes())
      if (cwd.startsWith(t.dir) && pid !== process.pid) left.push(`process ${pid} (${name}) in ${cwd}`)
    return { landed: all.filter((id) => merges.includes(id)).length, lost, twice, red, left }
  }
}

/** The invariants of the exploration and the simulation, over what the store of a real town at rest says. */
function brokenIn(db: DatabaseSync, t: RealTown, rig: string, all: readonly string[], files: readonly string[]) {
  const rows = <T>(sql: string) => db.prepare(sql).all() as T[]
  const closedIssues = closed(t)
  const view: TownView = {
    rig,
    maxWorkers: 3,
    actors: rows<{ address: string; role: string; status: 'active'; snapshot: string }>(
      'SELECT address, role, status, snapshot FROM actor',
    ).map(({ snapshot, ...actor }) => ({
      ...actor,
      ...(JSON.parse(snapshot) as { value: string; context: Record<string, never> }),
    })),
    slots: rows<{ holder: string }>('SELECT holder FROM slot').map(({ holder }) => holder),
    deadLetters: rows<{ type: string; to_address: string; reason: string }>(
      "SELECT type, to_address, reason FROM mail WHERE state = 'dead'",
    ).map(({ type, to_address, reason }) => `${type} to ${to_address}: ${reason}`),
    timers: rows('SELECT address, id FROM timer'),
    usedUp: [],
    held: false,
    sessions: [],
    left: [],
    worktrees: readdirSync(join(t.rig, 'polecats')),
    issues: all.map((id) => ({ id, status: closedIssues.includes(id) ? 'closed' : 'open', assignee: null, after: [] })),
    mainHas: (issue) => files.includes(`part-${issue}.txt`),
    mainIsGreen: true,
    waiting: rows("SELECT 1 FROM mail WHERE state = 'new'").length,
    openEffects: rows<{ address: string }>("SELECT address FROM effect WHERE state IN ('pending', 'started')").map(
      ({ address }) => address,
    ),
    history: { spawnDelayMs: 0, starts: [], everAsked: evidenceOf(rows, []).everAsked, asked: {} },
  }
  const broken = [...always, ...atRest].flatMap(({ number, broken }) => {
    const what = broken(view)
    return what === undefined ? [] : [`${what} (invariant ${number})`]
  })
  return [...broken, ...misdeeds(rows)]
}

const closed = (t: RealTown): string[] =>
  retried(() =>
    (JSON.parse(t.okBd('list', '--all', '--json')) as { id: string; status: string }[])
      .filter(({ status }) => status === 'closed')
      .map(({ id }) => id),
  )

function retried<T>(work: () => T): T {
  for (let tries = 1; ; tries++) {
    try {
      return work()
    } catch (error) {
      if (tries === 10) throw error
    }
  }
}

interface Process {
  pid: number
  parent: number
  name: string
  cwd: string
}

function processes(): Process[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (state === 'Z') return []
      return [
        {
          pid: Number(entry),
          parent: Number(parent),
          name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
          cwd: readlinkSync(`/proc/${entry}/cwd`),
        },
      ]
    } catch {
      return [] // gone since it was listed, or somebody else's
    }
  })
}

function descendantsOf(pid: number, all = processes()): Process[] {
  return all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...descendantsOf(child.pid, all)])
}

const words = (counts: Record<string, number>) =>
  Object.entries(counts)
    .map(([name, n]) => `${n} ${name}`)
    .join(', ')
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
