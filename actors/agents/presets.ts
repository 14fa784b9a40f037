// The presets there are, one file each; a test names a file that is missing here.
// Never: knows how an agent is driven.
import aider from './aider.ts'
import claude from './claude.ts'
import codex from './codex.ts'
import copilot from './copilot.ts'
import gemini from './gemini.ts'
import opencode from './opencode.ts'
import pi from './pi.ts'
import type { AgentPreset } from './preset.ts'
import shell from './shell.ts'

export const presets: Readonly<Record<string, AgentPreset>> = {
  aider,
  claude,
  codex,
  copilot,
  gemini,
  opencode,
  pi,
  shell,
}
