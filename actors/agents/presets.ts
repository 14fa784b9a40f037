// The presets a rig can have as its agent, one file each; a test names a file that is missing here. Each is loaded when
// it is asked for: a daemon that speaks with one kind of agent knows no other's protocol.
// Never: knows how an agent is driven.
import type { AgentPreset } from './preset.ts'

const load = {
  aider: () => import('./aider.ts'),
  claude: () => import('./claude.ts'),
  'claude-tui': () => import('./claude-tui.ts'),
  codex: () => import('./codex.ts'),
  copilot: () => import('./copilot.ts'),
  gemini: () => import('./gemini.ts'),
  opencode: () => import('./opencode.ts'),
  pi: () => import('./pi.ts'),
  shell: () => import('./shell.ts'),
} satisfies Record<string, () => Promise<{ default: AgentPreset }>>

export const presetNames: readonly string[] = Object.keys(load)

export const isPreset = (name: string): name is keyof typeof load => Object.hasOwn(load, name)

/** Throws for a name that no preset has. */
export async function presetOf(name: string): Promise<AgentPreset> {
  if (!isPreset(name)) throw new Error(`no agent preset "${name}"; there is: ${presetNames.join(', ')}`)
  return (await load[name]()).default
}

/** Those that are spoken to. */
export async function spokenPresets(): Promise<AgentPreset[]> {
  const all = await Promise.all(presetNames.map(presetOf))
  return all.filter(({ drive }) => drive !== undefined)
}
