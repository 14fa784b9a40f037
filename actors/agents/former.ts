// What an agent's new conversation is told, after all that a first one is, of the one before it: why it is over, what
// it left in the worktree, and what it noted.
// Never: looks anything up; invents a note where there is none.
import type { EffectOutput } from '../../machines/effects.ts'
import { plain } from '../plain.ts'

/** Files that are named. */
const filesMax = 10

/** `why`: empty where nothing is known but the note. `found`: undefined where the worktree could not be looked at. */
export function formerText(
  { why, note, main }: { why: string; note: string; main: string },
  found: EffectOutput<'inspectWorktree'> | undefined,
): string {
  return [
    '',
    '',
    '## There was a conversation before this one, on this very issue',
    `It is over${why ? `: ${why}` : ''}. ${found?.kind === 'found' ? left(found, main) : 'What it left is in your worktree.'}`,
    `Look at \`git status\` and \`git log ${main}..HEAD\`, and go on from there.`,
    ...(note === '' ? ['It left no note.'] : ['', '## Your own note, from before', '', note]),
  ].join('\n')
}

function left(found: EffectOutput<'inspectWorktree'> & { kind: 'found' }, main: string): string {
  const { ahead, dirty, unfinished } = found
  const some = dirty.slice(0, filesMax).map((file) => plain(file).slice(0, 200))
  const all = [
    ahead === 0 ? `no commit that ${main} lacks` : `${counted(ahead, 'commit')} that ${main} lacks`,
    dirty.length === 0
      ? 'no uncommitted file'
      : `${counted(dirty.length, 'uncommitted file')} (${some.join(', ')}${dirty.length > filesMax ? ', …' : ''})`,
    ...(unfinished ? [`a ${unfinished} that is unfinished`] : []),
  ]
  return `In your worktree it left ${all.join(', ')}.`
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
