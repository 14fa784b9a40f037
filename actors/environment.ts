// What of an environment is handed on, and to whom: the daemon, git that talks to origin, agents' sessions, gates. One
// function a purpose, and the only lists of names.
// Never: hands on a name that is on no list; what an agent or another town has set (GT_*) goes to nobody.

import { homedir } from 'node:os'

export type Environment = Readonly<Record<string, string | undefined>>

/** The person's home; undefined where HOME is not set and the machine knows no such user, as in a container. */
export function homeOf({ HOME }: Environment): string | undefined {
  if (HOME) return HOME
  try {
    return homedir() || undefined
  } catch {
    return undefined
  }
}

/** Who the person is and how their terminal speaks. */
const person = ['HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TERM', 'TZ', 'TMPDIR', 'NO_COLOR']
/** Where programs of this person keep what is theirs. */
const places = ['XDG_CONFIG_HOME', 'XDG_RUNTIME_DIR']
/** What reaches an origin besides: keys, proxies, certificates, and the stores of credentials. */
const credentials = [
  'DBUS_SESSION_BUS_ADDRESS',
  'KRB5CCNAME',
  'SSH_AUTH_SOCK',
  'SSH_AGENT_PID',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_ASKPASS',
  'SSH_ASKPASS',
  'GIT_CONFIG_GLOBAL',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'GIT_SSL_CERT',
  'GIT_SSL_KEY',
  'GIT_SSL_NO_VERIFY',
  'GIT_PROXY_SSL_CAINFO',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'no_proxy',
  'NO_PROXY',
]
/** Those of them that are a secret, or may have one in them, and not only the way to it. */
const secrets = [
  'GH_TOKEN',
  'GITHUB_TOKEN',
  'GITLAB_TOKEN',
  ...['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]),
]

/** What git that talks to origin may know: who the person is, and what reaches it. */
export const originVariables: readonly string[] = ['HOME', 'USER', 'LOGNAME', ...places, ...credentials, ...secrets]

/** What the daemon lives with: enough for itself, for git, and for what the rigs hand on by name. */
export const daemonEnv = (env: Environment, extra: readonly string[] = []) =>
  chosen(env, (name) => isOpen(name) || secrets.includes(name) || extra.includes(name))

/** What of that every process of this user may read, as it may read the environment of any other. */
export const openEnv = (env: Environment, extra: readonly string[] = []) =>
  chosen(env, (name) => isOpen(name) && !extra.includes(name))

/** An agent's session, before what the town itself tells it; `extra` are the names its rig adds. */
export const sessionEnv = (env: Environment, extra: readonly string[] = []) =>
  chosen(env, (name) => ofPerson(name) || extra.includes(name))

/** A gate; `extra` are the names its rig adds. It has a home of its own. */
export const gateEnv = (env: Environment, extra: readonly string[] = []) =>
  chosen(env, (name) => name === 'PATH' || (ofPerson(name) && name !== 'HOME') || extra.includes(name))

const ofPerson = (name: string) => person.includes(name) || name.startsWith('LC_')
const isOpen = (name: string) =>
  name === 'PATH' || ofPerson(name) || places.includes(name) || credentials.includes(name)

function chosen(env: Environment, passes: (name: string) => boolean): Record<string, string> {
  const passing = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('GT_') && passes(entry[0]),
  )
  return Object.fromEntries(passing)
}
