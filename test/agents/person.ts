// A person at a terminal of their own, who joins the conversation of an agent.
// Never: types before what is asked for is on the screen.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { wayIn } from '../../actors/agents/attach.ts'
import type { Talk } from './conversation.ts'

export interface Person {
  /** Resolves when this is on the screen. */
  sees(text: string): Promise<void>
  types(text: string): Promise<void>
  /** A line that they do not send. */
  begins(text: string): Promise<void>
  presses(key: string): Promise<void>
  leaves(): void
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 300))

export function joins({ dir, cwd, env }: Talk): Person {
  const way = wayIn(dir)
  if (!way) throw new Error('nobody can join it')
  const all = { ...env, ...way.env, TERM: 'xterm-256color' }
  const tmux = (...args: string[]) => execFileSync('tmux', ['-S', join(dir, 'tmux'), ...args], { env: all }).toString()
  tmux('new-session', '-d', '-x', '120', '-y', '40', '-c', cwd, ...way.argv)
  return {
    async sees(text) {
      while (!tmux('capture-pane', '-p').includes(text)) await soon()
    },
    async types(text) {
      tmux('send-keys', '-l', text)
      await this.sees(text)
      await soon()
      tmux('send-keys', 'Enter')
    },
    async begins(text) {
      tmux('send-keys', '-l', text)
      await this.sees(text)
    },
    async presses(key) {
      tmux('send-keys', key)
      await soon()
    },
    leaves: () => void tmux('kill-server'),
  }
}
