// The one git work a person waits for: cloning a repository, with its progress told.
// Never: asks for a password, runs a hook, or takes an address for an option.
import process from 'node:process'
import { type SimpleGitProgressEvent, simpleGit } from 'simple-git'
import { GitFailed } from './git.ts'

export type CloneProgress = Pick<SimpleGitProgressEvent, 'stage' | 'progress'>

/** Ends a clone that has said nothing for so long, in milliseconds. */
const silentMaxMs = 300_000

/** Clones `url` into `path`, which must not exist. Throws GitFailed with git's own words. */
export async function clone(url: string, path: string, options: { args?: readonly string[]; progress?: (event: CloneProgress) => void } = {}): Promise<void> {
  if (url.startsWith('-')) throw new GitFailed(`"${url}" is not a repository's address`, '', undefined)
  const { PATH = '', HOME = '', SSH_AUTH_SOCK, GIT_SSH_COMMAND, XDG_CONFIG_HOME } = process.env
  const ambient = Object.entries({ SSH_AUTH_SOCK, GIT_SSH_COMMAND, XDG_CONFIG_HOME }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  try {
    await simpleGit({
      config: ['core.hooksPath=/dev/null', 'protocol.ext.allow=never'],
      allowEnvironment: ['GIT_TERMINAL_PROMPT', 'GIT_SSH_COMMAND'],
      unsafe: { allowUnsafeHooksPath: true, allowUnsafeProtocolOverride: true, allowUnsafeSshCommand: true },
      timeout: { block: silentMaxMs },
      ...(options.progress ? { progress: options.progress } : {}),
    })
      .env({ PATH, HOME, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', ...Object.fromEntries(ambient) })
      .clone(url, path, [...(options.args ?? [])])
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new GitFailed(`git clone failed: ${words}`, words, undefined)
  }
}
