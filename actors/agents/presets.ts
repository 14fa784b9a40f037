// The presets there are, one file each; a test names a file that is missing here.
// Never: knows how an agent is driven.
import claude from './claude.ts'
import codex from './codex.ts'
import opencode from './opencode.ts'
import type { AgentPreset } from './preset.ts'
import shell from './shell.ts'

export const presets: Readonly<Record<string, AgentPreset>> = { claude, codex, opencode, shell }
