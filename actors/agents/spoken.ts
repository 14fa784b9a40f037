// The presets whose agents are spoken to in their own protocols: `gt agents` knows them, and tries them. The sessions
// of a rig do not yet; there they are a worker's command.
// Never: loaded by the daemon.
import aider from './aider.ts'
import claude from './claude.ts'
import codex from './codex.ts'
import copilot from './copilot.ts'
import gemini from './gemini.ts'
import opencode from './opencode.ts'
import pi from './pi.ts'
import type { AgentPreset } from './preset.ts'

export const spoken: Readonly<Record<string, AgentPreset>> = { aider, claude, codex, copilot, gemini, opencode, pi }
