// The presets a rig can have as its agent, one file each; a test names a file that is missing here.
// Never: knows how an agent is driven.
import type { AgentPreset } from './preset.ts'
import shell from './shell.ts'

export const presets: Readonly<Record<string, AgentPreset>> = { shell }
