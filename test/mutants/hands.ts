// Mistakes in what is done to git, and in who may do it.
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
]
