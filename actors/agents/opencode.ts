// OpenCode: one `opencode serve` a session, on a port of loopback with a password, where a person may join it with
// `opencode attach`. Tried with 1.18.
// Never: waits in a turn for an allowance to come back, as OpenCode does by itself; that turn is stopped, and told as
// over.
import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { letIn, shut } from './attach.ts'
import type { Agent, Driver } from './driver.ts'
import { type Fact, short } from './evidence.ts'
import { type Server, serverAt } from './http.ts'
import { onWhat } from './on-what.ts'
import { type Failure, type Part, type Status, type Tokens, words } from './opencode-words.ts'
import { preset } from './preset.ts'
import { inOrder, speakWith } from './program.ts'

const username = 'opencode'
/** All is allowed to it but to ask, for nobody is there who would answer. */
const variables = {
  OPENCODE_PERMISSION: JSON.stringify({ '*': 'allow', question: 'deny' }),
  OPENCODE_DISABLE_AUTOUPDATE: '1',
  OPENCODE_SERVER_USERNAME: username,
}
/** Its own pauses are shorter, in milliseconds: a longer one is what the service asks for, when an allowance is used up. */
const pauseMsMax = 60_000
/** The next words are handed over then, in milliseconds, though nothing was heard of the last. */
const takesWithinMs = 60_000

const drive: Driver = (run, tell): Agent => {
  const password = randomBytes(24).toString('base64url')
  const env = { ...run.env, ...variables, OPENCODE_SERVER_PASSWORD: password }
  const argv = [...run.argv, 'serve', '--hostname', '127.0.0.1', '--port', '0']
  const address = Promise.withResolvers<string>()
  const program = speakWith(
    { cwd: run.cwd, argv, env },
    () => undefined,
    tell,
    (line) => {
      const [, url] = /^opencode server listening on (http:\/\/127\.0\.0\.1:\d+)\s*$/.exec(line) ?? []
      if (url) address.resolve(url)
      return url !== undefined
    },
  )
  let isGone = false
  void program.over.then(() => {
    isGone = true
    shut(run.dir)
    address.reject(new Error('it is gone'))
  })
  let server: Server | undefined
  /** Known before it is resumed. */
  let session = run.resumed ? run.conversation : ''
  let isOn = false
  /** Why the turn that is on ends badly. */
  let trouble: { end: End; why: string } | undefined
  /** Words that were handed over and that it does not have yet; then those that it has, by its own name for them. */
  const handed = new Map<string, () => void>()
  const has = new Map<string, { id: string; isDelivered: boolean }>()
  const running = new Set<string>()
  const models = new Map<string, string>()
  let windows: Promise<ReadonlyMap<string, number>> | undefined
  let lastSaid = ''

  /** What is asked of it, one after the other: words that come after a stop are not stopped. */
  const next = inOrder(begin().catch(failed))

  return {
    say: (id, text) => next(() => handOver(id, text)),
    interrupt: () => next(stop),
    async end(graceMs) {
      const bound = program.within(graceMs)
      // A tool that it is at ends with the turn, and not with the program.
      if (isOn) await Promise.race([stop(), bound])
      program.signal('SIGTERM')
      // Where a person has joined it, it goes on all the same.
      await program.within(graceMs / 2)
      program.signal('SIGKILL')
      await bound
    },
    over: program.over,
  }

  async function begin(): Promise<void> {
    const url = await address.promise
    server = serverAt(url, `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`)
    const { over } = await server.listen('/event', hear)
    // Nobody hears it any more: it is as good as gone.
    void over.then(() => program.signal('SIGTERM'))
    const { version } = z.looseObject({ version: z.string() }).parse(await server.ask('GET', '/global/health'))
    const itself = run.resumed
      ? await server.ask('GET', `/session/${session}`)
      : await server.ask('POST', '/session', {})
    session = z.looseObject({ id: z.string() }).parse(itself).id
    const config = z.looseObject({ model: z.string().default('') }).parse(await server.ask('GET', '/config'))
    letIn(run.dir, {
      argv: [...run.argv, 'attach', url, '--session', session, '--dir', run.cwd],
      env: { OPENCODE_SERVER_USERNAME: username, OPENCODE_SERVER_PASSWORD: password },
    })
    tell({ what: 'started', conversation: session, version: short(version), model: short(run.model ?? config.model) })
  }

  /** There is no conversation: it is told why, and that it has ended. */
  function failed(error: Error): void {
    if (isGone) return
    tell({ what: 'noise', text: short(error.message) })
    program.signal('SIGTERM')
  }

  /** Begins a turn; while one is on, the words join it, after the tools that it is at. */
  async function handOver(id: string, text: string): Promise<void> {
    if (!server) return
    const isTaken = new Promise<void>((resolve) => handed.set(id, resolve))
    const [providerID, ...modelID] = run.model?.split('/') ?? []
    try {
      await server.ask('POST', `/session/${session}/prompt_async`, {
        parts: [{ id: nameOf(id), type: 'text', text }],
        ...(run.role ? { system: run.role } : {}),
        ...(providerID ? { model: { providerID, modelID: modelID.join('/') } } : {}),
        ...(run.effort ? { variant: run.effort } : {}),
      })
      // It says yes at once, and takes them when it comes to it: not in the order in which it was asked.
      const late = new Promise((resolve) => setTimeout(resolve, takesWithinMs).unref())
      await Promise.race([isTaken, program.over, late])
    } catch (error) {
      if (isGone) return
      handed.delete(id)
      tell({ what: 'noise', text: short((error as Error).message) })
      tell({ what: 'message', id, state: 'dropped' })
    }
  }

  /** A turn that is over by then is no trouble. */
  async function stop(): Promise<void> {
    if (isOn || has.size > 0) await server?.ask('POST', `/session/${session}/abort`, {}).catch(() => undefined)
  }

  function hear(said: unknown): void {
    const { data } = words.safeParse(said)
    if (!data) return
    // What it has other agents do for it is its own work, but they have turns and words of their own.
    const isItself = data.properties.sessionID === session
    if (data.type === 'message.part.updated') heardPart(data.properties.part, isItself)
    if (data.type === 'message.updated') {
      const { info, sessionID } = data.properties
      if (info.role === 'assistant') models.set(sessionID, `${info.providerID ?? ''}/${info.modelID ?? ''}`)
      if (info.role === 'assistant' && info.parentID && isItself) heardAnswerTo(info.parentID)
    }
    if (!isItself) return
    if (data.type === 'session.status') heardStatus(data.properties.status)
    if (data.type === 'session.error' && data.properties.error) heardError(data.properties.error)
    if (data.type === 'session.compacted') tell({ what: 'compacted' })
  }

  /** An answer is begun to the last of the words that it has, and with it to those before; its names are in order. */
  function heardAnswerTo(last: string): void {
    for (const [name, one] of has) {
      if (one.isDelivered || name > last) continue
      one.isDelivered = true
      tell({ what: 'message', id: one.id, state: 'delivered' })
    }
  }

  function heardPart(one: Part, isItself: boolean): void {
    for (const [id, isTaken] of handed) {
      if (nameOf(id) !== one.id) continue
      isTaken()
      handed.delete(id)
      has.set(one.messageID, { id, isDelivered: false })
      tell({ what: 'message', id, state: 'taken' })
    }
    if (one.type === 'text' && one.time?.end && one.text?.trim() && isItself && one.id !== lastSaid) {
      lastSaid = one.id
      tell({ what: 'said', text: short(one.text) })
    }
    if (one.type === 'tool' && one.state) heardTool(one.id, one.tool ?? '', one.state)
    if (one.type === 'step-finish' && one.tokens) heardUsage(one, one.tokens, isItself)
  }

  function heardTool(id: string, name: string, state: { status: string; input: unknown }): void {
    if (state.status === 'running' && !running.has(id)) {
      running.add(id)
      tell({ what: 'tool_began', id, name: short(name, 100), on: onWhat(state.input) })
    }
    if (['completed', 'error'].includes(state.status) && running.delete(id)) tell({ what: 'tool_over', id })
  }

  function heardUsage(one: Part, { input, output, reasoning, cache }: Tokens, isItself: boolean): void {
    const model = models.get(one.sessionID) ?? ''
    const used = { input: input + cache.write, output: output + reasoning, cached: cache.read }
    // It says 0 of a model whose price it does not know.
    tell({ what: 'usage', id: one.id, model: short(model), ...used, cost: one.cost || null })
    if (!isItself) return
    windows ??= windowsOf(server)
    void windows.then((all) => {
      const window = all.get(model)
      if (window) tell({ what: 'context', used: used.input + used.cached + used.output, window })
    })
  }

  function heardStatus({ type, message: why, next: at }: Status): void {
    if (type === 'idle') {
      if (isOn) turnOver(trouble ?? { end: 'done', why: '' })
      return
    }
    if (!isOn) tell({ what: 'turn_began' })
    isOn = true
    if (type !== 'retry') return
    const inMs = at ? Math.max(0, at - Date.now()) : null
    tell({ what: 'retrying', status: null, inMs, why: short(why) })
    if (!at || !inMs || inMs <= pauseMsMax) return
    tell({ what: 'limited', until: at, window: '' })
    trouble = { end: 'limited', why }
    next(stop)
  }

  function heardError(error: Failure): void {
    trouble ??= { end: endOf(error), why: error.data.message || error.name }
    // It did not come as far as to begin a turn.
    if (!isOn && handed.size > 0) turnOver(trouble)
    else if (!isOn) trouble = undefined
  }

  function turnOver({ end, why }: { end: End; why: string }): void {
    if (!isOn)
      for (const [id, isTaken] of handed) {
        isTaken()
        handed.delete(id)
        tell({ what: 'message', id, state: 'dropped' })
      }
    isOn = false
    trouble = undefined
    for (const [name, { id, isDelivered }] of has) {
      // What it has stays in the conversation, whatever became of the turn: it is delivered with the next words.
      if (isDelivered) has.delete(name)
      if (isDelivered && end === 'done') tell({ what: 'message', id, state: 'answered' })
    }
    tell({ what: 'turn_over', end, why: short(why) })
  }
}

type End = (Fact & { what: 'turn_over' })['end']

/** The name of the part of a message that has these words. */
const nameOf = (id: string) => `prt_${id.replaceAll('-', '')}`

function endOf({ name, data: { message, statusCode } }: Failure): End {
  if (name === 'MessageAbortedError') return 'interrupted'
  if (name === 'ContextOverflowError') return 'overlong'
  if (statusCode === 429) return 'limited'
  const isRefused = name === 'ProviderAuthError' || [401, 402, 403, 404].includes(statusCode ?? 0)
  // Of a model that is not there it speaks in words alone.
  return isRefused || /^(ProviderModelNotFoundError|Model not found)/.test(message) ? 'refused' : 'failed'
}

/** How much context each model has that it knows; none when it does not say. */
async function windowsOf(server: Server | undefined): Promise<ReadonlyMap<string, number>> {
  const model = z.looseObject({ limit: z.looseObject({ context: z.int() }) })
  const provider = z.looseObject({ id: z.string(), models: z.record(z.string(), model) })
  const known = z.looseObject({ providers: z.array(provider) })
  const { data } = known.safeParse(await server?.ask('GET', '/config/providers').catch(() => undefined))
  const of = ({ id, models }: z.infer<typeof provider>) =>
    Object.entries(models).map(([name, { limit }]) => [`${id}/${name}`, limit.context] as const)
  return new Map(data?.providers.flatMap(of))
}

export default preset({
  name: 'opencode',
  about: 'OpenCode, by its server, which a person may join',
  program: 'opencode',
  from: 'npm install --global opencode-ai',
  tried: { from: '1.18', below: '1.19' },
  keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENROUTER_API_KEY'],
  passes: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENROUTER_API_KEY', 'OPENCODE_CONFIG', 'OPENCODE_CONFIG_CONTENT'],
  launch: ({ worker }) => ({ argv: worker ?? ['opencode'] }),
  drive,
  resumeByHand: (conversation) => ['--session', conversation],
  limits: [
    'it tries again without an end while its service does not answer: only `retrying` tells of it',
    'a context that is full it makes shorter by itself, again and again where that does not help',
    'words that were taken in a turn that was stopped are delivered with the next words',
    'a tool that it was at goes on when it is killed',
  ],
})
