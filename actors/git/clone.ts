// The one git work a person waits for: cloning a repository, with its progress told.
// Never: asks for a password, runs a hook, or takes an address for an option.
import process from 'node:process'
import { type SimpleGitProgressEvent, simpleGit } from 'simple-git'
import { GitFailed } from './git.ts'

export type CloneProgress = Pick<SimpleGitProgressEvent, 'stage' | 'progress'>

const kept = ['GIT_SSH_COMMAND', 'GIT_SSL_CAINFO', 'GIT_SSL_CAPATH']

/** Ends a clone that has said nothing for so long, in milliseconds. */
const silentMaxMs = 300_000

/** Clones `url` into `path`, which must not exist. Throws GitFailed with git's own words. */
export async function clone(
  url: string,
  path: string,
  options: { args?: readonly string[]; progress?: (event: CloneProgress) => void } = {},
): Promise<void> {
  if (url.startsWith('-')) throw new GitFailed(`"${url}" is not a repository's address`, '', undefined)
  // Proxies, certificates and ssh stay as the person has them; editors, pagers and askers for passwords have no place
  // here, nor another repository.
  const ambient = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      (kept.includes(entry[0]) || !/^GIT_|EDITOR$|PAGER$|ASKPASS$|^VISUAL$|^PREFIX$/.test(entry[0])),
  )
  try {
    await simpleGit({
      config: ['core.hooksPath=/dev/null', 'protocol.ext.allow=never'],
      allowEnvironment: ['GIT_TERMINAL_PROMPT', ...kept],
      unsafe: { allowUnsafeHooksPath: true, allowUnsafeProtocolOverride: true, allowUnsafeSshCommand: true },
      timeout: { block: silentMaxMs },
      ...(options.progress ? { progress: options.progress } : {}),
    })
      .env({ ...Object.fromEntries(ambient), LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' })
      .clone(url, path, [...(options.args ?? [])])
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new GitFailed(`git clone failed: ${words}`, words, undefined)
  }
}
