// How the scripted model calls each agent's own tools.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { callFor } from '../../examples/model/tools.ts'

/** The tools by their names, with the fields each takes; none for one that takes a text. */
const offering = (offer: Readonly<Record<string, readonly string[] | undefined>>) =>
  Object.entries(offer).map(([name, fields]) => ({ name, fields }))

test('each agent’s shell is called as it wants to be', () => {
  const run = (name: string, fields?: readonly string[]) =>
    callFor({ run: 'ls' }, offering({ Else: [], [name]: fields }))
  const input = (name: string, fields: readonly string[]) => run(name, fields)?.input
  const description = 'A step of the script'
  const timeout = 600_000
  expect(run('Bash', ['command'])?.name).toBe('Bash')
  expect(input('Bash', ['command', 'description', 'timeout'])).toEqual({ command: 'ls', description, timeout })
  expect(input('bash', ['command', 'initial_wait'])).toEqual({ command: 'ls', initial_wait: 600 })
  expect(input('bash', ['command', 'timeout'])).toEqual({ command: 'ls', timeout })
  expect(input('run_shell_command', ['command', 'description'])).toEqual({ command: 'ls', description })
  expect(input('shell_command', ['command', 'timeout_ms'])).toEqual({ command: 'ls', timeout_ms: timeout })
  expect(input('exec_command', ['cmd', 'yield_time_ms'])).toEqual({ cmd: 'ls', yield_time_ms: 30_000 })
  expect(run('another', ['command'])).toBeUndefined()
})

test('where tools are called by a program, it waits for the command’s end', async () => {
  const call = callFor({ run: 'ls' }, offering({ exec: undefined }))
  const told: unknown[] = []
  const left = [{ output: 'a', session_id: 7 }, { output: 'b', session_id: 7 }, { output: 'c' }]
  const tool = (name: string) => async (input: object) => {
    told.push({ name, ...input })
    return left.shift()
  }
  const tools = { exec_command: tool('exec_command'), write_stdin: tool('write_stdin') }
  const program = new Function('tools', 'text', `return (async () => {\n${call?.input}\n})()`)
  await program(tools, (text: string) => told.push(text))
  const wait = { name: 'write_stdin', session_id: 7, chars: '', yield_time_ms: 300_000 }
  expect(told).toEqual([{ name: 'exec_command', cmd: 'ls' }, wait, wait, 'abc'])
})

test('each agent’s way to write a file is used', () => {
  const content = 'x\ny\n'
  const write = (name: string, fields?: readonly string[]) =>
    callFor({ write: 'a/b', text: content }, offering({ Bash: [], bash: [], [name]: fields }))
  const patch = '*** Begin Patch\n*** Add File: a/b\n+x\n+y\n*** End Patch\n'
  expect(write('Write', [])).toEqual({ name: 'Write', input: { file_path: 'a/b', content } })
  expect(write('write_file', [])).toEqual({ name: 'write_file', input: { file_path: 'a/b', content } })
  expect(write('create', [])).toEqual({ name: 'create', input: { path: 'a/b', file_text: content } })
  expect(write('write', ['path'])).toEqual({ name: 'write', input: { path: 'a/b', content } })
  expect(write('write', ['filePath'])).toEqual({ name: 'write', input: { filePath: 'a/b', content } })
  expect(write('apply_patch')).toEqual({ name: 'apply_patch', input: patch })
  expect(write('apply_patch', ['input'])).toEqual({ name: 'apply_patch', input: { input: patch } })
})

test('without such a tool the shell writes it, whatever is in it', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'model-'))
  try {
    const file = { write: "it's/a $HOME `x`.txt", text: 'a\'b"c\\n%s\n$(id)\n' }
    const call = callFor(file, offering({ bash: ['command'] }))
    execFileSync('bash', ['-c', (call?.input as { command: string }).command], { cwd })
    expect(readFileSync(join(cwd, file.write), 'utf8')).toBe(file.text)
  } finally {
    rmSync(cwd, { recursive: true })
  }
})
