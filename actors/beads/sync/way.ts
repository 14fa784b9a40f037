// Where the issues of a store are shared: the branch, the remote, and the folder of the mirror. In a town the rig's
// config.json says it all, and nothing that an agent can write.
// Never: talks to a remote.
import { dirname, join } from 'node:path'
import { asking } from '../../git/credentials.ts'
import { mustHaveRepositories } from '../../git/lens.ts'
import { repositoryAt } from '../../git/repository.ts'
import { rigLayout } from '../../layout.ts'
import { BeadsError } from '../contract.ts'
import type { Beads } from '../embedded.ts'
import { backedBy } from '../real/where.ts'
import { remoteOf, type Way } from './mirror.ts'
import { checkBranch, checkNobodyIsOn, namesOf, repositoryAround } from './names.ts'

/** Of a store in somebody's repository; undefined when that has no remote. Throws a BeadsError for a branch of code. */
export async function wayFrom(
  beads: Beads,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Way | undefined> {
  const names = namesOf(beads, env)
  const repository = repositoryAround(beads)
  const remote = repository && (await remoteOf(names, repository))
  if (!remote) return undefined
  checkNobodyIsOn(names, repository)
  return { names, remote, repository, mirror: join(dirname(beads.path), 'sync.git'), asking: (at) => at }
}

/** Of a rig's store: its origin, through a repository of the Refinery's. Throws a BeadsError for a branch of code. */
export async function wayOfRig(town: string, rig: string): Promise<Way> {
  try {
    return await byConfig(town, rig)
  } catch (error) {
    throw error instanceof BeadsError ? error : new BeadsError(error instanceof Error ? error.message : `${error}`)
  }
}

async function byConfig(town: string, rig: string): Promise<Way> {
  // Loaded here only: the schema takes longer than the rest of a sync without a town.
  const { readConfig, rigConfig } = await import('../../config.ts')
  const { config, clone, refineryClone, refineryIssues } = rigLayout(town, rig)
  if (backedBy(town, rig))
    throw new BeadsError(`a real bd keeps the issues of ${rig}, and shares them in its own way: bd dolt push, bd sync`)
  const { git_url: url, sync_branch: branch, default_branch: main } = readConfig(config, rigConfig)
  const names = { branch, said: `sync_branch in ${config}`, remote: url }
  checkBranch(branch, names.said)
  if (branch === main || branch.startsWith('polecat/'))
    throw new BeadsError(
      `"${branch}" (${names.said}) is a branch of code, and issues are not put there: gt rig set ${rig} sync_branch=`,
    )
  mustHaveRepositories(town, rig)
  checkNobodyIsOn(names, repositoryAt(join(clone, '.git')))
  return {
    names,
    remote: { url, pushUrl: url },
    repository: repositoryAt(join(refineryClone, '.git')),
    mirror: refineryIssues,
    asking: (at) => asking(at, town, rig, url),
  }
}
