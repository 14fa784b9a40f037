// `bd sync`: shares issues through a branch of their own in git, and takes in what others shared.
// Never: touches a branch of code, a file of the worktree, or the index. Exit codes: 0 ok, 1 failed, 3 others were
// faster each time.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { BeadsError } from '../../actors/beads/contract.ts'
import type { Beads } from '../../actors/beads/embedded.ts'
import { tierOf } from '../../actors/beads/find.ts'
import { exportLines, importLines } from '../../actors/beads/jsonl.ts'
import type { Way } from '../../actors/beads/sync/mirror.ts'
import { namesOf } from '../../actors/beads/sync/names.ts'
import { pendingIn, remembered, type Synced, sync, type Wanted } from '../../actors/beads/sync/sync.ts'
import { wayFrom, wayOfRig } from '../../actors/beads/sync/way.ts'
import { jsonAt, writeWhole } from '../../actors/files.ts'
import { shown } from '../../actors/git/shown.ts'
import { rigLayout } from '../../actors/layout.ts'
import { type Call, command, contentOf, isAgents } from '../bd-command.ts'
import { Usage } from '../errors.ts'
import type { Line } from '../print.ts'

export default command({
  name: 'sync',
  summary: 'share issues through a branch of their own in git, and take in what others shared',
  usage: '[--no-push] [--dry-run] [-m "…"]',
  examples: [
    'bd sync                      take in what others shared, then share what is here',
    'gt rig set wyvern sync_every=5m    # in a town: a rig’s, by itself',
    'bd sync --status             what is not shared yet, without asking the remote',
    'bd sync --no-push            only take in',
    'bd sync --dry-run            tell what would be done',
    'bd sync --flush-only         write .beads/issues.jsonl, and nothing else',
    'bd config set sync.branch team-issues',
  ],
  writes: (flags) => flags.status !== true,
  options: {
    status: { kind: 'flag', about: 'the branch, the remote, and how much is not shared yet' },
    'dry-run': { kind: 'flag', about: 'tell what would be done' },
    'no-push': { kind: 'flag', about: 'only take in what others shared' },
    'no-pull': { kind: 'flag', about: 'only share; refused when others have shared since' },
    message: { kind: 'text', short: 'm', about: 'the message of the commit' },
    'from-main': { kind: 'flag', about: 'the same as --no-push, for a branch of code that will not stay' },
    full: { kind: 'flag', about: 'nothing to do here: it always is' },
    'flush-only': { kind: 'flag', about: 'write every issue to .beads/issues.jsonl, and nothing else' },
    squash: { kind: 'flag', about: 'the same as --flush-only' },
    'import-only': { kind: 'flag', about: 'take in .beads/issues.jsonl, and nothing else' },
    check: { kind: 'flag', about: 'the same as --dry-run' },
    merge: { kind: 'flag', about: 'not here: issues are never merged into a branch of code' },
    'rename-on-import': { kind: 'flag', about: 'nothing to do here: ids of any prefix are taken in' },
    'no-git-history': { kind: 'flag', about: 'nothing to do here: what was deleted is remembered' },
  },
  run(call) {
    const { flags, beads, print } = call
    const here = ['status', 'flush-only', 'squash', 'import-only', 'from-main', 'merge'] as const
    const [first, second] = here.filter((name) => flags[name])
    if (second !== undefined) throw new Usage(`--${first} and --${second} are two things; say one of them`)
    if (flags.merge)
      throw new BeadsError('issues have a branch of their own and are never merged into code; `bd sync` shares them')
    if (beads.isTowns() && isAgents(call)) return unneeded(call)
    const isOfFile = flags['flush-only'] || flags.squash || flags['import-only']
    if (beads.isTowns() && isOfFile)
      throw new BeadsError('a town has no file beside its issues: bd export -o <file>, bd import <file>')
    if (flags.status) return told(call)
    if (flags['flush-only'] || flags.squash) return flushed(call)
    if (flags['import-only']) return tookFile(call)
    const { 'no-push': noPush, 'no-pull': noPull, 'from-main': fromMain, check, 'dry-run': dry, message } = flags
    return shared(call, {
      ...{ pull: !noPull, push: !(noPush || fromMain), dry: dry || check, message },
      mustHaveRemote: fromMain,
    })

    function flushed({ beads }: Pick<Call, 'beads'>): undefined {
      const file = fileBeside(beads.path)
      const lines = exportLines(beads)
      writeWhole(file, lines)
      const count = lines.split('\n').length - 1
      return print(
        () => ({ status: 'exported', exported: count, path: file }),
        () => [`✓ Exported ${count} issues to ${file}`],
      )
    }
    function tookFile({ beads, actor }: Pick<Call, 'beads' | 'actor'>): undefined {
      const file = fileBeside(beads.path)
      if (!existsSync(file)) throw new BeadsError(`there is no ${file} to take in; nothing was written`)
      const counts = importLines(beads, contentOf(file), actor)
      return print(
        () => ({ status: 'imported', ...counts, source: file }),
        () => [`✓ Imported: ${counts.created} created, ${counts.updated} updated, ${counts.skipped} skipped`],
      )
    }
  },
})

type Here = Pick<Call, 'beads' | 'actor' | 'print'>
const fileBeside = (path: string) => join(dirname(path), 'issues.jsonl')

/** Brings the store together with the branch, and says what that did. */
export async function shared(
  { beads, actor, print }: Here,
  how: Pick<Wanted, 'pull' | 'push'> & { dry?: boolean; message?: string | undefined; mustHaveRemote?: boolean },
): Promise<number> {
  const { mustHaveRemote, ...rest } = how
  const way = await wayOf(beads)
  // Who is told to end takes their git along.
  const ends = { SIGINT: () => process.exit(130), SIGTERM: () => process.exit(143) }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, ends[signal])
  const done = await sync(beads, way, { ...rest, actor }).finally(() => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, ends[signal])
  })
  if (done.status === 'no-remote' && mustHaveRemote) throw new BeadsError('no git remote configured')
  const { status, attempts, pushed, ...answer } = done
  print(
    () => ({
      // As other versions say it; the rest where there is something to say.
      ...{ attempts, pushed, rows_corrected: 0, schema_version: 1, status },
      ...(way
        ? { branch: way.names.branch, remote: shown(way.names.remote), ...answer, dry_run: how.dry === true }
        : {}),
    }),
    () => (way ? wordsOf(done, way.names, how) : noRemote),
  )
  return done.status === 'stuck' ? 3 : 0
}

const noRemote = [
  'No remote is configured: there is nobody to share with, and your issues are in this store.',
  '  git remote add origin <url>   then bd sync shares them',
]

/** Where a store is synced through: a rig's as its town says. */
async function wayOf(beads: Beads): Promise<Way | undefined> {
  if (!beads.isTowns()) return wayFrom(beads, process.env)
  const { town, rig } = tierOf(dirname(beads.path)) ?? {}
  if (town === undefined || rig === undefined)
    throw new BeadsError('the issues of the town itself are shared with nobody; say bd sync in one of its rigs')
  return wayOfRig(town, rig)
}

function wordsOf(
  { status, attempts, pushed, shared, created, updated, deleted, renamed }: Synced,
  { branch, remote }: Wanted['names'],
  { dry = false, push }: Pick<Wanted, 'dry' | 'push'>,
): Line[] {
  const place = `${shown(remote)}/${branch}`
  const taken = `${created.length} created, ${updated.length} updated, ${deleted.length} deleted`
  const given = pushed
    ? `${shared} shared`
    : shared === 0
      ? 'nothing to share'
      : `${shared} ${dry && push ? 'would be shared' : 'not shared yet'}`
  return [
    status === 'stuck'
      ? `Others were faster ${attempts} times: ${taken}, ${given}; bd sync goes on from there`
      : `${dry ? 'Would sync' : '✓ Synced'} with ${place}: ${taken}, ${given}`,
    ...renamed.map(
      ({ from, to, title }) => `  ${from} was given to another issue meanwhile; yours is ${to} now: ${title}`,
    ),
  ]
}

/** Where it stands, as this machine knows it. */
async function told({ beads, print }: Pick<Call, 'beads' | 'print'>): Promise<number> {
  const way = await wayOf(beads)
  const names = way?.names ?? namesOf(beads, process.env)
  const { commit } = remembered(beads, names)
  const url = way ? shown(way.remote.url) : null
  const pending = way && (await pendingIn(beads, way))
  print(
    () => ({
      status: way ? 'ok' : 'no-remote',
      ...{ branch: names.branch, remote: shown(names.remote), url, last_synced: commit ?? null },
      pending: pending ?? null,
    }),
    () => [
      `Sync branch: ${names.branch}`,
      `Remote: ${url === null ? 'none is configured' : `${shown(names.remote)} (${url})`}`,
      `Last synced: ${commit === undefined ? 'never' : commit.slice(0, 10)}`,
      ...(pending === undefined ? [] : [`Pending changes: ${pending} not shared yet`]),
    ],
  )
  return 0
}

/** All agents of a town work on one store: what one writes the others see. */
export function unneeded({ beads, print }: Pick<Call, 'beads' | 'print'>): number {
  const { town = '', rig } = tierOf(dirname(beads.path)) ?? {}
  const { sync_every: every } = rig === undefined ? {} : jsonAt(rigLayout(town, rig).config)
  const words = `nothing to do: every agent of this town works on the same issues${typeof every === 'string' ? `, and the town shares them every ${every}` : ''}`
  print(
    () => ({ attempts: 0, pushed: false, rows_corrected: 0, status: 'in-town', message: words }),
    () => [words],
  )
  return 0
}
