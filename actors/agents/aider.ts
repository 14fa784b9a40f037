// aider: one process a message, told by what it prints and how it ends. Tried with 0.86.
// It edits files by its model's words and commits by itself; it runs no commands, so that it cannot hand work over.
// Never: writes its own files into the worktree; takes an exit code for an answer, which is 0 of failures too.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { writeWhole } from '../files.ts'
import type { Agent, Driver, Run } from './driver.ts'
import { type Fact, short } from './evidence.ts'
import { preset } from './preset.ts'
import { type Spoken, speakWith } from './program.ts'
import { type Trouble, troubleIn } from './trouble.ts'

/** It says at once what it says, in long lines, and asks nobody for the prices of models. */
const variables = { PYTHONUNBUFFERED: '1', COLUMNS: '2000', LITELLM_LOCAL_MODEL_COST_MAP: 'True' }

/** Lines of a turn that are looked at for an error. */
const linesMax = 2000

const drive: Driver = (run, tell): Agent => {
  const waiting: { id: string; said: string }[] = []
  let goesOn = run.resumed
  let program: Spoken | undefined
  let isInterrupted = false
  let versionTold = ''
  let model = ''
  let hasEnded = false
  let gone: (() => void) | undefined
  const over = new Promise<void>((resolve) => {
    gone = resolve
  })

  function next(): void {
    const words = program === undefined && !hasEnded ? waiting.shift() : undefined
    if (words) turn(words)
  }

  function turn({ id, said }: { id: string; said: string }): void {
    const heard: string[] = []
    program = speakWith(
      { cwd: run.cwd, argv: argvOf(run, said, goesOn), env: { ...run.env, ...variables } },
      () => undefined,
      (fact) => fact.what === 'gone' && turnOver(fact),
      (line) => {
        hear(line)
        return false
      },
    )
    goesOn = true
    tell({ what: 'message', id, state: 'taken' })
    tell({ what: 'turn_began' })
    let hasBegun = false

    function hear(line: string): void {
      const [, version] = /^Aider v(\S+)/.exec(line) ?? []
      const [, named = ''] = /^(?:Main )?[Mm]odel: (\S+)/.exec(line) ?? []
      // It has no more of a conversation than its own file, which is the session's.
      if (named && !model) tell({ what: 'started', conversation: run.conversation, version: versionTold, model: named })
      model = named || model
      if (version) versionTold = version
      const [, retryS] = /^Retrying in ([\d.]+) seconds/.exec(line) ?? []
      if (retryS !== undefined)
        tell({ what: 'retrying', status: null, inMs: 1000 * Number(retryS), why: short(heard.at(-1) ?? '') })
      if (named) hasBegun = true
      else if (hasBegun && heard.length < linesMax) heard.push(short(line))
      tellTokens(id, line)
    }

    function turnOver(end: Fact & { what: 'gone' }): void {
      program = undefined
      const trouble = endOf(heard, end, isInterrupted, hasBegun)
      isInterrupted = false
      const isDone = trouble.end === 'done'
      // What it has begun with stands in its file, and comes before its model the next time at the latest.
      tell({ what: 'message', id, state: hasBegun ? 'delivered' : 'dropped' })
      if (isDone) tell({ what: 'message', id, state: 'answered' })
      const why = heard.join('\n').trim() || end.tail
      if (isDone) tell({ what: 'said', text: short(why) })
      if (trouble.end === 'limited') tell({ what: 'limited', until: trouble.until, window: '' })
      tell({ what: 'turn_over', end: trouble.end, why: short(why) })
      if (hasEnded || (!hasBegun && end.exitCode !== 0)) finish(end)
      else next()
    }
  }
  if (run.resumed && !existsSync(chatOf(run))) {
    const tail = `there is no conversation to go on with in ${chatOf(run)}`
    queueMicrotask(() => finish({ what: 'gone', exitCode: 1, signal: null, tail }))
  }

  function tellTokens(id: string, text: string): void {
    const [, sent, received] = /^Tokens: ([\d.,]+[kM]?) sent.*?, ([\d.,]+[kM]?) received/.exec(text) ?? []
    if (sent === undefined || received === undefined) return
    const [, dollars] = /Cost: \$([\d.]+) message/.exec(text) ?? []
    const cost = dollars === undefined ? null : Number(dollars)
    tell({ what: 'usage', id, model, input: number(sent), output: number(received), cached: 0, cost })
  }

  function finish(end: Fact & { what: 'gone' }): void {
    hasEnded = true
    for (const { id } of waiting.splice(0)) tell({ what: 'message', id, state: 'dropped' })
    tell(end)
    gone?.()
  }

  function cancel(): void {
    for (const { id } of waiting.splice(0)) tell({ what: 'message', id, state: 'dropped' })
    isInterrupted = program !== undefined
    program?.signal('SIGTERM')
  }

  return {
    say(id, said) {
      waiting.push({ id, said })
      next()
    },
    interrupt: cancel,
    async end(graceMs) {
      const wasOver = hasEnded
      hasEnded = true
      const isIdle = program === undefined
      cancel()
      if (!isIdle) await Promise.race([over, new Promise((resolve) => setTimeout(resolve, graceMs).unref())])
      else if (!wasOver) finish({ what: 'gone', exitCode: 0, signal: null, tail: '' })
    },
    over,
  }
}

/** How aider names an error of its service's: `litellm.RateLimitError: …`. */
const failure = /^litellm\.\w+:/

function endOf(heard: readonly string[], end: Fact & { what: 'gone' }, isStopped: boolean, hasBegun: boolean): Trouble {
  const none = { status: null, until: null }
  if (isStopped) return { end: 'interrupted', ...none }
  // It breaks long lines.
  const words = heard.slice(heard.findIndex((line) => failure.test(line))).join(' ')
  if (failure.test(words)) return troubleIn(words.replace(/RateLimitError/, 'rate limit'))
  if (end.exitCode === 0) return { end: 'done', ...none }
  const trouble = troubleIn(end.tail)
  return !hasBegun && trouble.end === 'failed' ? { ...trouble, end: 'refused' } : trouble
}

/** `1.2k`, as aider rounds it. */
function number(text: string): number {
  const factor = text.endsWith('k') ? 1000 : text.endsWith('M') ? 1_000_000 : 1
  return Math.round(Number.parseFloat(text.replaceAll(',', '')) * factor)
}

const chatOf = ({ dir }: Run) => join(dir, 'aider-chat.md')

function argvOf(run: Run, said: string, goesOn: boolean): string[] {
  const message = join(run.dir, 'aider-message')
  writeWhole(message, goesOn || !run.role ? said : `${run.role}\n\n${said}`)
  return [
    ...run.argv,
    ...['--message-file', message, '--yes-always'],
    ...['--no-pretty', '--no-stream', '--no-fancy-input'],
    ...['--no-check-update', '--no-show-release-notes', '--no-show-model-warnings', '--no-analytics'],
    ...['--no-detect-urls', '--no-suggest-shell-commands', '--no-gitignore'],
    // Its map of the repository is kept in the worktree.
    ...['--map-tokens', '0'],
    ...['--chat-history-file', chatOf(run), '--input-history-file', join(run.dir, 'aider-input')],
    ...['--no-attribute-author', '--no-attribute-committer'],
    ...(goesOn ? ['--restore-chat-history'] : []),
    ...(run.model ? ['--model', run.model] : []),
    ...(run.effort ? ['--reasoning-effort', run.effort] : []),
  ]
}

export default preset({
  name: 'aider',
  about: 'aider, one process a message',
  program: 'aider',
  from: 'pip install aider-chat',
  tried: { from: '0.86', below: '0.87' },
  keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENROUTER_API_KEY', 'GEMINI_API_KEY'],
  passes: [
    ...['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENROUTER_API_KEY', 'GEMINI_API_KEY'],
    ...['OPENAI_API_BASE', 'AIDER_MODEL'],
  ],
  launch: ({ worker }) => ({ argv: worker ?? ['aider'] }),
  drive,
  limits: [
    'it runs no commands: somebody else hands its work over',
    'words for it wait for the end of its turn, and what it does meanwhile is not told',
    'where git knows no name for a person, it writes "Your Name" into the configuration of the repository',
    'tokens are rounded to hundreds, and cached ones are counted as tokens in',
    'nothing tells when it makes its context shorter: it does not hear once more who it is',
    'errors are known by their words only',
    'it is told of its role by the first words of a conversation',
  ],
})
