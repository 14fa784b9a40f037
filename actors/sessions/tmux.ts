// Sessions in tmux, on a socket private to the town: people can attach, and a pane stays to be read after its program
// has ended.
// Never: talks to the user's own tmux server; waits for one that does not answer; is given a session's environment, which its command line would show to
// every user of the machine.
import { join } from 'node:path'
import { afterWatched } from '../../runtime/open.ts'
import { launchArgs } from './launcher.ts'
import type { SessionBackend } from './session.ts'

/** `socket` names the town's private server; `env` is all that server starts with. */
export function tmuxBackend(
  socket: string,
  env: Record<string, string>,
  { answerMs = 10_000 }: { answerMs?: number } = {},
): SessionBackend {
  const tmux = ['-L', socket, '-f', '/dev/null']
  const run = async (args: readonly string[], more: { cwd?: string } = {}) => {
    const { execa } = await import('execa')
    const child = execa('tmux', [...tmux, ...args], {
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      ...more,
      env,
    })
    // A server that is stopped takes calls and never answers. It holds the output, too, which ends by itself no more.
    let isLate = false
    const limit = afterWatched(answerMs, () => {
      isLate = true
      child.kill('SIGKILL')
      for (const stream of [child.stdout, child.stderr]) stream.destroy()
    })
    const { stdout, stderr, exitCode, shortMessage } = await child
    limit.stop()
    return { stdout, stderr, exitCode, shortMessage, isLate }
  }
  return {
    name: 'tmux',
    async launch(spec) {
      const launch = () =>
        run(
          [
            ...[
              'start-server',
              ';',
              'set-option',
              '-g',
              'remain-on-exit',
              'on',
              ';',
              'set-option',
              '-g',
              'history-limit',
              '50000',
              ';',
              'set-option',
              '-g',
              'update-environment',
              '',
              ';',
            ],
            ...[
              'new-session',
              '-d',
              '-x',
              '200',
              '-y',
              '50',
              '-s',
              spec.id,
              '--',
              // The mark is there from the first moment; what it says is among the arguments anyhow.
              ...['/usr/bin/env', `GT_SESSION=${spec.dir}`, ...launchArgs(spec)].map(endsCommand),
              ';',
            ],
            ...['pipe-pane', '-o', '-t', `=${spec.id}:`, `exec cat >> ${quoted(join(spec.dir, 'output.log'))}`],
          ],
          { cwd: spec.cwd },
        )
      let done = await launch()
      // A server whose last session has just gone is on its way out and takes nobody in any more; the next one does.
      for (
        let again = 0;
        again < 5 && /server exited|no server running|error connecting/.test(String(done.stderr));
        again++
      )
        done = await launch()
      if (done.isLate)
        throw new Error(`tmux did not answer within ${answerMs / 1000} s; \`tmux -L ${socket} ls\` asks it`)
      if (
        done.exitCode !== 0 &&
        !/duplicate session/.test(String(done.stderr)) &&
        !/can't find pane/.test(String(done.stderr))
      )
        throw new Error(`tmux could not start ${spec.id}: ${done.stderr || done.shortMessage}`)
    },
    async lastWords(id) {
      // The session says that it ended a moment before tmux has read the last of it.
      for (let waitedMs = 0; waitedMs < 2000; waitedMs += 20) {
        const { stdout, exitCode } = await run(['display-message', '-p', '-t', `=${id}:`, '#{pane_dead}'])
        if (exitCode !== 0) return undefined
        if (stdout === '1') break
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      const shown = await run(['capture-pane', '-p', '-J', '-S', '-1000', '-t', `=${id}:`])
      return shown.exitCode === 0 ? wordsOf(String(shown.stdout)) : undefined
    },
    async holds(id) {
      const { exitCode, isLate } = await run(['has-session', '-t', `=${id}`])
      return exitCode === 0 || isLate
    },
    async forget(id) {
      await run(['kill-session', '-t', `=${id}`])
    },
    async end() {
      await run(['kill-server'])
    },
    attach: (id) => ['tmux', ...tmux, 'attach-session', '-t', `=${id}`],
  }
}

/** What was shown, without the spaces that some versions fill lines with, and without tmux's own last line. */
const wordsOf = (shown: string) => shown.replaceAll(/ +$/gm, '').replace(/\n*Pane is dead [^\n]*\n*$/, '')

/** The oldest that sessions were tried with. */
const leastVersion = [3, 0] as const

/** Why sessions cannot be in tmux here, in one sentence; undefined: they can. */
export async function tmuxTrouble(env: Record<string, string>): Promise<string | undefined> {
  const { execa } = await import('execa')
  const asked = await execa('tmux', ['-V'], { env, extendEnv: false, reject: false, stdin: 'ignore', timeout: 5000 })
  const least = leastVersion.join('.')
  if (asked.exitCode !== 0)
    return `there is no tmux on the PATH; install tmux ${least} or newer, or say "session": "process"`
  // `tmux 3.3a`, `tmux next-3.5`; a build without a number is newer than those with one.
  const [, major, minor] = /(\d+)\.(\d+)/.exec(String(asked.stdout)) ?? []
  if (major === undefined) return undefined
  const isOld =
    Number(major) < leastVersion[0] || (Number(major) === leastVersion[0] && Number(minor) < leastVersion[1])
  return isOld
    ? `${String(asked.stdout).trim()} is too old; sessions need tmux ${least} or newer, or "session": "process"`
    : undefined
}

/** tmux reads an argument that ends in `;` as the end of its command. */
const endsCommand = (arg: string) => (arg.endsWith(';') ? `${arg.slice(0, -1)}\\;` : arg)

/** The one text a shell reads: a path in quotes that nothing in it can end; `#` is tmux's own and is doubled. */
const quoted = (path: string) => `'${path.replaceAll("'", `'\\''`).replaceAll('#', '##')}'`
