// A terminal for an agent's own program: a tmux server of the run's own, in which people may join it. Its supervisor is
// who holds it: what is on the screen is read, and words are typed where nobody else is typing.
// Never: the town's tmux, or the person's; presses a key that was not asked for; types while a person's keys come in.
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { textOf, writeWhole } from '../files.ts'
import type { Run } from './driver.ts'
import { forgetSocket, socketIn } from './socket.ts'

export interface Terminal {
  /** The command by which a person joins. */
  readonly attach: readonly string[]
  /** What is on the screen, line by line, and in which column the cursor stands. Empty when it is gone. */
  screen(): Promise<{ lines: readonly string[]; column: number }>
  /** How long nobody who has joined has pressed a key, in milliseconds; a second less or more. */
  quietMs(): Promise<number>
  /** While this is done, what people type goes nowhere. */
  alone(work: () => Promise<void>): Promise<void>
  /** Key by key, on one line. */
  type(text: string): Promise<void>
  /** As one piece. */
  paste(text: string): Promise<void>
  press(key: 'Enter' | 'Escape'): Promise<void>
  signal(signal: NodeJS.Signals): void
  /** Resolves with how its program ended, and the last of its screen. */
  readonly over: Promise<{ exitCode: number | null; tail: string }>
}

/**
 * The program runs with this around it: it knows of no tmux, so that a bare `tmux` of its own reaches another one, and
 * how it ended, and with which words, is there to be read.
 */
const around = `end=$1; shift
trap : TERM HUP INT
server="\${TMUX%%,*}"
( unset TMUX TMUX_PANE; exec "$@" )
code=$?
tmux -S "$server" capture-pane -p -J -t "$TMUX_PANE" > "$end.screen"
echo "$code" > "$end"`

/** Keys of people go to this table while words are typed, and nothing comes of them. */
const nowhere = 'gt-nowhere'
const answerMs = 10_000

/** Throws when there is no tmux. */
export function openTerminal({ dir, cwd, env }: Run, argv: readonly string[]): Terminal {
  const socket = socketIn(dir, 'terminal.sock')
  const ended = join(dir, 'terminal-ended')
  const server = ['-S', socket, '-f', '/dev/null']
  const how = { cwd, env: { TERM: 'xterm-256color', ...env }, timeout: answerMs, encoding: 'utf8' } as const
  const options = { status: 'off', 'escape-time': '0', 'focus-events': 'on', 'history-limit': '20000' }
  execFileSync(
    'tmux',
    [
      ...server,
      ...Object.entries(options).flatMap(([name, value]) => ['set-option', '-g', name, value, ';']),
      ...['bind-key', '-T', nowhere, 'Any', 'if-shell', '-F', '0', '', ';'],
      ...['new-session', '-d', '-x', '160', '-y', '50', '-s', 'agent', '--'],
      ...['/bin/sh', '-c', around, 'gt-terminal', ended, ...argv].map(endsCommand),
    ],
    { ...how, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const pid = Number(execFileSync('tmux', [...server, 'display-message', '-p', '#{pane_pid}'], how))
  const tmux = (...args: string[]) =>
    new Promise<string>((resolve) => execFile('tmux', [...server, ...args], how, (_, stdout) => resolve(stdout)))
  const clients = async (of: string) => (await tmux('list-clients', '-F', of)).split('\n').filter((line) => line !== '')
  const over = new Promise<{ exitCode: number | null; tail: string }>((resolve) => {
    const { timeout: _, ...unbounded } = how
    // It returns when the server ends, and the server ends with the program.
    execFile('tmux', [...server, 'wait-for', 'gt-never'], unbounded, () => {
      const code = textOf(ended)?.trim()
      forgetSocket(dir, socket)
      resolve({ exitCode: code ? Number(code) : null, tail: (textOf(`${ended}.screen`) ?? '').trim() })
    })
  })
  return {
    attach: ['tmux', '-u', '-S', socket, 'attach-session', '-t', 'agent'],
    async screen() {
      const [first = '', ...lines] = (
        await tmux('display-message', '-p', '#{cursor_x}', ';', 'capture-pane', '-p', '-e')
      ).split('\n')
      return { lines, column: Number(first) }
    },
    async quietMs() {
      const last = Math.max(0, ...(await clients('#{client_activity}')).map(Number))
      return Date.now() - last * 1000
    },
    async alone(work) {
      const toNowhere = (await clients('#{client_name}')).flatMap((name) => [
        ';',
        'switch-client',
        '-c',
        name,
        '-T',
        nowhere,
      ])
      await tmux('set-option', 'key-table', nowhere, ...toNowhere)
      try {
        await work()
      } finally {
        await tmux('set-option', '-u', 'key-table')
      }
    },
    type: async (text) => void (await tmux('send-keys', '-t', 'agent', '-l', text)),
    async paste(text) {
      const file = join(dir, 'terminal-words')
      writeWhole(file, text)
      await tmux('load-buffer', '-b', 'gt', file, ';', 'paste-buffer', '-p', '-d', '-b', 'gt', '-t', 'agent')
    },
    press: async (key) => void (await tmux('send-keys', '-t', 'agent', key)),
    signal(signal) {
      try {
        process.kill(-pid, signal)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    },
    over,
  }
}

/** tmux reads an argument that ends in `;` as the end of its command. */
const endsCommand = (arg: string) => (arg.endsWith(';') ? `${arg.slice(0, -1)}\\;` : arg)
