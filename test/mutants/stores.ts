// Mistakes in how issues are kept.
import type { Mutant } from './mutant.ts'

export const stores: readonly Mutant[] = [
  {
    name: 'another rig’s store is taken',
    file: 'actors/beads/file.ts',
    find: `if (said === JSON.stringify(expect)) return undefined`,
    replace: `if (said !== '') return undefined`,
  },
  {
    name: 'an older store is taken',
    file: 'actors/beads/tiers.ts',
    find: `if (mark.issues >= issues && (mark.events ?? 0) >= events) return undefined`,
    replace: `if (mark.issues >= 0) return undefined`,
  },
  {
    name: 'an empty file is begun anew',
    file: 'actors/beads/file.ts',
    find: `if (size === 0) throw new BeadsError(\`\${path} is empty\`)`,
    replace: `if (size === 0) makeFile(path, 'w', expect)`,
  },
  {
    name: 'a store that was deleted is written on',
    file: 'actors/beads/kept.ts',
    find: `    if (open && trouble === undefined && isUnchanged(open)) return open.beads\n`,
    replace: `    if (open && trouble === undefined) return open.beads\n`,
  },
  {
    name: 'the log of writes of one store is taken for another’s',
    file: 'actors/beads/kept.ts',
    find: `    if (stampOf(\`\${path}-wal\`)?.inode === wal.inode) setAside(tier, [\`\${path}-wal\`, \`\${path}-shm\`])\n`,
    replace: ``,
  },
  {
    name: 'a log of writes that is gone is not missed',
    file: 'actors/beads/kept.ts',
    find: `stampOf(\`\${path}-wal\`)?.inode === wal.inode\n`,
    replace: `wal.inode !== ''\n`,
  },
  {
    name: 'an older store that is put in its place while the town is up is used',
    file: 'actors/beads/kept.ts',
    find: `    was.mark = was.beads.mark()\n`,
    replace: ``,
  },
  {
    name: 'a file that was cut is read on',
    file: 'actors/beads/kept.ts',
    find: `now?.inode === file.inode && now.sizeBytes >= file.sizeBytes &&`,
    replace: `now?.inode === file.inode &&`,
  },
  {
    name: 'one store moves before the next is looked at',
    file: 'actors/beads/move.ts',
    find: `moves.push(prepare(tier, prefix))`,
    replace: `settle(prepare(tier, prefix))`,
  },
  {
    name: 'an old store is still written',
    file: 'actors/beads/move.ts',
    find: `['INSERT', 'UPDATE', 'DELETE']`,
    replace: `['INSERT']`,
  },
  {
    name: 'the last copy goes with its age',
    file: 'actors/beads/copies.ts',
    find: `n === days.length - 1 || ageOf(day) < daysKept`,
    replace: `ageOf(day) < daysKept`,
  },
  {
    name: 'a link that leads elsewhere stays so',
    file: 'actors/beads/links.ts',
    find: `if (there?.isSymbolicLink() && readlinkSync(path) === text) continue`,
    replace: `if (there?.isSymbolicLink()) continue`,
  },
  {
    name: 'what a copy replaces is deleted',
    file: 'actors/beads/restore.ts',
    find: `const aside = setAside(tier, [store])`,
    replace: `rmSync(store, { recursive: true, force: true })\n    const aside = undefined`,
  },
  {
    name: 'what an older copy says to be in hands that are gone stays there',
    file: 'actors/beads/hands.ts',
    find: `= await forgotten(beads, wanted)`,
    replace: `= []`,
  },
  {
    name: 'what has landed is done again after an older copy came back',
    file: 'actors/beads/hands.ts',
    find: `return closer !== null && whereabouts(closer)?.role !== 'polecat'`,
    replace: `return whereabouts(closer ?? '')?.role !== 'polecat'`,
  },
  {
    name: 'what has landed stays open after an older copy came back',
    file: 'machines/ledger.ts',
    find: `  close: { rig: context.rig, issues: [{ issue, reason: landedAs(commit) }] },\n`,
    replace: ``,
  },
  {
    name: 'a claim of a worker that is gone keeps others out',
    file: 'machines/waves.ts',
    find: `previous: issue.previous,`,
    replace: `previous: null,`,
  },
  {
    name: 'what a worker had said before it was copied counts as done',
    file: 'actors/beads/restore.ts',
    find: `if (damage === undefined) takeBackWords(beads)`,
    replace: ``,
  },
  {
    name: 'a session that was passes for one of the same name',
    file: 'actors/records.ts',
    find: `[...filesOf(db), sessions]`,
    replace: `filesOf(db)`,
  },
]
