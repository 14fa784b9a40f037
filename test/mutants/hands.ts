// Mistakes in what is done to git and to issues.
import type { Mutant } from './mutant.ts'

export const hands: readonly Mutant[] = [
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
    find: `if (ageMs < youngMs || holders.some(({ repository: known }) => known || ageMs < unseenMaxMs)) return false`,
    replace: `if (ageMs < youngMs) return false`,
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
    find: `AND NOT max(\${waits('above.id')} OR \${waitsEarly('above.id')})`,
    replace: `AND NOT max(\${waits('above.start')} OR \${waitsEarly('above.start')})`,
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
]
