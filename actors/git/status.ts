// What differs in a worktree from its commit: the files somebody changed. A file that every fresh checkout of the
// commit has modified (line ends that the attributes would write otherwise) is nobody's change.
// Never: looks into repositories inside (`nested.ts` does), or writes the index.
import { mkdtemp, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPlain } from '../files.ts'
import type { At } from './at.ts'
import { git, longMs } from './git.ts'

export interface Status {
  /** Undefined before the first commit. */
  head: string | undefined
  /** Undefined when detached. */
  branch: string | undefined
  changed: Changed[]
  /** Files that differ, and are what every fresh checkout has. */
  fresh: string[]
}
export interface Changed {
  path: string
  /** As git has it: index against HEAD, then worktree against index; `??` for untracked files. */
  xy: string
  /** Octal, as git has it; of index and worktree. */
  modes: { index: string; worktree: string }
}

/** `untracked`: each file on its own, or none. */
export async function statusOf(at: At, untracked: 'all' | 'no'): Promise<Status> {
  const { stdout } = await git(
    at,
    [
      'status',
      '--porcelain=v2',
      '--branch',
      '-z',
      `--untracked-files=${untracked}`,
      // Whether another commit of one is checked out; what is in it is looked at by itself.
      '--ignore-submodules=dirty',
      '--no-renames',
      '--no-ahead-behind',
    ],
    { mostMs: longMs },
  )
  const status = parsed(stdout)
  const suspects = status.changed.filter(
    ({ xy, modes }) => xy === '.M' && modes.index === modes.worktree && modes.index !== '160000',
  )
  if (suspects.length === 0) return status
  const fresh = await sameAsFresh(at, suspects)
  return { ...status, changed: status.changed.filter(({ path }) => !fresh.has(path)), fresh: [...fresh] }
}

function parsed(text: string): Status {
  const status: Status = { head: undefined, branch: undefined, changed: [], fresh: [] }
  for (const record of text.split('\0')) {
    const fields = record.split(' ')
    const [kind, second = ''] = fields
    if (record.startsWith('# branch.oid ')) status.head = fields[2] === '(initial)' ? undefined : fields[2]
    else if (record.startsWith('# branch.head ')) {
      const branch = record.slice('# branch.head '.length)
      status.branch = branch === '(detached)' ? undefined : branch
    } else if (kind === '?')
      status.changed.push({ path: record.slice(2), xy: '??', modes: { index: '000000', worktree: '000000' } })
    else if (kind === '1' || kind === 'u') {
      const isMerged = kind === '1'
      const modes = { index: fields[isMerged ? 4 : 5] ?? '', worktree: fields[isMerged ? 5 : 6] ?? '' }
      status.changed.push({ path: fields.slice(isMerged ? 8 : 10).join(' '), xy: second, modes })
    }
  }
  return status
}

/** Those that are, byte for byte, what a checkout of their index entries writes. */
async function sameAsFresh(at: At, files: readonly Changed[]): Promise<Set<string>> {
  const dir = await mkdtemp(join(tmpdir(), 'gt-fresh-'))
  try {
    await git(
      { ...at, cwd: dir, env: { ...at.env, GIT_WORK_TREE: dir } },
      ['checkout-index', '--force', '--quiet', '-z', '--stdin'],
      { input: files.map(({ path }) => `${path}\0`).join(''), mostMs: longMs, okCodes: [0, 1, 128] },
    )
    const same = new Set<string>()
    const place = at.env.GIT_WORK_TREE ?? at.cwd
    for (const { path, modes } of files)
      if (await isSame(join(dir, path), join(place, path), modes.index === '120000')) same.add(path)
    return same
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const pieceBytes = 64 * 1024

async function isSame(one: string, other: string, areLinks: boolean): Promise<boolean> {
  if (areLinks) return (await readlink(one)) === (await readlink(other))
  const files = await Promise.all([openPlain(one), openPlain(other)].map((each) => each.catch(() => undefined)))
  const [left, right] = files
  try {
    if (!left || !right || (await left.stat()).size !== (await right.stat()).size) return false
    for (;;) {
      const [a, b] = await Promise.all([left, right].map((file) => file.read(Buffer.alloc(pieceBytes), 0, pieceBytes)))
      if (!a || !b || a.bytesRead !== b.bytesRead) return false
      if (a.bytesRead === 0) return true
      if (!a.buffer.subarray(0, a.bytesRead).equals(b.buffer.subarray(0, b.bytesRead))) return false
    }
  } finally {
    await Promise.all(files.map((file) => file?.close()))
  }
}
