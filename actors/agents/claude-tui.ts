// Claude Code at its own terminal, for people who want to watch and type: one process a session, in a tmux of its own,
// which its hooks tell of, and its transcript. Tried with 2.1.
// Never: presses Enter where it has not seen its own words and nothing else; types while a turn is on, or beside a
// person; says words again that a hook or the line has taken.
import { letIn, shut } from './attach.ts'
import claude, { argvOf } from './claude.ts'
import {
  endOfHook,
  type Hook,
  hook,
  hookNames,
  isEmptyLine,
  isQuestion,
  Transcript,
  typedLine,
  versionOn,
} from './claude-tui-words.ts'
import type { Agent, Driver, Run } from './driver.ts'
import { type Fact, short } from './evidence.ts'
import { listenToHooks } from './hooks.ts'
import { onWhat } from './on-what.ts'
import { preset } from './preset.ts'
import { versionOf } from './program.ts'
import { openTerminal, type Terminal } from './terminal.ts'

/** What it is asked to do, and not. Whether it may work in this folder the Overseer has said by the rig's agent. */
const variables = {
  CLAUDE_CODE_SANDBOXED: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION: 'false',
  CLAUDE_CODE_MAX_RETRIES: '4',
  DISABLE_AUTOUPDATER: '1',
}
/** Nobody may be there to answer. */
const denied = ['AskUserQuestion', 'EnterPlanMode', 'ExitPlanMode']

/** So often it is looked what has come of it, while there is something to look for, in milliseconds. */
const lookMs = 400
/** Whoever has pressed a key in this time is at it, in milliseconds. */
const quietMs = 3000
/** After so long without a word of its hook a line that was typed has been lost, in milliseconds. */
const heardWithinMs = 15_000
/** So often it is looked whether words that were typed stand there. */
const looksMax = 8
/** Its screen is drawn within this time, in milliseconds. */
const drawnMs = 350
/** After so long with a question on its screen and no session it waits for a person, in milliseconds. */
const asksMs = 10_000
/** What it says last is in its transcript by then, in milliseconds. */
const writtenMs = 300
/** Characters that a hook can hand over whole. */
const byHookMax = 8000

interface Words {
  id: string
  said: string
}

const drive: Driver = (run, tell): Agent => {
  const env = { ...run.env, ...variables }
  const hooks = listenToHooks(run.dir, (told) => answerTo(hook.safeParse(told).data))
  const terminal = opened({ ...run, env }, argvOf(run, [], settingsOf(hooks.command)))
  const transcript = new Transcript()
  /** Said, and nowhere yet. */
  const waiting: Words[] = []
  /** Typed, and not heard of. */
  let typed: { all: Words[]; said: string; at: number } | undefined
  /** Its program has them, its model has not shown yet that it has. */
  const taken = new Set<string>()
  const delivered = new Set<string>()
  const tools = new Set<string>()
  let isThere = false
  let isOn = false
  /** Its turn is over, and what it said last is still on its way into the transcript. */
  let ending: { timer: NodeJS.Timeout; said: string } | undefined
  let asking = 0
  let isLooking = false
  const timer = setInterval(() => void look(), lookMs)
  letIn(run.dir, { argv: [...terminal.attach], env: {} })
  const over = terminal.over.then(({ exitCode, tail }) => {
    clearInterval(timer)
    ended()
    hooks.close()
    shut(run.dir)
    hearTranscript()
    tell({ what: 'gone', exitCode, signal: null, tail: short(tail) })
  })

  /** What one of its hooks is answered: words that wait, where that one can hand them over. */
  function answerTo(one: Hook | undefined): object {
    if (!one) return {}
    transcript.at(one.transcript_path)
    const event = one.hook_event_name
    ended()
    switch (event) {
      case 'SessionStart':
        void sessionBegan(one)
        return {}
      case 'UserPromptSubmit': {
        const isOurs = lineTaken(one.prompt)
        if (isOn) return {}
        began()
        return isOurs ? {} : inContext(event, handedOver())
      }
      case 'PreToolUse':
        began()
        tools.add(one.tool_use_id)
        tell({
          what: 'tool_began',
          id: short(one.tool_use_id, 200),
          name: short(one.tool_name, 100),
          on: onWhat(one.tool_input),
        })
        return {}
      case 'PostToolUse':
      case 'PostToolUseFailure':
        if (tools.delete(one.tool_use_id)) tell({ what: 'tool_over', id: short(one.tool_use_id, 200) })
        return inContext(event, handedOver())
      case 'Stop':
        // Words that wait are typed: what holds its turn open it puts before its model twice, and as an error.
        modelHasAll()
        ending = { said: one.last_assistant_message, timer: setTimeout(ended, writtenMs) }
        return {}
      case 'StopFailure':
        // They stand in the conversation, whatever came of them.
        modelHasAll()
        turnOver(endOfHook(one), one.last_assistant_message || one.error_details || one.error)
        return {}
      case 'Notification':
        tell({ what: 'noise', text: short(one.message) })
        return {}
    }
  }

  async function sessionBegan({
    source,
    session_id,
    model,
  }: Hook & { hook_event_name: 'SessionStart' }): Promise<void> {
    if (source === 'compact') return tell({ what: 'compacted' })
    let version = versionOf(run)
    // Only its screen tells which it is.
    for (let looks = 0; version === '' && looks < looksMax; looks++) {
      version = versionOn((await terminal.screen()).lines)
      if (version === '') await drawn()
    }
    tell({ what: 'started', conversation: session_id, version, model: short(model) })
    isThere = true
  }

  /** Whether that is what was typed here. */
  function lineTaken(prompt: string): boolean {
    if (!typed || !plainly(prompt).includes(plainly(typed.said))) return false
    const { all } = typed
    typed = undefined
    for (const { id } of all) has(id)
    return true
  }

  function has(id: string): void {
    taken.add(id)
    tell({ what: 'message', id, state: 'taken' })
  }

  /** Words that wait, as they are put before the model; from here on they are its. */
  function handedOver(): string {
    const now = waiting.filter(({ said }) => said.length <= byHookMax)
    for (const one of now) {
      waiting.splice(waiting.indexOf(one), 1)
      has(one.id)
    }
    return now.map(({ said }) => `${beginning}${said}`).join('\n\n')
  }

  function modelHasAll(): void {
    for (const id of taken) {
      taken.delete(id)
      delivered.add(id)
      tell({ what: 'message', id, state: 'delivered' })
    }
  }

  function ended(): void {
    if (!ending) return
    const { timer, said } = ending
    clearTimeout(timer)
    ending = undefined
    turnOver('done', said)
  }

  function began(): void {
    if (!isOn) tell({ what: 'turn_began' })
    isOn = true
  }

  function turnOver(end: (Fact & { what: 'turn_over' })['end'], why: string): void {
    hearTranscript()
    if (!isOn) return
    isOn = false
    tools.clear()
    if (end === 'done') for (const id of delivered) tell({ what: 'message', id, state: 'answered' })
    delivered.clear()
    if (end === 'limited') tell({ what: 'limited', until: null, window: '' })
    tell({ what: 'turn_over', end, why: short(why) })
  }

  function hearTranscript(): void {
    for (const one of transcript.news()) {
      if (one.what === 'interrupted') {
        modelHasAll()
        turnOver('interrupted', '')
      } else {
        // An answer of its model's, to all that was put before it.
        if (one.isNew) modelHasAll()
        for (const fact of one.facts) tell(fact)
      }
    }
  }

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    try {
      if (!isThere) await lookForQuestion()
      else if (isOn) hearTranscript()
      else if (typed) await lookForTyped()
      else if (waiting.length > 0) await typeNext()
    } finally {
      isLooking = false
    }
  }

  /** Before its session begins it may ask a person something, and nobody else can answer. */
  async function lookForQuestion(): Promise<void> {
    const { lines } = await terminal.screen()
    asking = isQuestion(lines) ? asking + lookMs : 0
    if (asking < asksMs || isThere) return
    const asked = lines
      .map((line) => line.trim())
      .filter(Boolean)
      .slice(0, 6)
      .join(' ')
    tell({ what: 'turn_over', end: 'refused', why: short(`it asks a person, before it begins: ${asked}`) })
    terminal.signal('SIGTERM')
  }

  async function typeNext(): Promise<void> {
    if (!isEmptyLine(await terminal.screen()) || (await terminal.quietMs()) < quietMs) return
    await terminal.alone(async () => {
      await drawn()
      // What was being pressed when it was looked at first is on the screen by now.
      if (isOn || !isEmptyLine(await terminal.screen())) return
      const all = waiting.splice(0)
      const said = all.map((one) => one.said).join('\n\n')
      const now = { all, said, at: performance.now() }
      typed = now
      await terminal.type(beginning)
      await terminal.paste(`${said} `)
      for (let looks = 0; looks < looksMax && typed === now; looks++) {
        await drawn()
        if (!isTyped(await terminal.screen(), said)) continue
        await terminal.press('Enter')
        return
      }
    })
  }

  /** It has not been heard of: it may lie there, or have been lost. */
  async function lookForTyped(): Promise<void> {
    if (!typed || performance.now() - typed.at < heardWithinMs) return
    const now = typed
    const screen = await terminal.screen()
    if (typed !== now) return
    if (isTyped(screen, now.said)) {
      now.at = performance.now()
      await terminal.press('Enter')
    } else if (isEmptyLine(screen)) {
      typed = undefined
      if (transcript.holds(plainly(now.said), plainly)) for (const { id } of now.all) has(id)
      else waiting.unshift(...now.all)
    }
  }

  return {
    say(id, said) {
      waiting.push({ id, said: said.trim() })
    },
    interrupt() {
      if (isOn) void terminal.press('Escape')
    },
    async end(graceMs) {
      const bound = Promise.race([over, sleep(graceMs)])
      // What its tools have begun ends with the turn.
      if (isOn) await terminal.press('Escape').then(() => Promise.race([over, sleep(graceMs / 4)]))
      terminal.signal('SIGTERM')
      await bound
    },
    over,
  }

  /** Without tmux there is no terminal; what lacks is told like the end of any program. */
  function opened(place: Run, argv: readonly string[]): Terminal {
    try {
      return openTerminal(place, argv)
    } catch (error) {
      const tail = error instanceof Error ? error.message : String(error)
      tell({ what: 'turn_over', end: 'refused', why: short(`it has no terminal: ${tail}`) })
      return nowhere(tail)
    }
  }
}

/** How words that are no person's begin: no key of the line's own, whatever follows. */
const beginning = 'From the town: '

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref())
const drawn = () => sleep(drawnMs)

/** These words stand on its line, and nothing else. */
function isTyped({ lines }: { lines: readonly string[] }, said: string): boolean {
  const line = typedLine(lines)?.replace(/^From the town: ?/, '')
  return line !== undefined && (/^\[Pasted text #\d+[^\]]*\]$/.test(line) || plainly(line) === plainly(said))
}

/** Without what the line and its paste do to spaces. */
const plainly = (text: string) => text.replace(/\s+/g, '')

const inContext = (hookEventName: string, additionalContext: string): object =>
  additionalContext === '' ? {} : { hookSpecificOutput: { hookEventName, additionalContext } }

const nowhere = (tail: string): Terminal => ({
  attach: ['false'],
  screen: async () => ({ lines: [], column: 0 }),
  quietMs: async () => 0,
  alone: async () => {},
  type: async () => {},
  paste: async () => {},
  press: async () => {},
  signal: () => {},
  over: Promise.resolve({ exitCode: null, tail }),
})

/** What each hook runs, and what nobody is there to answer. */
const settingsOf = (command: string) => ({
  permissions: { deny: denied },
  hooks: Object.fromEntries(hookNames.map((name) => [name, [{ hooks: [{ type: 'command', command }] }]])),
})

export default preset({
  ...claude,
  name: 'claude-tui',
  about: 'Claude Code at its own terminal, in tmux, to watch and to type in',
  drive,
  limits: [
    'tmux has to be here, and `claude` has to have been started once by this person: what it asks at its first start (a theme, a key) nobody else answers',
    'words for it are typed when its turn is over, its line is empty and nobody has pressed a key for 3 s; in a turn they come with the end of a tool, as a hook’s words and not as the user’s',
    'keys that a person presses in the second in which words are typed are lost',
    'nothing tells how full its context is, when a used-up allowance comes back, that it tries again, or what it costs',
    'tokens are read from its transcript, whose form is its own affair; those of its helpers are not in it',
    'a turn that a person interrupts is known by its transcript only',
  ],
})
