// Makes a town and its rigs on disk, in the spec's layout. (spec: Directory Structure)
// Never: writes over what is there; a rig that cannot be made leaves nothing behind.
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { setAside } from './beads/aside.ts'
import type { Identity } from './beads/contract.ts'
import { linkText, mendLinks } from './beads/links.ts'
import type { PreparedReal } from './beads/real/make.ts'
import { noteBacked } from './beads/real/where.ts'
import { copiesOf, linksOf, storeOf, townsPrefix } from './beads/tiers.ts'
import type { Written } from './commands.ts'
import { beadsPrefix, readConfig, rigConfig, rigName, rigsConfig, townConfig, writeConfig } from './config.ts'
import { writeIfMissing } from './files.ts'
import { type CloneProgress, makeClones, NoBranch } from './git/clone.ts'
import { asking, cannotKeep, forgetCredentials, keepCredentials, parted } from './git/credentials.ts'
import { GitFailed, git } from './git/git.ts'
import { makeLens } from './git/lens.ts'
import { excludesOf, gitTrouble } from './git/prepare.ts'
import { shown } from './git/shown.ts'
import { wordsOf } from './git/words.ts'
import { renewInstructions, writeInstructions } from './instructions.ts'
import { realIn, rigLayout, townLayout } from './layout.ts'
import { makeRecords } from './records.ts'
import { keepSecret, newSecret, secretOf } from './secret.ts'

/** Makes an issue store in a folder. */
export type InitBeads = (dir: string, prefix: string, identity: Identity) => void

/** What was asked for cannot be; says what, where, what next. */
export class Refused extends Error {
  override name = 'Refused'
  constructor(message: string) {
    super(shown(message))
  }
}

/** Makes a town at `path`, or completes the one that is there. Safe to repeat: what exists is left as it is. */
export function installTown(
  path: string,
  options: { name?: string; now: Date; initBeads: InitBeads },
): { town: string; made: boolean } {
  if (existsSync(path) && !statSync(path).isDirectory()) throw new Refused(`${path} is a file; give a folder`)
  const made = !existsSync(join(path, 'mayor/town.json'))
  if (made && existsSync(path) && readdirSync(path).length > 0)
    throw new Refused(`${path} is not empty and not a town; give an empty or a new folder`)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (made) chmodSync(path, 0o700)
  const layout = townLayout(realpathSync(path))
  for (const dir of [layout.config, layout.mayor]) mkdirSync(dir, { recursive: true })
  for (const dir of [layout.daemon, layout.sessions, layout.gateLogs, layout.shims])
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (made) {
    // Before the file by which it is a town: one that has lost its issues does not begin anew.
    const at = options.now.toISOString()
    options.initBeads(layout.store, townsPrefix, { town: at, since: at, rig: null })
    writeConfig(layout.townJson, {
      type: 'town',
      version: 1,
      name: options.name ?? basename(layout.root),
      created_at: at,
    })
  }
  readConfig(layout.townJson, townConfig)
  writeIfMissing(layout.rigsJson, `${JSON.stringify({ version: 1, rigs: {} }, null, 2)}\n`)
  readConfig(layout.rigsJson, rigsConfig)
  writeIfMissing(layout.mayorState, '{}\n')
  writeInstructions(layout.root)
  renewInstructions(layout.root)
  keepSecret(layout.root, secretOf(layout.root) ?? newSecret())
  mendLinks({ town: layout.root, rig: undefined })
  makeRecords(layout.root)
  return { town: layout.root, made }
}

export interface NewRig {
  name: string
  url: string
  /** Which of origin's branches is built on; the one its HEAD names if left out. */
  branch?: string
  prefix?: string
  /** As they are written into its config.json. */
  gates: Record<string, Written>
  noGate?: boolean
  maxWorkers?: number
  spawnDelay?: string
  agent?: string
  worker?: Written
  session?: 'auto' | 'tmux' | 'process'
  /** Other settings, as they are written in config.json. */
  settings?: Readonly<Record<string, unknown>>
  now: Date
  initBeads: InitBeads
  /** A real `bd` keeps its issues. */
  real?: PreparedReal
  /** Told while the repository is being cloned. */
  progress?: (event: CloneProgress) => void
}

/**
 * Clones the repository and makes the rig around it. Refused with words, and nothing left behind, when anything is
 * wrong.
 */
export async function addRig(
  town: string,
  rig: NewRig,
): Promise<{ branch: string; prefix: string; warning: string | null; credentials?: string; bd?: string }> {
  const layout = townLayout(town)
  const named = rigName.safeParse(rig.name)
  if (!named.success) throw new Refused(`"${rig.name}" cannot be a rig's name: ${named.error.issues[0]?.message}`)
  const registry = readConfig(layout.rigsJson, rigsConfig)
  const { created_at: townMadeAt } = readConfig(layout.townJson, townConfig)
  if (registry.rigs[rig.name] || existsSync(join(town, rig.name)))
    throw new Refused(`there is a rig or folder ${rig.name} already; choose another name`)
  const taken = Object.keys(registry.rigs).map(
    (name) => readConfig(rigLayout(town, name).config, rigConfig).beads.prefix,
  )
  const { real } = rig
  if (real?.prefix !== undefined && rig.prefix !== undefined && rig.prefix !== real.prefix)
    throw new Refused(`the ids in ${real.config.dir} begin with ${real.prefix}-, and not with ${rig.prefix}-`)
  const prefix = real?.prefix ?? rig.prefix ?? freePrefix(rig.name, [townsPrefix, ...taken])
  if (real?.prefix === undefined && !beadsPrefix.safeParse(prefix).success)
    throw new Refused(
      `"${prefix}" cannot be a prefix: a lower-case letter followed by up to 11 lower-case letters or digits`,
    )
  if (prefix === townsPrefix || taken.includes(prefix))
    throw new Refused(`prefix ${prefix} is taken; give another with --prefix`)
  const secret = cannotKeep(rig.url)
  if (secret !== undefined) throw new Refused(`${rig.url} cannot be a rig’s address: ${secret}`)
  if (rig.url.startsWith('-') || /^ext::/.test(rig.url)) throw new Refused(`"${rig.url}" is not a repository's address`)
  if (Object.keys(rig.gates).length === 0 && !rig.noGate)
    throw new Refused(`give ${rig.name} a gate (--gate 'test=npm test'), or say that it lands untested (--no-gate)`)

  const old = await gitTrouble()
  if (old !== undefined) throw new Refused(`${old}. Nothing was changed`)
  const { url, credentials } = existsSync(rig.url) ? { url: realpathSync(rig.url) } : parted(rig.url)
  const making = join(layout.daemon, `making-${rig.name}-${randomBytes(4).toString('hex')}`)
  try {
    mkdirSync(making, { mode: 0o700 })
    if (credentials) keepCredentials(town, rig.name, credentials)
    else forgetCredentials(town, rig.name)
    const { branch, warnings } = await makeClones(making, url, {
      asking: (at) => asking(at, town, rig.name, url),
      ...(rig.branch === undefined ? {} : { branch: rig.branch }),
      ...(rig.progress ? { progress: rig.progress } : {}),
    })
    for (const dir of ['polecats', 'crew', 'plugins', 'witness', 'refinery/pool'])
      mkdirSync(join(making, dir), { recursive: true })
    for (const file of ['mayor/state.json', 'refinery/state.json', 'witness/state.json'])
      writeFileSync(join(making, file), '{}\n')
    linkBeads(town, rig.name, making)
    const config = {
      type: 'rig',
      version: 1,
      name: rig.name,
      git_url: url,
      default_branch: branch,
      beads: { prefix, ...real?.config },
      max_workers: rig.maxWorkers ?? 4,
      worker_spawn_delay: rig.spawnDelay ?? '0s',
      gates: rig.gates,
      ...(rig.noGate ? { no_gate: true } : {}),
      // Without either its agent is the town's.
      ...(rig.agent !== undefined || rig.worker ? { agent: rig.agent ?? 'shell' } : {}),
      ...(rig.worker ? { worker: rig.worker } : {}),
      session: rig.session ?? 'auto',
      ...rig.settings,
    }
    const checked = rigConfig.safeParse(config)
    if (!checked.success) throw new Refused(`this rig cannot be: ${checked.error.issues[0]?.message}`)
    writeConfig(join(making, 'config.json'), config)
    const added_at = rig.now.toISOString()
    const tier = { town, rig: rig.name }
    // Of a rig whose folder somebody removed.
    for (const path of [storeOf(tier), copiesOf(tier)]) setAside(tier, [path])
    rig.initBeads(storeOf(tier), prefix, { town: townMadeAt, since: added_at, rig: rig.name })
    if (real && real.config.dir === undefined) await real.make(realIn(town, rig.name), prefix)
    renameSync(making, join(town, rig.name))
    makeLens(town, rig.name, await excludesOf(town, rig.name))
    writeConfig(layout.rigsJson, {
      ...registry,
      rigs: { ...registry.rigs, [rig.name]: { git_url: url, added_at } },
    })
    if (real) noteBacked(town, rig.name, real.path)
    const refused = await pushesRefused(url, branch)
    const all = refused === null ? warnings : [refused, ...warnings]
    const kept = credentials ? { credentials: rigLayout(town, rig.name).credentials } : {}
    const bd = real ? { bd: real.version } : {}
    return { branch, prefix, warning: all.length === 0 ? null : all.join('\n'), ...kept, ...bd }
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    forgetCredentials(town, rig.name)
    if (error instanceof GitFailed) throw new Refused(`${url} cannot be cloned: ${wordsOf(error)}. Nothing was changed`)
    if (error instanceof NoBranch) throw new Refused(`${error.message}. Nothing was changed`)
    throw error
  }
}

/**
 * The links to where a rig's issues are kept, in the folder it is made in, and unseen by git; a `.beads` that the
 * project has itself stays.
 */
function linkBeads(town: string, name: string, making: string): void {
  const tier = { town, rig: name }
  for (const path of linksOf(tier)) {
    const made = join(making, relative(rigLayout(town, name).root, path))
    if (!existsSync(made)) symlinkSync(linkText(tier, path), made)
  }
  const exclude = join(making, 'mayor/rig/.git/info/exclude')
  mkdirSync(dirname(exclude), { recursive: true })
  writeFileSync(exclude, '/.beads\n', { flag: 'a' })
}

/**
 * A working copy as origin refuses pushes to the branch it has checked out; better said now than at the first
 * landing.
 */
async function pushesRefused(url: string, branch: string): Promise<string | null> {
  if (!existsSync(url)) return null
  const ask = async (...args: string[]) => (await git(url, args, { okCodes: [0, 1, 128] })).stdout
  if (
    (await ask('rev-parse', '--is-bare-repository')) !== 'false' ||
    (await ask('symbolic-ref', '--short', 'HEAD')) !== branch
  )
    return null
  if (/^(ignore|warn|updateInstead|false)$/i.test(await ask('config', '--get', 'receive.denyCurrentBranch')))
    return null
  return `${url} is a working copy with ${branch} checked out: git will refuse what lands there. Let it follow instead: git -C ${url} config receive.denyCurrentBranch updateInstead`
}

function freePrefix(name: string, taken: readonly string[]): string {
  const letters = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  for (let length = Math.min(3, letters.length); length <= letters.length; length++)
    if (!taken.includes(letters.slice(0, length))) return letters.slice(0, length)
  for (let n = 2; ; n++) if (!taken.includes(`${letters.slice(0, 3)}${n}`)) return `${letters.slice(0, 3)}${n}`
}
