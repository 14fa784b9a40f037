// Codex: one app-server a session, on a unix socket of the run's folder, where a person may join it with
// `codex resume --remote`. Tried with 0.169.
// Never: asks for a sandbox; Codex's own keeps `.git` read-only, so that nothing could be committed in a worktree.
import { z } from 'zod'
import { letIn, shut } from './attach.ts'
import { type Item, opened, type Quota, type Sum, type Turn, type Used, words } from './codex-words.ts'
import type { Agent, Driver } from './driver.ts'
import { type Fact, short } from './evidence.ts'
import { preset } from './preset.ts'
import { inOrder, speakWith } from './program.ts'
import { type Line, lineTo } from './rpc.ts'
import { forgetSocket, socketIn } from './socket.ts'

/** A login shell reads /etc/profile, which sets another PATH: the town's `gt` would not be found. */
const settings = ['-c', 'allow_login_shell=false']
/** Much talk that no fact is made of. */
const unheard = ['turn/diff/updated', 'item/agentMessage/delta', 'item/commandExecution/outputDelta']

const drive: Driver = (run, tell): Agent => {
  const socket = socketIn(run.dir, 'codex.sock')
  const gone = new AbortController()
  const argv = [...run.argv, 'app-server', '--listen', `unix://${socket}`, ...settings]
  const program = speakWith({ cwd: run.cwd, argv, env: run.env }, () => undefined, tell)
  void program.over.then(() => {
    gone.abort(new Error('it is gone'))
    shut(run.dir)
    forgetSocket(run.dir, socket)
  })
  let line: Line | undefined
  /** Known before it is resumed: what it says of itself comes with the answer. */
  let thread = run.resumed ? run.conversation : ''
  let model = ''
  /** The turns that were begun and are over last: one is on while they differ. */
  const turns = { begun: '', over: '' }
  const isOn = () => turns.begun !== turns.over
  const begunHere = new Set<string>()
  /** Words that it has, by their id, until they are answered. */
  const has = new Map<string, 'taken' | 'delivered'>()
  const sums = new Map<string, Sum>()
  const quotas = new Map<string, Quota>()
  let turnOver = () => {}

  /** What is asked of it, one after the other: two turns at once would be one too many. */
  const next = inOrder(begin().catch(failed))

  return {
    say: (id, text) => next(() => handOver(id, text)),
    interrupt: () => next(stop),
    async end(graceMs) {
      const bound = program.within(graceMs)
      // What its tools have begun ends with the turn, and not with the program.
      if (isOn()) {
        const isOver = new Promise<void>((resolve) => (turnOver = resolve))
        await Promise.race([stop().then(() => isOver), program.within(graceMs / 2)])
      }
      await Promise.race([line?.ask('thread/backgroundTerminals/clean', { threadId: thread }).catch(() => 0), bound])
      program.signal('SIGTERM')
      await bound
    },
    over: program.over,
  }

  async function begin(): Promise<void> {
    line = await lineTo(socket, gone.signal, hear)
    // Nobody hears it any more: it is as good as gone.
    void line.over.then(() => program.signal('SIGTERM'))
    const capabilities = { experimentalApi: true, requestAttestation: false, optOutNotificationMethods: unheard }
    const clientInfo = { name: 'gastown', title: 'Gas Town', version: '1' }
    const itself = await line.ask('initialize', { clientInfo, capabilities })
    line.notify('initialized')
    const how = {
      cwd: run.cwd,
      approvalPolicy: 'never',
      sandbox: 'danger-full-access',
      model: run.model,
      developerInstructions: run.role || null,
      config: run.effort ? { model_reasoning_effort: run.effort } : null,
    }
    const { data } = opened.safeParse(
      run.resumed
        ? await line.ask('thread/resume', { ...how, threadId: run.conversation, excludeTurns: true })
        : await line.ask('thread/start', how),
    )
    if (!data) throw new Error('it names no thread; is it of a version that was tried?')
    thread = data.thread.id
    model = short(data.model)
    letIn(run.dir, { argv: [...run.argv, 'resume', '--remote', `unix://${socket}`, thread], env: {} })
    tell({ what: 'started', conversation: thread, version: versionIn(itself), model })
  }

  /** There is no conversation: it is told why, and that it has ended. */
  function failed(error: Error): void {
    if (gone.signal.aborted) return
    tell({ what: 'noise', text: short(error.message) })
    program.signal('SIGTERM')
  }

  /** Begins a turn; while one is on, it hears the words in it, after the tool that it is at. */
  async function handOver(id: string, text: string): Promise<void> {
    if (!line) return
    has.set(id, 'taken')
    tell({ what: 'message', id, state: 'taken' })
    const input = [{ type: 'text', text, text_elements: [] }]
    try {
      const result = await line.ask('turn/start', { threadId: thread, clientUserMessageId: id, input })
      const { data } = z.looseObject({ turn: z.looseObject({ id: z.string() }) }).safeParse(result)
      if (data) turns.begun = data.turn.id
    } catch (error) {
      if (gone.signal.aborted) return
      has.delete(id)
      tell({ what: 'noise', text: short((error as Error).message) })
      tell({ what: 'message', id, state: 'dropped' })
    }
  }

  /** A turn that is over by then is no trouble. */
  async function stop(): Promise<void> {
    if (isOn()) await line?.ask('turn/interrupt', { threadId: thread, turnId: turns.begun }).catch(() => undefined)
  }

  function hear(message: unknown): void {
    const { data } = words.safeParse(message)
    if (!data) return
    const { method, params } = data
    if (method === 'thread/tokenUsage/updated') heardUsage(params)
    if (method === 'account/rateLimits/updated')
      for (const name of ['primary', 'secondary'] as const) {
        const known = params.rateLimits[name]
        if (known) quotas.set(name, known)
      }
    // What it has other agents do for it is its own work, but they have turns and words of their own.
    const isItself = params.threadId === thread
    if (method === 'item/started') heardItem(params.item, isItself)
    if (method === 'item/completed') heardItemOver(params.item, isItself)
    if (!isItself) return
    if (method === 'turn/started') {
      turns.begun = params.turn.id
      begunHere.add(params.turn.id)
      tell({ what: 'turn_began' })
    }
    if (method === 'error' && params.willRetry) {
      const { additionalDetails, message, codexErrorInfo } = params.error
      const why = short(additionalDetails ?? message)
      tell({ what: 'retrying', status: kindOf(codexErrorInfo).status ?? null, inMs: null, why })
    }
    if (method === 'turn/completed') heardTurnOver(params.turn)
  }

  function heardItem(one: Item, isItself: boolean): void {
    if (tools.includes(one.type)) {
      const on = one.command ?? one.changes?.map(({ path }) => path).join(' ') ?? one.query ?? ''
      tell({ what: 'tool_began', id: one.id, name: short(one.tool ?? one.type, 100), on: short(on, 300) })
    }
    if (one.type !== 'userMessage' || !isItself || !one.clientId || !has.has(one.clientId)) return
    has.set(one.clientId, 'delivered')
    tell({ what: 'message', id: one.clientId, state: 'delivered' })
  }

  function heardItemOver(one: Item, isItself: boolean): void {
    if (tools.includes(one.type)) tell({ what: 'tool_over', id: one.id })
    if (!isItself) return
    if (one.type === 'agentMessage' && one.text?.trim()) tell({ what: 'said', text: short(one.text) })
    if (one.type === 'contextCompaction') tell({ what: 'compacted' })
  }

  /** It gives the sum of the whole thread, once more when it is resumed. */
  function heardUsage({ threadId, turnId, tokenUsage: { total, last, modelContextWindow } }: Used): void {
    const isOld = run.resumed && threadId === thread && !begunHere.has(turnId)
    const before = sums.get(threadId)
    sums.set(threadId, total)
    if (isOld) return
    if (threadId === thread && modelContextWindow)
      tell({ what: 'context', used: last.totalTokens, window: modelContextWindow })
    const since = (of: keyof Sum) => (before ? Number(total[of]) - Number(before[of]) : Number(last[of]))
    if (since('totalTokens') <= 0) return
    tell({
      what: 'usage',
      id: `${threadId}/${total.totalTokens}`,
      model: threadId === thread ? model : '',
      input: since('inputTokens') - since('cachedInputTokens'),
      output: since('outputTokens'),
      cached: since('cachedInputTokens'),
      cost: null,
    })
  }

  function heardTurnOver({ id, status, error }: Turn): void {
    turns.begun = turns.over = id
    const end = endOf(status, error?.codexErrorInfo)
    if (end === 'limited') {
      const full = [...quotas.values()].filter(({ usedPercent }) => usedPercent >= 100)
      const until = Math.max(...full.map(({ resetsAt }) => resetsAt ?? 0))
      const window = full.map(({ windowDurationMins }) => `${windowDurationMins ?? '?'} min`).join(', ')
      tell({ what: 'limited', until: until > 0 ? until * 1000 : null, window })
    }
    for (const [words, state] of has) {
      // What was before the model stays in the conversation, whatever became of the turn.
      if (state === 'taken') tell({ what: 'message', id: words, state: 'dropped' })
      else if (end === 'done') tell({ what: 'message', id: words, state: 'answered' })
    }
    has.clear()
    tell({ what: 'turn_over', end, why: short(error?.message ?? '') })
    turnOver()
  }
}

const tools = ['commandExecution', 'fileChange', 'mcpToolCall', 'dynamicToolCall', 'collabAgentToolCall', 'webSearch']

/** The name of a failure, and the HTTP status that was its cause: `"unauthorized"`, `{ other: { httpStatusCode } }`. */
function kindOf(info: unknown): { name: string; status: number | undefined } {
  if (typeof info === 'string') return { name: info, status: undefined }
  const { data } = z.record(z.string(), z.looseObject({ httpStatusCode: z.int().nullish() })).safeParse(info)
  const [name = '', about] = Object.entries(data ?? {})[0] ?? []
  return { name, status: about?.httpStatusCode ?? undefined }
}

function endOf(turnStatus: string, info: unknown): (Fact & { what: 'turn_over' })['end'] {
  if (turnStatus === 'completed') return 'done'
  if (turnStatus === 'interrupted') return 'interrupted'
  const { name, status = 0 } = kindOf(info)
  if (name === 'contextWindowExceeded') return 'overlong'
  if (name === 'usageLimitExceeded' || name === 'rateLimitExceeded' || status === 429) return 'limited'
  if (name === 'unauthorized' || name === 'modelNotFound' || [401, 402, 403, 404].includes(status)) return 'refused'
  return 'failed'
}

/** `client/0.169.0 (system) …` */
const versionIn = (itself: unknown) =>
  /\/([\w.-]+)/.exec(z.looseObject({ userAgent: z.string() }).safeParse(itself).data?.userAgent ?? '')?.[1] ?? ''

export default preset({
  name: 'codex',
  about: 'Codex, by its app-server, which a person may join',
  program: 'codex',
  from: 'npm install --global @openai/codex',
  tried: { from: '0.169', below: '0.170' },
  keys: ['OPENAI_API_KEY', 'CODEX_API_KEY'],
  passes: ['OPENAI_API_KEY', 'CODEX_API_KEY', 'OPENAI_BASE_URL', 'CODEX_HOME'],
  launch: ({ worker }) => ({ argv: worker ?? ['codex'] }),
  drive,
  resumeByHand: (conversation) => ['resume', conversation],
  limits: [
    'when an allowance is used up, the time of its reset is known only where the account tells its windows',
    'the tokens of an answer are told after the tools that it calls; those of one that was killed are not known',
    'what its tools left in the background ends with it, but not when it is killed',
  ],
})
