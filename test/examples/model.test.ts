// The scripted model, asked over HTTP in each protocol as agents ask, and read by clients that know the wire formats.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, describe, expect, test } from 'vitest'
import { conversationsOver } from '../../examples/model/conversations.ts'
import { heardWithin } from '../../examples/model/heard.ts'
import { parseScript, type Script } from '../../examples/model/script.ts'
import { bounds, type ScriptedModel, scriptedModel } from '../../examples/model/server.ts'
import { agents, eventsIn, type Offer, type Question, type Understood } from './agents.ts'

let model: ScriptedModel
const folders: string[] = []
afterEach(async () => {
  await model?.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

type Name = keyof typeof agents
const names = Object.keys(agents) as Name[]
const shell: Offer = { Bash: ['command', 'description'] }
const open = async (script: Script) => {
  model = await scriptedModel({ script })
}
const hello: Question = { said: [['user', 'Hello']], offer: shell, session: 's1' }

const post = (path: string, body: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(`${model.url}${path}`, { method: 'POST', body, headers, ...(signal ? { signal } : {}) })

const send = (name: Name, question: Question, signal?: AbortSignal) => {
  const { path, body, headers } = agents[name]
  return post(path(question), JSON.stringify(body(question)), headers(question), signal)
}

/** What an agent understands of its answer. */
async function ask(name: Name, question: Question): Promise<Understood> {
  const response = await send(name, question)
  const text = await response.text()
  expect({ status: response.status, text: response.ok ? '' : text }).toEqual({ status: 200, text: '' })
  expect(response.headers.get('content-type')).toBe(question.streams ? 'text/event-stream' : 'application/json')
  return question.streams ? agents[name].events(eventsIn(text)) : agents[name].whole(JSON.parse(text))
}
const text = async (name: Name, question: Question) => (await ask(name, question)).text

const ends = {
  anthropic: { said: 'end_turn', called: 'tool_use' },
  responses: { said: 'completed', called: 'completed' },
  chat: { said: 'stop', called: 'tool_calls' },
  gemini: { said: 'STOP', called: 'STOP' },
}

describe.each(names)('%s', (name) => {
  test.each([false, true])('says, thinks, calls and counts (streams: %s)', async (streams) => {
    await open([
      { run: 'ls', say: 'I look.', think: 'Hm.', usage: { input: 100, cached: 20, output: 3 } },
      { parallel: ['one', { tool: 'Any', input: { deep: [1, { 'a"b': 'é' }] } }] },
      { say: 'Ready.', usage: { cached: 5 } },
    ])
    const first: Question = { ...hello, streams }
    const ls = { name: 'Bash', input: { command: 'ls', description: 'A step of the script' } }
    expect(await ask(name, first)).toEqual({
      thought: 'Hm.',
      text: 'I look.',
      calls: [ls],
      end: ends[name].called,
      usage: { input: 100, cached: 20, output: 3 },
    })
    const second: Question = { ...first, said: [...first.said, ['model', 'I look.'], ['tool', 'a file']] }
    const together = await ask(name, second)
    expect(together).toMatchObject({ thought: '', text: '', end: ends[name].called })
    expect(together.calls).toEqual([
      { name: 'Bash', input: { command: 'one', description: 'A step of the script' } },
      { name: 'Any', input: { deep: [1, { 'a"b': 'é' }] } },
    ])
    const third = await ask(name, second)
    expect(third).toMatchObject({ text: 'Ready.', calls: [], end: ends[name].said, usage: { cached: 5, output: 2 } })
    // Counted from the request, four bytes a token.
    expect(third.usage.input).toBe(Math.ceil(JSON.stringify(agents[name].body(second)).length / 4))
    expect(await ask(name, second)).toMatchObject({ text: 'DONE', end: ends[name].said })
    expect(model.requests.map(({ step }) => step)).toEqual(['step 1', 'step 2', 'step 3', 'over'])
    expect(model.requests[1]).toMatchObject({
      protocol: name,
      lastUser: 'Hello',
      lastResult: 'a file',
      tools: ['Bash'],
    })
  })

  test('errors have the protocol’s own shape, and are given as often as the script says', async () => {
    await open([
      { error: 429, headers: { 'retry-after': '7' }, message: 'slow down', times: 2 },
      { error: 'usage_limit', resetsInS: 90 },
      { error: 'prompt_too_long' },
      { error: 401 },
      { error: 403, body: { mine: true } },
      { error: 529, times: 'always' },
    ])
    const told = []
    for (let n = 0; n < 8; n++) {
      const response = await send(name, hello)
      const limits = [...response.headers].filter(([header]) => /retry|ratelimit/.test(header))
      told.push([response.status, await response.json(), Object.fromEntries(limits)])
    }
    const normal = `${told.map((one) => JSON.stringify(one)).join('\n')}\n`
      .replaceAll(/req_\w+/g, 'req_ID')
      .replaceAll(/\b1[7-9]\d{8}\b/g, 'AT')
    await expect(normal).toMatchFileSnapshot(`answers/${name}.errors.jsonl`)
  })

  test('a stream can be cut, fail or hang in its middle; after that the script goes on', async () => {
    await open([
      { say: 'never whole', breaks: 'cut' },
      { say: 'never whole', breaks: { error: 'overloaded_error' } },
      { say: 'never whole', breaks: 'hang' },
      { say: 'whole' },
    ])
    const question: Question = { ...hello, streams: true }
    const reading = async (response: Response) => {
      let read = ''
      const decoder = new TextDecoder()
      try {
        for await (const part of response.body ?? []) read += decoder.decode(part)
        return { read, broke: false }
      } catch {
        return { read, broke: true }
      }
    }
    const cut = await reading(await send(name, question))
    expect(cut.broke).toBe(true)
    expect(cut.read).not.toMatch(/message_stop|response\.completed|\[DONE\]|"STOP"/)
    expect(eventsIn(cut.read).length).toBeGreaterThan(0)
    expect(model.requests[0]?.leftEarly).toBe(true)

    const failed = await reading(await send(name, question))
    expect(failed.broke).toBe(false)
    expect(eventsIn(failed.read).slice(0, eventsIn(cut.read).length)).toHaveLength(eventsIn(cut.read).length)
    expect(JSON.stringify(eventsIn(failed.read).at(-1))).toContain('overloaded_error')

    const hangup = new AbortController()
    const hanging = await send(name, question, hangup.signal)
    const first = await hanging.body?.getReader().read()
    expect(first?.value?.length).toBeGreaterThan(0)
    expect(model.requests[2]).not.toHaveProperty('leftEarly')
    hangup.abort()
    await expect.poll(() => model.requests[2]?.leftEarly).toBe(true)

    expect(await text(name, question)).toBe('whole')
  })

  test('the events of a stream are those of the service', async () => {
    await open([{ run: 'ls', say: 'I look.', think: 'Hm.', usage: { input: 100, cached: 20, output: 3 } }])
    const stream = await (await send(name, { ...hello, streams: true })).text()
    const normal = stream
      .replaceAll(/\b(msg|toolu|resp|rs|fc|call|chatcmpl)([_-])[0-9a-f]{24}/g, '$1$2ID')
      .replaceAll(/"[0-9a-f]{24}"/g, '"ID"')
      .replaceAll(/("created(_at)?"):\d+/g, '$1:0')
    await expect(normal).toMatchFileSnapshot(`answers/${name}.events.txt`)
  })

  test('requests beside the work take no step: without tools, by a schema, for a summary', async () => {
    await open(['work'])
    const { offer: _, ...bare } = hello
    expect(await text(name, bare)).toBe('Scripted work')
    const schema = { type: 'object', properties: { title: { type: 'string' }, level: { enum: ['low'] } } }
    expect(JSON.parse(await text(name, { ...bare, schema }))).toEqual({ title: 'scripted', level: 'low' })
    const summary = 'Your task is to create a detailed summary of the conversation so far'
    expect(await text(name, { ...hello, said: [...hello.said, ['user', summary]] })).toMatch(/^<summary>/)
    expect(model.requests.map(({ step }) => step)).toEqual(['aside', 'aside', 'aside'])
    expect((await ask(name, hello)).calls).toHaveLength(1)
  })

  test('a request that is none is refused in the protocol’s own shape', async () => {
    await open([])
    const path = agents[name].path(hello)
    const refusal = async (body: string, headers = {}) => {
      const response = await post(path, body, headers)
      const { error } = (await response.json()) as { error: { message: string; code?: unknown; type?: string } }
      return `${response.status} ${error.message}`
    }
    const { messages: _, input: __, contents: ___, ...bare } = agents[name].body(hello) as Record<string, unknown>
    expect(await refusal('{"mess')).toMatch(/^400 the body is no JSON: /)
    expect(await refusal(JSON.stringify(bare))).toMatch(/^400 (messages|input|contents): Invalid input/)
    expect(await refusal('[]')).toMatch(/^400 Invalid input: expected object/)
    expect(await refusal('{}', { 'content-encoding': 'zstd' })).toBe('400 a body is read as it is, not as zstd')
    expect(model.requests.map(({ status, step }) => [status, step])).toEqual(Array(4).fill([400, undefined]))
    expect(model.requests[0]?.refused).toMatch(/no JSON/)
  })
})

test('a body beyond the bound is refused once it is through, and nothing of it is kept', async () => {
  await open([])
  const response = await post('/v1/messages', ' '.repeat(bounds.bodyBytesMax + 1))
  expect([response.status, await response.json()]).toMatchObject([413, { error: { type: 'request_too_large' } }])
})

test('other questions of agents are answered too; what is nowhere is not found', async () => {
  await open([])
  expect((await fetch(`${model.url}/`, { method: 'HEAD' })).status).toBe(200)
  expect(await (await fetch(`${model.url}/v1/models`)).json()).toMatchObject({ data: [{ id: 'scripted' }] })
  expect(await (await post('/v1/messages/count_tokens', '12345678')).json()).toEqual({ input_tokens: 2 })
  expect(await (await post('/v1beta/models/x:countTokens', '12345678')).json()).toEqual({ totalTokens: 2 })
  expect((await post('/api/else', '{}')).status).toBe(404)
  expect(model.requests.map(({ method, path, status }) => `${method} ${path} ${status}`).at(-1)).toBe(
    'POST /api/else 404',
  )
})

test('Gemini’s stream without `alt=sse` is one JSON array', async () => {
  await open([{ say: 'Hi' }])
  const path = '/v1beta/models/gemini-x:streamGenerateContent'
  const chunks = await (await post(path, JSON.stringify(agents.gemini.body(hello)))).json()
  expect(agents.gemini.events((chunks as object[]).map((data) => ({ event: undefined, data })))).toMatchObject({
    text: 'Hi',
    end: 'STOP',
  })
})

test('chat’s stream counts tokens only when it was asked to', async () => {
  await open([{ say: 'Hi' }])
  const { stream_options: _, ...body } = agents.chat.body({ ...hello, streams: true }) as Record<string, unknown>
  expect(await (await post('/v1/chat/completions', JSON.stringify(body))).text()).not.toContain('usage')
})

test('a full context is told to a stream of responses in the stream', async () => {
  await open([{ error: 'prompt_too_long' }])
  const [failed] = eventsIn(await (await send('responses', { ...hello, streams: true })).text())
  expect(failed).toMatchObject({
    event: 'response.failed',
    data: { response: { error: { code: 'context_length_exceeded' } } },
  })
})

test('a long answer comes in pieces, one after the other; its headers and its delay are the step’s', async () => {
  await open([{ say: 'end', stream: { pieces: 3, pauseMs: 5 }, delayMs: 20, headers: { 'x-mine': 'yes' } }])
  const begun = performance.now()
  const response = await send('chat', { ...hello, streams: true })
  expect(performance.now() - begun).toBeGreaterThanOrEqual(19)
  expect(response.headers.get('x-mine')).toBe('yes')
  const parts = []
  for await (const part of response.body ?? []) parts.push(new TextDecoder().decode(part))
  expect(parts.length).toBeGreaterThan(1)
  expect(agents.chat.events(eventsIn(parts.join(''))).text).toBe('Piece 1 of 3. Piece 2 of 3. Piece 3 of 3. end')
})

describe('conversations', () => {
  const script = ['one', 'two', 'three']
  const step = async (name: Name, question: Question) => {
    await send(name, question)
    return model.requests.at(-1)?.step
  }
  const begun = (words: string): Question => ({ said: [['user', words]], offer: shell })
  const resumed = (words: string): Question => ({
    said: [...begun(words).said, ['model', 'ok'], ['user', 'go on']],
    offer: shell,
  })

  test('are told apart by the session that the agent names, whatever was said', async () => {
    await open(script)
    for (const name of ['anthropic', 'responses', 'chat'] as const) {
      expect(await step(name, { ...begun('A'), session: `${name} 1` })).toBe('step 1')
      expect(await step(name, { ...begun('A'), session: `${name} 2` })).toBe('step 1')
      // A resumed conversation goes on, be it with other words or a history cut short.
      expect(await step(name, { ...resumed('B'), session: `${name} 1` })).toBe('step 2')
      expect(await step(name, { ...begun('C'), session: `${name} 1` })).toBe('step 3')
    }
    const user_id = JSON.stringify({ device_id: 'd', session_id: 'anthropic 2' })
    await post('/v1/messages', JSON.stringify({ ...agents.anthropic.body(begun('A')), metadata: { user_id } }))
    expect(model.requests.at(-1)).toMatchObject({ conversation: 'anthropic 2', step: 'step 2' })
  })

  test('without one by how they begin; the same beginning again is a new conversation', async () => {
    await open(script)
    for (const name of names) {
      expect(await step(name, begun(`A ${name}`))).toBe('step 1')
      expect(await step(name, begun(`B ${name}`))).toBe('step 1')
      expect(await step(name, resumed(`A ${name}`))).toBe('step 2')
      expect(await step(name, begun(`A ${name}`))).toBe('step 1')
    }
  })

  test('of Gemini CLI stay the same when it is resumed on another day, in a folder with other files', async () => {
    await open(script)
    const told = (day: string, files: string) =>
      [
        '<session_context>\nThis is the Gemini CLI.',
        `Today's date is ${day}`,
        '- **Workspace Directories:**\n  - /a/folder',
        `- **Directory Structure:**\n\n${files}\n`,
        '</session_context>',
      ].join('\n')
    expect(await step('gemini', begun(told('Monday', 'a.txt')))).toBe('step 1')
    expect(await step('gemini', resumed(told('Tuesday', 'a.txt\nb.txt')))).toBe('step 2')
    const elsewhere = told('Monday', 'a.txt').replace('/a/folder', '/another')
    expect(await step('gemini', begun(elsewhere))).toBe('step 1')
  })

  test('that were answered with an error go on when the agent asks again', async () => {
    await open([{ error: 529 }, { say: 'x', breaks: { error: 'overloaded' } }, { say: 'ok' }])
    expect([await step('gemini', begun('A')), await step('gemini', begun('A'))]).toEqual(['step 1', 'step 2'])
    expect(await step('gemini', begun('A'))).toBe('step 3')
  })

  test('take the first rule that their text meets; each rule is followed from its beginning', async () => {
    await open([
      { match: 'mend\\s+it', script: [{ say: 'mending' }] },
      { match: 'Hello', script: [{ say: 'one' }, { say: 'two' }] },
      { match: 'told by a tool', script: [{ say: 'heard' }] },
    ])
    const said = hello.said
    expect(await text('anthropic', hello)).toBe('one')
    expect(await text('anthropic', { ...hello, said: [...said, ['user', 'please mend  it']] })).toBe('mending')
    expect(await text('anthropic', hello)).toBe('two')
    expect(await text('anthropic', { ...hello, said: [['tool', 'told by a tool']] })).toBe('heard')
    expect(await text('anthropic', { ...hello, said: [['user', 'else']] })).toBe('DONE')
    // The model's own words, and the system's, choose nothing.
    expect(
      await text('anthropic', {
        ...hello,
        said: [
          ['user', 'x'],
          ['model', 'mend it'],
        ],
        system: 'Hello',
      }),
    ).toBe('DONE')
    expect(model.requests.at(-1)).toMatchObject({ system: 'Hello', step: 'over' })
  })

  test('of agents without tools take steps where the rule says so', async () => {
    await open([{ withoutTools: true, script: [{ say: 'an edit' }] }])
    expect(await text('chat', { said: [['user', 'edit']] })).toBe('an edit')
    expect(await text('chat', { said: [['user', 'edit\n\n# Diffs:\ndiff']] })).toBe('Scripted work')
  })

  test('begin anew with another script', async () => {
    await open(script)
    await ask('anthropic', hello)
    model.setScript([{ say: 'other' }])
    expect(await text('anthropic', hello)).toBe('other')
    expect(() => model.setScript([{ say: 1 }] as never)).toThrow('step 1: say')
    expect(await text('anthropic', hello)).toBe('DONE')
  })
})

test('a command that goes on when its tool has answered is waited for', async () => {
  await open(['one', { say: 'two' }])
  const question: Question = { ...hello, offer: { exec_command: ['cmd'], write_stdin: ['session_id'] } }
  await ask('responses', question)
  const running = 'Wall time: 30 seconds\nProcess running with session ID 7\nOutput:\n'
  const wait = { name: 'write_stdin', input: { session_id: 7, chars: '', yield_time_ms: 300_000 } }
  const later: Question = { ...question, said: [...question.said, ['model', ''], ['tool', running]] }
  expect((await ask('responses', later)).calls).toEqual([wait])
  expect((await ask('responses', later)).calls).toEqual([wait])
  expect(await text('responses', { ...later, said: [...later.said, ['model', ''], ['tool', 'over']] })).toBe('two')
  expect(model.requests.map(({ step }) => step)).toEqual(['step 1', 'waiting', 'waiting', 'step 2'])
})

test('tools that Codex offers in its input, in groups, are found', async () => {
  await open(['ls'])
  const tools = [{ type: 'namespace', name: 'functions', tools: [{ type: 'custom', name: 'exec' }] }]
  const input = [
    { type: 'additional_tools', role: 'developer', tools },
    { role: 'user', content: 'Hello' },
  ]
  await post('/v1/responses', JSON.stringify({ model: 'x', input }))
  expect(model.requests[0]).toMatchObject({ tools: ['exec'], step: 'step 1', lastUser: 'Hello' })
})

test('an agent that has none for a step is told so in words', async () => {
  await open(['ls'])
  expect(await text('anthropic', { ...hello, offer: { Look: [] } })).toBe(
    'No tool here does {"run":"ls"}. This agent offers Look; tools.ts knows which to use.',
  )
})

test('a script that cannot be followed is refused, and the step is named', async () => {
  const wrong = async (script: unknown) =>
    scriptedModel({ script: script as Script }).then(
      () => 'taken',
      (error: Error) => error.message,
    )
  expect(await wrong({})).toBe('a script is a list of steps, or of rules { match, script }')
  expect(await wrong(['ls', { runs: 'ls' }])).toBe(
    'step 2 has one of run, write, tool, parallel, say, error, or is a command; this one has {"runs":"ls"}',
  )
  expect(await wrong([{ run: 'ls', error: 401 }])).toMatch(/^step 1 has one of .*; this one has run and error$/)
  expect(await wrong([{ run: 'ls', delay: 5 }])).toBe('step 1: Unrecognized key: "delay"')
  expect(await wrong([{ error: 200 }])).toMatch(/^step 1: error: /)
  expect(await wrong([null])).toMatch(/^step 1 has one of/)
  expect(await wrong([{ parallel: ['a', { say: 'b' }] }])).toMatch(/^step 1, call 2 has one of run, write, tool,/)
  expect(await wrong([{ script: [''] }])).toMatch(/^rule 1, step 1: run: Too small/)
  expect(await wrong([{ script: [] }, 'ls'])).toBe('a list of rules has rules only; its part 2 has no `script`')
  expect(await wrong([{ match: '(', script: [] }])).toMatch(/^rule 1: match is no regular expression: /)
})

test('what was asked is kept within bounds, the oldest goes first', () => {
  const heard = heardWithin({ entriesMax: 3, charsMax: 10 })
  const add = (path: string, words: string) => {
    const entry = heard.add({ at: 0, method: 'POST', path, protocol: 'chat' })
    const turns = [{ who: 'user', text: words }] as const
    heard.tell(entry, { session: 's', model: 'm', turns, tools: [], streams: false }, 's', 'over')
  }
  for (const path of ['1', '2', '3', '4']) add(path, 'xx')
  expect(heard.entries.map(({ path }) => path)).toEqual(['2', '3', '4'])
  add('5', 'xxxxxxx')
  expect(heard.entries.map(({ path }) => path)).toEqual(['4', '5'])
  add('6', 'x'.repeat(20))
  expect(heard.entries.map(({ path }) => path)).toEqual(['6'])
})

test('the conversation that was silent longest is forgotten when there are more than a thousand', () => {
  const { take } = conversationsOver(parseScript(['one', 'two', 'three']))
  const asked = (session: string) => {
    const turns = [{ who: 'user', text: 'Hello' }] as const
    const tools = [{ name: 'Bash', fields: [] }]
    return take({ session, model: 'm', turns, tools, streams: false }).step
  }
  const name = (step: ReturnType<typeof asked>) => (typeof step === 'string' ? step : step.name)
  for (let n = 0; n < 1000; n++) asked(`${n}`)
  expect(name(asked('0'))).toBe('step 2')
  asked('one more')
  expect(name(asked('0'))).toBe('step 3')
  expect(name(asked('1'))).toBe('step 1')
})

test('a body made to exhaust whoever reads it is refused, and the next one is answered', async () => {
  await open([{ say: 'well' }])
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const content = `[{"type":"tool_result","content":${deep}}]`
  const body = `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":${content}}]}`
  expect((await post('/v1/messages', body)).status).toBeGreaterThanOrEqual(400)
  expect(await text('anthropic', hello)).toBe('well')
})

test('it listens on loopback only', async (context) => {
  const other = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  const address = other.find(({ internal, family }) => !internal && family === 'IPv4')?.address
  if (!address) return context.skip('this machine has no other address')
  await open([])
  await expect(fetch(model.url.replace('127.0.0.1', address))).rejects.toThrow()
})

test('run by itself, it follows the script in a file and says where it is', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'model-'))
  folders.push(dir)
  const server = join(import.meta.dirname, '../../examples/model/server.ts')
  const run = (script: string) => {
    writeFileSync(join(dir, 'script.json'), script)
    return spawn(process.execPath, [server, '--script', 'script.json'], { cwd: dir })
  }
  const good = run('[{"say":"from a file"}]')
  try {
    const [line] = await once(good.stdout.setEncoding('utf8'), 'data')
    const url = /^scripted model at (http:\S+)\n$/.exec(line)?.[1]
    const body = JSON.stringify(agents.chat.body(hello))
    expect(await (await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })).text()).toContain('from a file')
  } finally {
    good.kill()
  }
  const bad = run('[{"say":3}]')
  const [words] = await once(bad.stderr.setEncoding('utf8'), 'data')
  expect(words).toMatch(/^scripted model: step 1: say: /)
  if (bad.exitCode === null) await once(bad, 'exit')
  expect(bad.exitCode).toBe(1)
})
