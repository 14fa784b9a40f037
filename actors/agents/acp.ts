// The Agent Client Protocol, version 1, over standard input and output: what its presets have in common. One process a
// session, one prompt at a time: a second one would cancel the first in some agents, so words wait for the turn's end.
// Of the protocol six methods are used, and they are written here: its official library costs the supervisor 10 MB,
// reads lines by itself, and drops a message whole where one field is not as its version of the schema has it.
// Never: tells that words were delivered before the agent does something about them.
import { z } from 'zod'
import type { Agent, Driver, Run } from './driver.ts'
import { short } from './evidence.ts'
import { onWhat } from './on-what.ts'
import { type Spoken, speakWith } from './program.ts'
import { type Trouble, troubleIn } from './trouble.ts'

/** What one agent has of its own. */
export interface Dialect {
  /** What follows the program's own words. */
  argv(run: Run): string[]
  env(run: Run): Record<string, string>
  /** It is told of its role by these; else by the first words of a conversation. */
  tellsRole: boolean
  /** An error or a word that it tells among the words of its model; undefined: it is the model's. */
  aside?(said: string): { error: string } | { retries: string } | undefined
  /** Resolves when it can be started; for one that cannot go on at any time. */
  ready?(run: Run): Promise<void>
  /** The tokens that it tells are those of the conversation since its process began, not of the turn. */
  sumsTokens?: true
}

const text = z.string().default('')
const count = z.number().default(0)
const tokens = z.looseObject({ inputTokens: count, outputTokens: count, cachedReadTokens: count })
const quota = z.looseObject({
  quota: z.looseObject({
    model_usage: z.array(
      z.looseObject({ model: text, token_count: z.looseObject({ input_tokens: count, output_tokens: count }) }),
    ),
  }),
})
const initialized = z.looseObject({
  agentInfo: z.looseObject({ version: text }).optional(),
  agentCapabilities: z
    .looseObject({ sessionCapabilities: z.looseObject({ resume: z.unknown().optional() }).optional() })
    .optional(),
})
const session = z.looseObject({
  sessionId: z.string().optional(),
  models: z.looseObject({ currentModelId: text }).optional(),
  configOptions: z
    .array(z.looseObject({ id: text, currentValue: z.unknown().optional() }))
    .optional()
    .catch(undefined),
})
const over = z.looseObject({
  stopReason: text,
  usage: tokens.nullish().catch(undefined),
  _meta: quota.nullish().catch(undefined),
})
const failure = z.looseObject({
  code: count,
  message: text,
  data: z.looseObject({ details: text }).optional().catch(undefined),
})

/** What is understood of its words; all else is passed over. */
const answer = z.looseObject({ id: z.number(), result: z.unknown().optional(), error: failure.optional() })
const question = z.looseObject({
  id: z.union([z.number(), z.string()]),
  method: z.string(),
  params: z.unknown().optional(),
})
const permission = z.looseObject({ options: z.array(z.looseObject({ optionId: z.string(), kind: text })) })
const update = z.looseObject({
  method: z.literal('session/update'),
  params: z.looseObject({
    update: z.discriminatedUnion('sessionUpdate', [
      z.looseObject({
        sessionUpdate: z.literal('agent_message_chunk'),
        content: z.looseObject({ text }),
      }),
      z.looseObject({ sessionUpdate: z.literal('agent_thought_chunk') }),
      z.looseObject({
        sessionUpdate: z.literal('tool_call'),
        toolCallId: z.string(),
        title: text,
        kind: text,
        rawInput: z.unknown().optional(),
      }),
      z.looseObject({ sessionUpdate: z.literal('tool_call_update'), toolCallId: z.string(), status: text.nullish() }),
      z.looseObject({ sessionUpdate: z.literal('usage_update'), used: z.int(), size: z.int() }),
    ]),
  }),
})
type Update = z.infer<typeof update>['params']['update']

const clientInfo = { name: 'gastown', version: '0' }
const clientCapabilities = { fs: { readTextFile: false, writeTextFile: false }, terminal: false }
/** An agent tells a conversation again that it loads, also after it has said that it is loaded: until it is silent. */
const silenceMs = 500
/** Characters of what a model says that are put together. */
const saidMax = 4000

export const acp =
  (dialect: Dialect): Driver =>
  (run, tell) =>
    conversation(dialect, run, tell)

function conversation(dialect: Dialect, run: Run, tell: Parameters<Driver>[1]): Agent {
  const program = speakWith(
    {
      cwd: run.cwd,
      argv: [...run.argv, ...dialect.argv(run)],
      env: { ...run.env, ...dialect.env(run) },
    },
    hear,
    tell,
  )
  const { ask, answered } = asking(program)
  /** Words that wait for the turn's end, or for the agent to be there. */
  const waiting: { id: string; said: string }[] = []
  let current: string | undefined
  let isDelivered = false
  let isThere = false
  let said = ''
  let error: string | undefined
  let heardAt = 0
  let id = run.conversation
  let model = ''
  let summed = { input: 0, output: 0, cached: 0 }
  let role = dialect.tellsRole || run.resumed ? '' : run.role
  void begin()

  async function begin(): Promise<void> {
    try {
      const { agentInfo, agentCapabilities } = initialized.parse(
        await ask('initialize', { protocolVersion: 1, clientInfo, clientCapabilities }),
      )
      await dialect.ready?.(run)
      const place = { cwd: run.cwd, mcpServers: [] }
      const how = agentCapabilities?.sessionCapabilities?.resume ? 'session/resume' : 'session/load'
      const known = session.parse(
        run.resumed ? await ask(how, { sessionId: id, ...place }) : await ask('session/new', place),
      )
      id = known.sessionId ?? id
      const option = known.configOptions?.find(({ id }) => id === 'model')?.currentValue
      model = known.models?.currentModelId ?? (typeof option === 'string' ? option : (run.model ?? ''))
      if (run.resumed) await silence()
      isThere = true
      tell({ what: 'started', conversation: id, version: short(agentInfo?.version ?? ''), model: short(model) })
      next()
    } catch (reason) {
      // No session: there is nothing to speak with.
      const { message, code, data } = failure.parse(Object(reason))
      const why = data?.details || message
      const { end } = troubleIn(why, code >= 400 ? code : null)
      for (const { id } of waiting.splice(0)) tell({ what: 'message', id, state: 'dropped' })
      tell({ what: 'turn_over', end: end === 'failed' && !run.resumed ? 'refused' : end, why: short(why) })
      void program.end(0)
    }
  }

  async function silence(): Promise<void> {
    heardAt = performance.now()
    while (performance.now() - heardAt < silenceMs)
      await new Promise((resolve) => setTimeout(resolve, silenceMs / 4).unref())
  }

  /** Says what waits longest, when it can be said. */
  function next(): void {
    const words = current === undefined && isThere ? waiting.shift() : undefined
    if (!words) return
    current = words.id
    isDelivered = false
    tell({ what: 'message', id: words.id, state: 'taken' })
    tell({ what: 'turn_began' })
    const prompt = [{ type: 'text', text: role ? `${role}\n\n${words.said}` : words.said }]
    role = ''
    ask('session/prompt', { sessionId: id, prompt }).then(
      (result) => turnOver(over.safeParse(result).data),
      (reason) => turnFailed(failure.parse(Object(reason))),
    )
  }

  function hear(line: Record<string, unknown>): void {
    heardAt = performance.now()
    const asked = question.safeParse(line).data
    if (asked) program.send({ jsonrpc: '2.0', id: asked.id, ...replyTo(asked) })
    else if (!answered(line) && current !== undefined) {
      const { data } = update.safeParse(line)
      if (data) heardUpdate(data.params.update)
    }
  }

  function heardUpdate(one: Update): void {
    if (one.sessionUpdate === 'agent_message_chunk') {
      const aside = dialect.aside?.(one.content.text)
      if (aside && 'error' in aside) error = aside.error
      else if (aside) tell({ what: 'retrying', status: null, inMs: null, why: short(aside.retries) })
      else {
        delivered()
        error = undefined
        said = `${said}${one.content.text}`.slice(0, saidMax)
      }
      return
    }
    if (one.sessionUpdate === 'usage_update') {
      if (one.size > 0) tell({ what: 'context', used: one.used, window: one.size })
      return
    }
    delivered()
    if (one.sessionUpdate === 'tool_call') {
      tellSaid()
      const on = onWhat(one.rawInput) || one.title
      tell({ what: 'tool_began', id: short(one.toolCallId, 200), name: short(one.kind, 100), on: short(on, 300) })
    }
    if (one.sessionUpdate === 'tool_call_update' && ['completed', 'failed'].includes(one.status ?? ''))
      tell({ what: 'tool_over', id: short(one.toolCallId, 200) })
  }

  function tellSaid(): void {
    if (said.trim()) tell({ what: 'said', text: short(said) })
    said = ''
  }

  function delivered(): void {
    if (current !== undefined && !isDelivered) tell({ what: 'message', id: current, state: 'delivered' })
    isDelivered = true
  }

  function turnOver(result: z.infer<typeof over> | undefined): void {
    // What it tells among its model's words is an error only where no tokens came of the turn.
    if (error !== undefined && !result?.usage) {
      // It stands in the conversation, and so do the words.
      delivered()
      turnFailed({ code: 0, message: error })
      return
    }
    const isInterrupted = result?.stopReason === 'cancelled'
    if (!isInterrupted) delivered()
    tellUsage(result)
    ended({ end: isInterrupted ? 'interrupted' : 'done', status: null, until: null }, isInterrupted ? '' : said)
  }

  function turnFailed({ code, message }: z.infer<typeof failure>): void {
    const trouble = troubleIn(message, code >= 400 && code < 500 ? code : null)
    ended(trouble, message)
  }

  function ended({ end, until }: Trouble, why: string): void {
    tellSaid()
    const state = end === 'done' ? 'answered' : 'dropped'
    if (current !== undefined && (end === 'done' || !isDelivered)) tell({ what: 'message', id: current, state })
    current = undefined
    error = undefined
    if (end === 'limited') tell({ what: 'limited', until, window: '' })
    tell({ what: 'turn_over', end, why: short(why) })
    next()
  }

  function tellUsage(result: z.infer<typeof over> | undefined): void {
    const { inputTokens = 0, outputTokens: output = 0, cachedReadTokens: cached = 0 } = result?.usage ?? {}
    const told = { input: inputTokens - cached, output, cached }
    const used = dialect.sumsTokens ? less(told, summed) : told
    if (result?.usage) summed = told
    for (const { model, token_count } of result?._meta?.quota.model_usage ?? [])
      tellTokens({ input: token_count.input_tokens, output: token_count.output_tokens, cached: 0 }, model)
    if (!result?._meta && used.input + used.output + used.cached > 0) tellTokens(used, model)
  }

  function tellTokens(used: typeof summed, of: string): void {
    tell({ what: 'usage', id: short(`${current}/${of}`, 200), model: short(of), ...used, cost: null })
  }

  function cancel(): void {
    for (const { id } of waiting.splice(0)) tell({ what: 'message', id, state: 'dropped' })
    if (current !== undefined) program.send({ jsonrpc: '2.0', method: 'session/cancel', params: { sessionId: id } })
  }

  return {
    say(id, said) {
      waiting.push({ id, said })
      next()
    },
    interrupt: cancel,
    async end(graceMs) {
      // A tool that runs ends with the turn; with the program it does not in every agent.
      cancel()
      const until = performance.now() + graceMs / 2
      while (current !== undefined && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 25))
      await program.end(graceMs / 2)
    },
    over: program.over,
  }
}

/** Questions to it, each with a promise of its answer, which is rejected with its error or when it is gone. */
function asking(program: Spoken) {
  const open = new Map<number, { resolve(result: unknown): void; reject(reason: unknown): void }>()
  let last = 0
  let isOver = false
  const gone = { message: 'it has ended' }
  void program.over.then(() => {
    isOver = true
    for (const { reject } of open.values()) reject(gone)
  })
  return {
    ask: (method: string, params: object) =>
      new Promise<unknown>((resolve, reject) => {
        if (isOver) return reject(gone)
        open.set(++last, { resolve, reject })
        program.send({ jsonrpc: '2.0', id: last, method, params })
      }),
    answered(line: Record<string, unknown>): boolean {
      const { data } = answer.safeParse(line)
      const asked = data && open.get(data.id)
      if (!asked) return false
      open.delete(data.id)
      if (data.error) asked.reject(data.error)
      else asked.resolve(data.result)
      return true
    },
  }
}

/** It may do what it asks for; all else that it asks, nobody is there to do. */
function replyTo({ method, params }: z.infer<typeof question>): object {
  const { data } = permission.safeParse(params)
  if (method !== 'session/request_permission' || !data)
    return { error: { code: -32601, message: `nobody does ${short(method, 100)} here` } }
  const { options } = data
  const option = options.find(({ kind }) => kind.startsWith('allow'))
  return { result: { outcome: option ? { outcome: 'selected', optionId: option.optionId } : { outcome: 'cancelled' } } }
}

const less = (now: Tokens, then: Tokens): Tokens => ({
  input: now.input - then.input,
  output: now.output - then.output,
  cached: now.cached - then.cached,
})
interface Tokens {
  input: number
  output: number
  cached: number
}
