// What the commands of `bd github` have in common: which repository, with which token, and how what was done is told.
// Never: prints the token; takes one from a command line.
import { dirname } from 'node:path'
import process from 'node:process'
import { BeadsError } from '../actors/beads/contract.ts'
import type { Beads } from '../actors/beads/embedded.ts'
import { tierOf } from '../actors/beads/find.ts'
import { repositoryAround } from '../actors/beads/sync/names.ts'
import type { RigConfig } from '../actors/config.ts'
import type { Bridged, Bridging } from '../actors/github/bridging.ts'
import type { Api } from '../actors/github/client.ts'
import { rigLayout } from '../actors/layout.ts'
import { type Call, isAgents } from './bd-command.ts'
import { Usage } from './errors.ts'
import { type Line, tell } from './print.ts'
import type { FlagsOf, Options } from './word.ts'

export const github = {
  'dry-run': { kind: 'flag', about: 'tell what would be done' },
  'prefer-local': { kind: 'flag', about: 'of a field that both changed, what is here counts' },
  'prefer-github': { kind: 'flag', about: 'of a field that both changed, what is there counts' },
  'prefer-newer': { kind: 'flag', about: 'of a field that both changed, the later edit counts: so it is if left out' },
  state: {
    kind: 'text',
    choices: ['open', 'closed', 'all'],
    about: 'of what is new there, these only; all if left out',
  },
  wait: { kind: 'duration', about: 'how long GitHub’s rate limit is waited for; 60s if left out' },
} as const satisfies Options

export interface Settings {
  url: string
  /** `owner/name`; undefined: nothing says it. */
  repository: string | undefined
  token: string | undefined
  /** Where the token comes from, for words. */
  from: string | undefined
}

/**
 * In a town config.json says it, and not the store: agents can write that, and a token goes where this says. Throws
 * where it would go to a host that only a store names.
 */
export async function settingsOf(beads: Beads): Promise<Settings> {
  const { env } = process
  const towns = beads.isTowns() ? await rigOf(beads) : undefined
  const kept = (key: string): string | undefined =>
    towns === undefined
      ? beads.config(`github.${key}`)
      : Object.entries(towns.github ?? {}).find(([name]) => name === key)?.[1]
  const said = (key: string, ...variables: string[]) => kept(key) ?? variables.map((name) => env[name]).find(Boolean)
  const tokens: [string, string | undefined][] = [
    ['GITHUB_TOKEN', env.GITHUB_TOKEN],
    ['GH_TOKEN', env.GH_TOKEN],
    ['bd config: github.token', kept('token')],
  ]
  const [from, token] = tokens.find(([, value]) => value) ?? []
  const [owner, name] = [said('owner', 'GITHUB_OWNER'), said('repo', 'GITHUB_REPO')]
  const whole = said('repository', 'GITHUB_REPOSITORY') ?? (owner && name ? `${owner}/${name}` : undefined)
  const repository = whole ?? repositoryIn(towns === undefined ? await originOf(beads) : towns.git_url)
  if (repository !== undefined && !/^[\w.-]+\/[\w.-]+$/.test(repository))
    throw new BeadsError(`github.repository is owner/name, not "${repository}"`)
  const [stores, ours] = [kept('api_url') ?? kept('url'), env.GITHUB_API_URL || githubs].map(withoutSlash)
  const url = stores ?? ours ?? githubs
  checkUrl(url)
  // A store may have come with somebody's repository: it says where its own token goes, and no other.
  const isTheirs = towns === undefined && ![ours, githubs].includes(url)
  if (isTheirs && (env.GITHUB_TOKEN || env.GH_TOKEN))
    throw new BeadsError(
      `this store says that ${url} is GitHub, and a token of yours (${from}) goes only where you say: give GITHUB_API_URL=${url} if it is meant; nothing was sent`,
    )
  return { url, repository, token, from }
}

const githubs = 'https://api.github.com'
const withoutSlash = (url: string | undefined) => url?.replace(/\/+$/, '')

/** What says which repository is meant. */
export function howToSay(beads: Beads): string {
  if (!beads.isTowns()) return 'bd config set github.repository <owner>/<name>'
  return `gt rig set ${tierOf(dirname(beads.path))?.rig ?? '<rig>'} github.repository=<owner>/<name>`
}

/** A token goes over no network in clear. */
function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isHere = url !== undefined && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url?.protocol !== 'https:' && !(isHere && url?.protocol === 'http:'))
    throw new BeadsError(`github.url is an address of https, such as https://github.example.com/api/v3, not "${text}"`)
}

/** The address of the repository around the store. */
async function originOf(beads: Beads): Promise<string | undefined> {
  const repository = repositoryAround(beads)
  const { remoteOf } = await import('../actors/beads/sync/mirror.ts')
  return repository && (await remoteOf({ branch: '', said: '', remote: 'origin' }, repository))?.url
}

/** What its town says of the rig that the store is of; nothing for the town's own. */
async function rigOf(beads: Beads): Promise<Partial<RigConfig>> {
  const { town = '', rig } = tierOf(dirname(beads.path)) ?? {}
  const { readConfig, rigConfig } = await import('../actors/config.ts')
  return rig === undefined ? {} : readConfig(rigLayout(town, rig).config, rigConfig)
}

/** `owner/name` of an address at GitHub; elsewhere it has to be said. */
const repositoryIn = (address: string | undefined): string | undefined =>
  /^(?:https?:\/\/(?:[^@/]*@)?github\.com\/|(?:ssh:\/\/)?git@github\.com[:/])([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/i.exec(
    address ?? '',
  )?.[1]

/** Does it, and tells what was done. */
export async function bridged(
  call: Pick<Call, 'beads' | 'actor' | 'print'> & { flags: FlagsOf<typeof github> },
  way: Pick<Bridging, 'pull' | 'push'> & { only?: readonly string[] },
): Promise<undefined> {
  const { beads, actor, flags, print } = call
  const preferred = (['prefer-local', 'prefer-github', 'prefer-newer'] as const).filter((name) => flags[name])
  if (preferred.length > 1) throw new Usage(`say one of ${preferred.map((name) => `--${name}`).join(' and ')}`)
  if (isAgents(call))
    throw new BeadsError('what goes to GitHub and comes from there is the Overseer’s; nothing was done')
  const { url, repository, token } = await settingsOf(beads)
  if (repository === undefined) throw new BeadsError(`which repository on GitHub? ${howToSay(beads)}`)
  if (token === undefined && way.push && !flags['dry-run'])
    throw new BeadsError('to write there GitHub wants a token: give it as GITHUB_TOKEN, or say bd github pull')
  const { bridge } = await import('../actors/github/bridge.ts')
  const { clientOf } = await import('../actors/github/client.ts')
  const api: Api = { url, token, waitMaxMs: flags.wait ?? 60_000, waits: (words) => tell(words) }
  const done = await bridge(beads, {
    ...way,
    ...{ client: clientOf(api), repository, actor, dry: flags['dry-run'], state: flags.state ?? 'all' },
    prefer: flags['prefer-local'] ? 'local' : flags['prefer-github'] ? 'github' : undefined,
  })
  return print(
    () => ({ repository, ...done, dry_run: flags['dry-run'] }),
    () => wordsOf(done, repository, way, flags['dry-run']),
  )
}

function wordsOf(
  { pulled, pushed, conflicts, skipped }: Bridged,
  repository: string,
  { pull, push }: Pick<Bridging, 'pull' | 'push'>,
  isDry: boolean,
): Line[] {
  const sum = ({ created, updated, comments }: Bridged['pulled']) =>
    `${created.length + updated.length} issues (${created.length} created, ${updated.length} updated), ${comments} comments`
  const kept = { local: 'what is here counts', github: 'what GitHub has counts' }
  return [
    ...(pull ? [`${isDry ? 'Would pull' : '✓ Pulled'} ${sum(pulled)} from ${repository}`] : []),
    ...(push ? [`${isDry ? 'Would push' : '✓ Pushed'} ${sum(pushed)} to ${repository}`] : []),
    ...conflicts.map(({ id, field, kept: side }) => `  ${id}: ${field} was changed on both sides; ${kept[side]}`),
    ...skipped.map(({ id, why }) => `  ${id} was left as it is: ${why}`),
  ]
}
