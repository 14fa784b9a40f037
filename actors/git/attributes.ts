// What main's `.gitattributes` say, for merges that are built without a checkout. Git takes a folder of the Refinery's,
// which has only the files of that name, for its worktree.
// Never: reads the attributes of the work that is to be merged; git itself would not, before it has merged.
import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { textAt, textOf } from '../files.ts'
import { rigLayout } from '../layout.ts'
import { type At, plainly } from './at.ts'
import { attributesBefore } from './built.ts'
import { git, longMs } from './git.ts'
import { wordIn } from './refs.ts'

export interface Attributes {
  /** Git that merges with them. */
  at: At
  /** Drivers they name that git does not have itself. */
  drivers: Set<string>
  /** Some files are kept by Git LFS. */
  hasLfs: boolean
}

const gitsOwn = ['text', 'binary', 'union']

/** Brings the folder to what `base` has. */
export async function attributesAt(town: string, rig: string, base: string): Promise<Attributes> {
  const { attributes: dir, refineryClone } = rigLayout(town, rig)
  const mark = join(dir, '.base')
  // The text of all has a line also where there are none.
  const before = textOf(join(dir, '.all')) ? wordIn(mark) : undefined
  if (before !== base) {
    await mkdir(dir, { recursive: true })
    await rm(mark, { force: true })
    if (before === undefined || attributesBefore(base) !== before) await bring(refineryClone, dir, before, base)
    await writeFile(mark, `${base}\n`)
  }
  const plain = plainly(dir)
  const at = { ...plain, env: { ...plain.env, GIT_DIR: join(refineryClone, '.git'), GIT_WORK_TREE: dir } }
  const text = textAt(join(dir, '.all'))
  const named = [...text.matchAll(/\smerge=(\S+)/g)].map(([, driver = '']) => driver)
  return { at, drivers: new Set(named.filter((name) => !gitsOwn.includes(name))), hasLfs: /\sfilter=lfs\b/.test(text) }
}

async function bring(repository: string, dir: string, before: string | undefined, base: string): Promise<void> {
  const from = before ?? emptyTree(base.length)
  const only = ['--', ':(glob)**/.gitattributes']
  const diff = ['diff-tree', '-r', '-z', '--no-renames', '--name-only', from, base, ...only]
  const { stdout, exitCode } = await git(repository, diff, { okCodes: [0, 128], mostMs: longMs })
  // What it was before is not there any more.
  if (exitCode !== 0 && before !== undefined) {
    await rm(dir, { recursive: true, force: true })
    await mkdir(dir, { recursive: true })
    return bring(repository, dir, undefined, base)
  }
  for (const path of stdout.split('\0').filter(Boolean)) {
    const file = join(dir, path)
    const blob = await git(repository, ['cat-file', 'blob', `${base}:${path}`], { okCodes: [0, 128] })
    if (blob.exitCode !== 0) await rm(file, { force: true })
    else {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, blob.bytes)
    }
  }
  await writeAll(repository, dir, base, stdout !== '')
}

/** The name of a tree without entries, in a repository whose names are this long. */
const emptyTree = (length: number) =>
  createHash(length === 40 ? 'sha1' : 'sha256')
    .update('tree 0\0')
    .digest('hex')

/** All of their text in one file, to be searched without looking for them. */
async function writeAll(repository: string, dir: string, base: string, hasChanged: boolean): Promise<void> {
  if (!hasChanged) return textOf(join(dir, '.all')) ? undefined : writeFile(join(dir, '.all'), '\n')
  const { stdout } = await git(
    repository,
    ['grep', '-h', '-I', '-E', '(merge|filter)=', base, '--', ':(glob)**/.gitattributes'],
    { okCodes: [0, 1] },
  )
  await writeFile(join(dir, '.all'), `${stdout}\n`)
}

/** What the attributes say of these paths, of one attribute. */
export async function attributeOf(
  { at }: Attributes,
  name: string,
  paths: readonly string[],
): Promise<Map<string, string>> {
  if (paths.length === 0) return new Map()
  const { stdout } = await git(at, ['check-attr', '-z', '--stdin', name], {
    input: paths.map((path) => `${path}\0`).join(''),
  })
  const fields = stdout.split('\0')
  const found = new Map<string, string>()
  for (let n = 0; n + 2 < fields.length; n += 3) found.set(fields[n] as string, fields[n + 2] as string)
  return found
}
