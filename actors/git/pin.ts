// Lists the pins, which keep workers’ work; brings work back from them, packs them, and lets them go once main has had
// their work for long.
// Never: lets go of anything that main does not have.
import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Preserved } from '../../machines/mail.ts'
import { rigLayout } from '../layout.ts'
import { broughtAs, reachedFrom } from './built.ts'
import { git, longMs } from './git.ts'
import { cloneAt } from './lens.ts'
import { knownMain, readRef, refsUnder } from './refs.ts'
import type { RigGit } from './rig.ts'

type Town = Pick<RigGit, 'town' | 'defaultBranch'>

export interface KeptWork extends Preserved {
  issue: string
  polecat: string
  /**
   * `left`: commits that their worker rewrote or went away from. `nested`: of a repository inside the worktree, whose
   * folder is in the ref's name.
   */
  kind: 'commits' | 'files' | 'stash' | 'left' | 'nested'
  at: string
  subject: string
  /** main has it. */
  landed: boolean
}

/** What is kept of an issue's or a polecat's work, newest first. */
export async function keptWork(
  deps: Town,
  rig: string,
  of: { issue?: string; polecat?: string } = {},
): Promise<KeptWork[]> {
  const at = cloneAt(deps.town, rig)
  const where = ['work', 'merge', 'nested'].map(
    (kind) => `refs/gt/${kind}/${of.issue === undefined ? '' : `${of.issue}/`}`,
  )
  const main = await knownMain(deps, rig)
  const format = '--format=%(refname)%00%(objectname)%00%(committerdate:iso-strict)%00%(subject)'
  const [{ stdout }, onMain] = await Promise.all([
    git(at, ['for-each-ref', '--sort=-committerdate', format, ...where]),
    main === undefined ? new Map<string, Pin>() : landedPins(deps, rig, main, where),
  ])
  return (
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [ref = '', sha = '', date = '', subject = ''] = line.split('\0')
        const [, , , issue = '', worker = ''] = ref.split('/')
        const polecat = worker.replace(/-\d+$/, '')
        return { ref, sha, at: date, subject, issue, polecat, kind: kindOf(ref), landed: onMain.has(ref) }
      })
      // One commit under two refs is one piece of work.
      .filter(
        (kept, index, all) => all.findIndex((other) => other.sha === kept.sha && other.issue === kept.issue) === index,
      )
      .filter((kept) => of.polecat === undefined || kept.polecat === of.polecat)
  )
}

interface Pin {
  ref: string
  sha: string
  /** When it was committed, in milliseconds since the epoch. */
  atMs: number
}

/** The pins below these prefixes that main has, by ref: as they are, or in the commit that the Refinery made of them. */
async function landedPins(deps: Town, rig: string, main: string, where: readonly string[]): Promise<Map<string, Pin>> {
  const at = cloneAt(deps.town, rig)
  const list = async (which: string): Promise<Pin[]> => {
    const format = '--format=%(refname) %(objectname) %(committerdate:unix)'
    const { stdout } = await git(at, ['for-each-ref', format, which, main, ...where])
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [ref = '', sha = '', seconds] = line.split(' ')
        return { ref, sha, atMs: Number(seconds) * 1000 }
      })
  }
  const [merged, others, brought] = await Promise.all([
    list('--merged'),
    list('--no-merged'),
    broughtAs(deps.town, rig),
  ])
  const made = others.flatMap(({ sha }) => brought.get(sha) ?? [])
  const onMain = await reachedFrom(at, [main], made)
  const shas = others.map(({ sha }) => sha)
  const whole = shas.filter((sha) => brought.get(sha)?.some((commit) => onMain.has(commit)))
  // With the work that was landed came all that it was made on.
  const remade = await reachedFrom(at, whole, shas)
  return new Map([...merged, ...others.filter(({ sha }) => remade.has(sha))].map((pin) => [pin.ref, pin]))
}

function kindOf(ref: string): KeptWork['kind'] {
  if (ref.startsWith('refs/gt/nested/')) return 'nested'
  const name = ref.slice(ref.lastIndexOf('/') + 1)
  if (name === 'dirty' || name.startsWith('dirty-')) return 'files'
  return name.startsWith('stash-') ? 'stash' : name.startsWith('left-') ? 'left' : 'commits'
}

/** The newest kept commits of an issue that main does not have: a new worker starts from them. */
export async function preservedOf(deps: Town, rig: string, issue: string): Promise<Preserved | null> {
  const common = join(rigLayout(deps.town, rig).clone, '.git')
  // Told by git's own files, without a process: nearly no issue has kept work, and its worker waits.
  const kinds = await Promise.all(['work', 'merge'].map((kind) => refsUnder(common, `refs/gt/${kind}/${issue}/`)))
  if (kinds.flat().length === 0) return null
  const found = (await keptWork(deps, rig, { issue })).find(({ kind, landed }) => kind === 'commits' && !landed)
  return found ? { ref: found.ref, sha: found.sha } : null
}

/** The newest commit that was handed over for an issue and is on main; null when there is none. */
export async function landedOf(deps: Town, rig: string, issue: string): Promise<string | null> {
  const handedOver = `refs/gt/merge/${issue}/`
  if ((await refsUnder(join(rigLayout(deps.town, rig).clone, '.git'), handedOver)).length === 0) return null
  const kept = await keptWork(deps, rig, { issue })
  return kept.find(({ ref, landed }) => landed && ref.startsWith(handedOver))?.sha ?? null
}

/** Brings kept work back as a branch of the rig's clone, `recover/<issue>-<n>`. */
export async function recover(deps: Town, rig: string, kept: Pick<KeptWork, 'issue' | 'sha'>): Promise<string> {
  const common = join(rigLayout(deps.town, rig).clone, '.git')
  for (let n = 1; ; n++) {
    const branch = `recover/${kept.issue}-${n}`
    if (await readRef(common, `refs/heads/${branch}`)) continue
    await git(cloneAt(deps.town, rig), ['update-ref', `refs/heads/${branch}`, kept.sha, ''])
    return branch
  }
}

/** Packs the pins, and lets go of those main has had since before this moment, in milliseconds since the epoch. */
export async function prunePins(deps: Town, rig: string, before: number): Promise<{ letGo: number }> {
  const at = cloneAt(deps.town, rig)
  const main = await knownMain(deps, rig)
  const landed =
    main === undefined ? new Map<string, Pin>() : await landedPins(deps, rig, main, ['refs/gt/merge/', 'refs/gt/work/'])
  const gone = [...landed.values()].filter(({ atMs }) => atMs < before)
  const input = gone.map(({ ref, sha }) => `delete ${ref} ${sha}\n`).join('')
  if (gone.length > 0) await git(at, ['update-ref', '--stdin'], { input, mostMs: longMs })
  await packPins(deps, rig)
  return { letGo: gone.length }
}

/**
 * Puts all refs of the rig's clone into one file, and of what commits they are into another: every fetch of a worker
 * looks at each of them.
 */
export async function packPins({ town }: Pick<RigGit, 'town'>, rig: string): Promise<void> {
  const at = cloneAt(town, rig)
  await git(at, ['pack-refs', '--all'], { mostMs: longMs })
  await git(at, ['commit-graph', 'write', '--reachable', '--split'], { mostMs: longMs })
  const common = join(rigLayout(town, rig).clone, '.git')
  for (const dir of ['refs/gt', 'logs/refs/gt']) removeEmpty(join(common, dir))
}

/** Git leaves the folders of packed refs behind, one an issue. */
function removeEmpty(dir: string, isTop = true): void {
  if (!existsSync(dir)) return
  for (const entry of readdirSync(dir, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmpty(join(dir, entry.name), false)
  if (isTop || readdirSync(dir).length > 0) return
  try {
    rmdirSync(dir)
  } catch (error) {
    // A pin was made there just now.
    if (!['ENOTEMPTY', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
