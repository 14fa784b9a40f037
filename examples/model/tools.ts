// How each agent's own tools are called: what its shell and its file-writing tool are named, and what they take.
// The first in a list that an agent offers is used. A new agent whose tools are named otherwise is a line here.
// Never: calls a tool by a shape that the agent does not offer.
import type { Asked, Call, Tool } from './protocol.ts'
import type { Use } from './script.ts'
import { lastResults } from './turns.ts'

type Shape<Wish> = (wish: Wish, tool: Tool) => Call['input']

/** Of an input, the fields that the tool takes. */
const taken = (input: Readonly<Record<string, unknown>>, { fields }: Tool) =>
  Object.fromEntries(Object.entries(input).filter(([name]) => fields?.includes(name)))

const description = 'A step of the script'

/** Each waits for its command as long as it can be made to: some let go of one that takes long. */
const shells: Readonly<Record<string, Shape<string>>> = {
  Bash: (command, tool) => taken({ command, description, timeout: 600_000 }, tool), // Claude Code
  exec_command: (cmd, tool) => taken({ cmd, yield_time_ms: 30_000 }, tool), // Codex
  shell_command: (command, tool) => taken({ command, timeout_ms: 600_000 }, tool), // Codex, earlier
  run_shell_command: (command, tool) => taken({ command, description }, tool), // Gemini
  // OpenCode and pi, in milliseconds and seconds; Copilot, in seconds.
  bash: (command, tool) => taken({ command, description, timeout: 600_000, initial_wait: 600 }, tool),
  exec: inJavaScript, // Codex, with newer models
}

/** A program that runs a command and waits for its end. */
function inJavaScript(cmd: string): string {
  return [
    '// @exec: {"yield_time_ms": 600000}',
    `let part = await tools.exec_command(${JSON.stringify({ cmd })})`,
    'let output = part.output',
    'while (part.session_id) {',
    '  part = await tools.write_stdin({ session_id: part.session_id, chars: "", yield_time_ms: 300000 })',
    '  output += part.output',
    '}',
    'text(output)',
  ].join('\n')
}

interface File {
  path: string
  text: string
}

const writers: Readonly<Record<string, Shape<File>>> = {
  Write: ({ path, text }) => ({ file_path: path, content: text }), // Claude Code
  write_file: ({ path, text }) => ({ file_path: path, content: text }), // Gemini
  create: ({ path, text }) => ({ path, file_text: text }), // Copilot
  write: ({ path, text }, { fields }) => ({ [fields?.includes('path') ? 'path' : 'filePath']: path, content: text }), // pi; OpenCode
  apply_patch: (file, { fields }) => (fields ? { input: addition(file) } : addition(file)), // Codex, Copilot
}

/** The call by which an agent that offers these tools does this; undefined where it has no tool for it. */
export function callFor(use: Use, tools: readonly Tool[]): Call | undefined {
  if ('tool' in use) return { name: use.tool, input: use.input }
  if ('run' in use) return called(shells, use.run, tools)
  const file = { path: use.write, text: use.text }
  return called(writers, file, tools) ?? called(shells, printing(file), tools)
}

/** Codex says after half a minute that a command goes on: the calls that wait for those of the last answer. */
export function waitingCalls(asked: Asked): Call[] {
  if (!asked.tools.some(({ name }) => name === 'write_stdin')) return []
  return lastResults(asked).flatMap((text) => {
    const [, session] = /^Process running with session ID (\d+)$/m.exec(text) ?? []
    const input = { session_id: Number(session), chars: '', yield_time_ms: 300_000 }
    return session === undefined ? [] : [{ name: 'write_stdin', input }]
  })
}

function called<Wish>(known: Readonly<Record<string, Shape<Wish>>>, wish: Wish, tools: readonly Tool[]) {
  for (const [name, shape] of Object.entries(known)) {
    const tool = tools.find((offered) => offered.name === name)
    if (tool) return { name, input: shape(wish, tool) }
  }
  return undefined
}

/** A patch that adds a file, as `apply_patch` reads it. */
const addition = ({ path, text }: File) =>
  [
    '*** Begin Patch',
    `*** Add File: ${path}`,
    ...text.replace(/\n$/, '').split('\n').map(plus),
    '*** End Patch',
    '',
  ].join('\n')

const plus = (line: string) => `+${line}`

/** A command that writes a file. */
const printing = ({ path, text }: File) =>
  `mkdir -p "$(dirname ${quoted(path)})" && printf %s ${quoted(text)} > ${quoted(path)}`

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
