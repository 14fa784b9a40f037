// The environment and the settings that a git is run with. There are two kinds. One reads no configuration of a person
// or an agent. The other may talk to an origin in a person's name.
// Never: hands on a variable that is not on a list; asks a person anything.
import process from 'node:process'
import { originVariables } from '../environment.ts'

/** Where a git works, and what it is told before its command. */
export interface At {
  cwd: string
  env: Record<string, string>
  flags: readonly string[]
}

/** Programs are found, and temporary files made, as the daemon has it; nothing else of its environment counts. */
const always = ['PATH', 'TMPDIR', 'SystemRoot']
const fixedEnv = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '',
  SSH_ASKPASS: '',
  SSH_ASKPASS_REQUIRE: 'never',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_PAGER: 'cat',
  GIT_EDITOR: ':',
  GIT_NO_LAZY_FETCH: '1',
  GIT_ADVICE: '0',
  GIT_DEFAULT_REF_FORMAT: 'files',
  GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
}

const fixedFlags = settings({
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'commit.gpgSign': 'false',
  'protocol.ext.allow': 'never',
  'safe.directory': '*',
})

/** In a repository that only the town writes, with nobody's configuration but that repository's own. */
export function plainly(cwd: string): At {
  return {
    cwd,
    env: { ...picked(always), ...fixedEnv, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
    flags: fixedFlags,
  }
}

/**
 * In a repository that only the town writes, with the person's own configuration for credentials, proxies and ssh:
 * for what talks to an origin, by its address.
 */
export function overNetwork(cwd: string): At {
  return {
    cwd,
    env: { ...picked([...always, ...originVariables]), ...fixedEnv },
    flags: [
      ...fixedFlags,
      ...settings({
        'fetch.prune': 'false',
        'fetch.pruneTags': 'false',
        'fetch.recurseSubmodules': 'false',
        'fetch.fsckObjects': 'false',
        'fetch.writeCommitGraph': 'false',
        'fetch.all': 'false',
        'fetch.output': 'full',
        'transfer.fsckObjects': 'false',
        'submodule.recurse': 'false',
        'push.followTags': 'false',
        'push.gpgSign': 'false',
        'push.recurseSubmodules': 'no',
        'push.useForceIfIncludes': 'false',
      }),
    ],
  }
}

/** What a push calls the origin that `pushingTo` tells it of. */
export const pushRemote = 'gastown-origin'

/**
 * The same, with a remote for one push: an address that is a remote's `pushurl` is the one pushed to, whatever
 * `url.*.pushInsteadOf` says for fetches of it elsewhere.
 */
export function pushingTo(cwd: string, url: string): At {
  return configured(overNetwork(cwd), { [`remote.${pushRemote}.url`]: [url], [`remote.${pushRemote}.pushurl`]: [url] })
}

/** The same with these settings, after those it has: as variables, which no other user of the machine reads. */
export function configured(at: At, settings: Readonly<Record<string, readonly string[]>>): At {
  const pairs = Object.entries(settings).flatMap(([key, values]) => values.map((value) => [key, value] as const))
  const had = Number(at.env.GIT_CONFIG_COUNT ?? 0)
  const more = pairs.flatMap(([key, value], n) => [
    [`GIT_CONFIG_KEY_${had + n}`, key],
    [`GIT_CONFIG_VALUE_${had + n}`, value],
  ])
  return { ...at, env: { ...at.env, ...Object.fromEntries(more), GIT_CONFIG_COUNT: String(had + pairs.length) } }
}

/** Who makes the town's own commits. */
export const identity = {
  GIT_AUTHOR_NAME: 'Gas Town Refinery',
  GIT_AUTHOR_EMAIL: 'refinery@gastown.invalid',
  GIT_COMMITTER_NAME: 'Gas Town Refinery',
  GIT_COMMITTER_EMAIL: 'refinery@gastown.invalid',
}

function settings(all: Record<string, string>): string[] {
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

function picked(names: readonly string[]): Record<string, string> {
  const known = names.map((name) => [name, process.env[name]] as const)
  return Object.fromEntries(known.filter((entry): entry is [string, string] => entry[1] !== undefined))
}
