// Mistakes in what is done to git and to issues, and in who may do it.
import type { Mutant } from './mutant.ts'

export const hands: readonly Mutant[] = [
  {
    name: 'who pretends to be another session is believed',
    file: 'actors/ancestry.ts',
    find: `eldest = ledBy(recorded, entry) ?? saidBy(town, marksOf(entry.pid)) ?? eldest`,
    replace: `eldest ??= ledBy(recorded, entry) ?? saidBy(town, marksOf(entry.pid))`,
  },
  {
    name: 'a plugin runs whatever has become of it',
    file: 'actors/plugins/enabled.ts',
    find: `plugins[key(rig, name)]?.hash === hash ? 'enabled' : 'changed'`,
    replace: `hash === '' ? 'changed' : 'enabled'`,
  },
  {
    name: 'a worker’s place lets it push main',
    file: 'actors/git/place.ts',
    find: `|| [ "$2" = \${inShell(url)} ] || exit 0`,
    replace: `|| exit 0; exit 0`,
  },
  {
    name: 'a worktree goes without a last look',
    file: 'actors/git/retire.ts',
    find: `const kept = await keepAll(deps, input, proven, input.handedOver)`,
    replace: `const kept = { head: null, dirty: null }`,
  },
  {
    name: 'only what is checked out is pinned',
    file: 'actors/git/retire.ts',
    find: `const first = [...new Set([commit, branch])]`,
    replace: `const first = [...new Set([commit ?? branch])]`,
  },
  {
    name: 'a push is forced',
    file: 'actors/git/landing.ts',
    find: `\`--force-with-lease=\${main}:\${base ?? ''}\``,
    replace: `'--force'`,
  },
  {
    name: 'a lock is taken from a git that holds it',
    file: 'actors/git/locks.ts',
    find: `if (isYoung || holders.some(({ repository: its }) => its || seenMs < unseenMaxMs)) return false`,
    replace: `if (isYoung) return false`,
  },
  {
    name: 'a worktree goes with work in its submodules',
    file: 'actors/git/retire.ts',
    find: `  await pinNested(deps.town, place.rig, { ...proven, status, tracked }, folderOf(place))\n`,
    replace: ``,
  },
  {
    name: 'the gits of a killed daemon go on',
    file: 'actors/git/running.ts',
    find: `isWithin(cwd, town) && !isAlive(identityIn(owner))`,
    replace: `isWithin(cwd, town) && isAlive(identityIn(owner))`,
  },
  {
    name: 'a file that says it is old makes its session silent',
    file: 'actors/sessions/session.ts',
    find: `watchedMs === null || shown === undefined || shown !== before ? 0 : silentMs + watchedMs`,
    replace: `Date.now() - statSync(join(session.dir, 'started')).mtimeMs`,
  },
  {
    name: 'a clock that is set makes everybody silent',
    file: 'runtime/clock.ts',
    find: `return passedMs > lookMs + lateMs || Math.abs(movedMs) > lateMs ? null : passedMs`,
    replace: `return passedMs + movedMs`,
  },
  {
    name: 'a limit counts the time in which its process was stopped',
    file: 'runtime/clock.ts',
    find: `      if (!wasWatched) leftMs = Math.max(leftMs, afreshMs)\n`,
    replace: ``,
  },
  {
    name: 'a successor starts beside what is left of the one before',
    file: 'actors/sessions/hands.ts',
    find: `        await endLeftOf(townLayout(deps.town).sessions, isFormer, 0, call.signal)\n`,
    replace: `        void isFormer\n`,
  },
  {
    name: 'a record is believed without the mark of its session',
    file: 'actors/processes.ts',
    find: `!('noted' in whose) || !hasProc || family.some(({ pid }) => found.has(pid))`,
    replace: `true`,
  },
  {
    name: 'a session that tmux’s server took along is its own fault',
    file: 'actors/sessions/session.ts',
    find: `exit === null && !(await backend.holds(session.id))`,
    replace: `false`,
  },
  {
    name: 'what the last session of a place locked stays so',
    file: 'actors/git/worktree.ts',
    find: `  await unlock(own, place.branch)\n`,
    replace: '',
  },
  {
    name: 'what waits for a blocker is not told that it is done',
    file: 'actors/beads/parts.ts',
    find: `WHEN (OLD.status IN`,
    replace: `WHEN false AND (OLD.status IN`,
  },
  {
    name: 'what a blocked epic holds may start',
    file: 'actors/beads/parts.ts',
    find: `HAVING max(\${waits('above.id')} OR \${waitsEarly('above.id')})),`,
    replace: `HAVING max(\${waitsEarly('above.id')})),`,
  },
  {
    name: 'an epic is complete while its last work is under way',
    file: 'actors/beads/hands.ts',
    find: `unfinished.add(above)`,
    replace: `unfinished.delete(above)`,
  },
  {
    name: 'work that is under way is shown again',
    file: 'actors/beads/hands.ts',
    find: `except: underway, notDone: early`,
    replace: `except: [], notDone: early`,
  },
  {
    name: 'mail is shown whoever wrote it',
    file: 'actors/beads/mail.ts',
    find: `if (!isSealed(secret, each, each.labels?.split('\\n') ?? [])) strange++`,
    replace: `if (each.sender === null) strange++`,
  },
  {
    name: 'any mail that lost its seal is sealed anew',
    file: 'actors/beads/reseal.ts',
    find: `if (whole !== JSON.stringify(said)) continue`,
    replace: ``,
  },
  {
    name: 'what is ready is claimed though somebody has it',
    file: 'actors/beads/embedded.ts',
    find: `{ ...filter, unassigned: true, limit: 1 }`,
    replace: `{ ...filter, limit: 1 }`,
  },
]
