// pi: one long-lived process a session, spoken to in its rpc mode. Tried with 0.87.
// Never: believes that words which pi took were delivered; it says so itself.
import { join } from 'node:path'
import { z } from 'zod'
import { writeWhole } from '../files.ts'
import type { Agent, Driver, Run } from './driver.ts'
import { short } from './evidence.ts'
import { onWhat } from './on-what.ts'
import { preset } from './preset.ts'
import { speakWith, versionOf } from './program.ts'
import { type End, troubleIn } from './trouble.ts'

const variables = { PI_SKIP_VERSION_CHECK: '1', PI_TELEMETRY: '0' }

const text = z.string().default('')
const count = z.number().default(0)
const block = z.looseObject({ type: z.string(), text })
const message = z.looseObject({
  role: z.string(),
  content: z.union([z.string().transform((one) => [{ type: 'text', text: one }]), z.array(block)]).default([]),
  model: text,
  timestamp: count,
  stopReason: text,
  errorMessage: text,
  usage: z
    .looseObject({
      input: count,
      output: count,
      cacheRead: count,
      cacheWrite: count,
      totalTokens: count,
      cost: z.looseObject({ total: count }).optional(),
    })
    .optional(),
})
type Message = z.infer<typeof message>

/** What is understood of its words; all else is passed over. */
const words = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('response'),
    id: text,
    command: z.string(),
    success: z.boolean(),
    error: text,
    data: z.unknown().optional(),
  }),
  z.looseObject({ type: z.literal('agent_start') }),
  z.looseObject({ type: z.literal('agent_settled') }),
  z.looseObject({ type: z.literal('message_end'), message }),
  z.looseObject({
    type: z.literal('tool_execution_start'),
    toolCallId: z.string(),
    toolName: text,
    args: z.unknown().optional(),
  }),
  z.looseObject({ type: z.literal('tool_execution_end'), toolCallId: z.string() }),
  z.looseObject({ type: z.literal('auto_retry_start'), delayMs: count, errorMessage: text }),
  z.looseObject({ type: z.literal('compaction_end'), result: z.unknown().optional() }),
  z.looseObject({ type: z.literal('extension_ui_request'), id: z.string(), method: z.string() }),
])
type Response = z.infer<typeof words> & { type: 'response' }

const state = z.looseObject({
  sessionId: z.string(),
  model: z.looseObject({ id: text, contextWindow: z.number().optional() }).optional(),
})
const queue = z.looseObject({ steering: z.array(z.string()).default([]), followUp: z.array(z.string()).default([]) })

/** Questions of pi's extensions, which stop it until they are answered; nobody is there to ask. */
const dialogs = ['select', 'confirm', 'input', 'editor']

const drive: Driver = (run, tell): Agent => {
  const env = { ...variables, ...run.env }
  const program = speakWith({ cwd: run.cwd, argv: argvOf(run), env }, hear, tell)
  /** Words that wait for an answer to those before them: two at once, and pi would refuse the second. */
  const waiting: { id: string; said: string }[] = []
  let asked: string | undefined
  /** Words on their way, oldest first, and those that its model has before it in this turn. */
  const underway = new Map<string, string>()
  const delivered = new Set<string>()
  let isAtWork = false
  let isInterrupted = false
  let window = 0
  let last: Message | undefined
  program.send({ type: 'get_state', id: 'start' })

  function hear(line: Record<string, unknown>): void {
    const { data } = words.safeParse(line)
    if (data?.type === 'response') heardResponse(data)
    if (data?.type === 'agent_start') {
      if (!isAtWork) tell({ what: 'turn_began' })
      isAtWork = true
    }
    if (data?.type === 'message_end' && data.message.role === 'user') heardDelivered(data.message)
    if (data?.type === 'message_end' && data.message.role === 'assistant') heardAnswer(data.message)
    if (data?.type === 'tool_execution_start') {
      const { toolCallId: id, toolName, args } = data
      tell({ what: 'tool_began', id, name: short(toolName, 100), on: short(onWhat(args), 300) })
    }
    if (data?.type === 'tool_execution_end') tell({ what: 'tool_over', id: data.toolCallId })
    if (data?.type === 'auto_retry_start') {
      const { delayMs: inMs, errorMessage } = data
      tell({ what: 'retrying', status: troubleIn(errorMessage).status, inMs, why: short(errorMessage) })
    }
    if (data?.type === 'compaction_end' && data.result) tell({ what: 'compacted' })
    if (data?.type === 'extension_ui_request' && dialogs.includes(data.method))
      program.send({ type: 'extension_ui_response', id: data.id, cancelled: true })
    if (data?.type === 'agent_settled') settled()
  }
  return {
    say(id, said) {
      waiting.push({ id, said })
      next()
    },
    interrupt() {
      isInterrupted = isAtWork
      // What is still on its way would begin a turn of its own.
      for (const { id } of waiting.splice(0)) tell({ what: 'message', id, state: 'dropped' })
      program.send({ type: 'clear_queue' })
      program.send({ type: 'abort' })
    },
    end: program.end,
    over: program.over,
  }

  function next(): void {
    const words = asked === undefined ? waiting.shift() : undefined
    if (!words) return
    asked = words.id
    underway.set(words.id, words.said)
    program.send({ type: 'prompt', id: words.id, message: words.said, streamingBehavior: 'steer' })
  }

  function heardResponse({ id, command, success, error, data }: Response): void {
    if (command === 'get_state') heardState(data)
    if (command === 'clear_queue') {
      const { steering, followUp } = queue.safeParse(data).data ?? { steering: [], followUp: [] }
      for (const said of [...steering, ...followUp]) {
        const [dropped] = [...underway].find(([, known]) => known === said) ?? []
        if (dropped && underway.delete(dropped)) tell({ what: 'message', id: dropped, state: 'dropped' })
      }
    }
    if (command !== 'prompt') return
    asked = undefined
    heardTaken(id, success, error)
    next()
  }

  function heardTaken(id: string, success: boolean, error: string): void {
    if (success && !underway.has(id)) return
    tell({ what: 'message', id, state: success ? 'taken' : 'dropped' })
    if (success) return
    underway.delete(id)
    if (isAtWork) return
    // Refused before it went anywhere: no key, no model.
    const { end } = troubleIn(error)
    tell({ what: 'turn_over', end: end === 'failed' ? 'refused' : end, why: short(error) })
  }

  function heardState(data: unknown): void {
    const { data: known } = state.safeParse(data)
    if (!known) return
    window = known.model?.contextWindow ?? 0
    const { id: model = '' } = known.model ?? {}
    tell({ what: 'started', conversation: known.sessionId, version: versionOf({ ...run, env }), model: short(model) })
  }

  function heardDelivered({ content }: Message): void {
    const said = content.map(({ text }) => text).join('')
    // pi expands a command of its own; then it is the one that has waited longest.
    const [id] = [...underway].find(([, known]) => known === said) ?? underway.keys()
    if (id === undefined) return
    underway.delete(id)
    delivered.add(id)
    tell({ what: 'message', id, state: 'delivered' })
  }

  function heardAnswer(answer: Message): void {
    last = answer
    for (const one of answer.content)
      if (one.type === 'text' && one.text.trim()) tell({ what: 'said', text: short(one.text) })
    const { input = 0, output = 0, cacheRead = 0, cacheWrite = 0, totalTokens = 0, cost } = answer.usage ?? {}
    if (totalTokens === 0) return
    tell({
      what: 'usage',
      id: `${run.conversation}/${answer.timestamp}`,
      model: short(answer.model),
      input: input + cacheWrite,
      output,
      cached: cacheRead,
      // Nothing is what a model costs that pi knows no price of.
      cost: cost?.total || null,
    })
    if (window > 0) tell({ what: 'context', used: totalTokens, window })
  }

  function settled(): void {
    const { end, until, why } = endOf(last, isInterrupted)
    if (end === 'done') for (const id of delivered) tell({ what: 'message', id, state: 'answered' })
    delivered.clear()
    isAtWork = false
    isInterrupted = false
    if (end === 'limited') tell({ what: 'limited', until, window: '' })
    tell({ what: 'turn_over', end, why: short(why) })
  }
}

function endOf(last: Message | undefined, isInterrupted: boolean): { end: End; until: number | null; why: string } {
  const none = { until: null, why: '' }
  if (last?.stopReason === 'aborted') return { end: 'interrupted', ...none }
  if (last?.stopReason !== 'error') return { end: 'done', ...none }
  if (isInterrupted) return { end: 'interrupted', ...none }
  return { ...troubleIn(last.errorMessage), why: last.errorMessage }
}

function argvOf(run: Run): string[] {
  return [
    ...run.argv,
    ...['--mode', 'rpc'],
    // The second would begin one where there is none.
    ...[run.resumed ? '--session' : '--session-id', run.conversation],
    ...(run.role ? ['--append-system-prompt', run.role] : []),
    ...(run.model ? ['--model', run.model] : []),
    ...(run.effort ? ['--thinking', run.effort] : []),
    ...(run.notForIt.length > 0 ? ['--extension', leavingOut(run)] : []),
  ]
}

/** pi reads the instructions of every folder above; an extension takes those out that are not for it. */
function leavingOut({ dir, notForIt }: Run): string {
  const file = join(dir, 'pi-instructions.mjs')
  const lines = [
    `const notForIt = ${JSON.stringify(notForIt)}`,
    "export default (pi) => pi.on('before_agent_start', ({ systemPromptOptions: told }) => {",
    '  told.contextFiles = told.contextFiles.filter(({ path }) => !notForIt.includes(path))',
    '})',
  ]
  writeWhole(file, `${lines.join('\n')}\n`)
  return file
}

export default preset({
  name: 'pi',
  about: 'pi, one process a session in its rpc mode',
  program: 'pi',
  from: 'npm install --global @earendil-works/pi-coding-agent',
  tried: { from: '0.87', below: '0.88' },
  keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY'],
  passes: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY', 'PI_OFFLINE'],
  launch: ({ worker }) => ({ argv: worker ?? ['pi'] }),
  drive,
  resumeByHand: (conversation) => ['--session', conversation],
  limits: ['when a used-up allowance comes back is told only where the service says it in its error'],
})
