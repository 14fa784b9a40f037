// What the town puts between a person and a real agent, against the agent's own program: its start, words for it, its
// supervisor, and what it is told.
// Never: asserts a time; calls a vendor's service.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makeRequest, send } from '../../cli/client.ts'
import type { Script } from '../../examples/model/script.ts'
import { type Cli, cache, clis, isHere, pathOf } from '../agents/clis.ts'
import { talk } from '../agents/conversation.ts'
import { cleanEnv, hasTmux } from '../fixture/real-town.ts'
import { type AgentRig, agentRig, cpuOf, found, memoryOf, nowMs, sleep } from './agent-rig.ts'
import { type Benchmark, type Figure, median, percentile } from './measure.ts'

/** As a person starts it on a prompt, without a terminal. */
const byHand: Readonly<Record<string, (prompt: string) => string[]>> = {
  claude: (prompt) => [
    ...['-p', prompt, '--output-format', 'stream-json', '--verbose', '--dangerously-skip-permissions'],
  ],
  codex: (prompt) => ['exec', '--json', '--dangerously-bypass-approvals-and-sandbox', prompt],
}

type Measure = (name: string, cli: Cli, size: 'full' | 'share') => Promise<Figure[]>

/** Of each agent that is here. */
const ofEach =
  (measure: Measure): Benchmark =>
  async (size) => {
    const here = Object.entries(clis).filter(([name, cli]) => name in byHand && isHere(cli))
    if (here.length === 0)
      return `no ${Object.keys(byHand).join(' and no ')} in ${cache}; \`npm run test:agents\` puts them there, and GT_AGENTS_CACHE says where else they are`
    const figures: Figure[] = []
    for (const [name, cli] of here) figures.push(...(await measure(name, cli, size)))
    return figures
  }

const waits: Script = [{ say: 'I wait.', times: 'always' }]

/** From the request at the daemon to the first prompt before the model; by hand, from the program's start. */
const starting: Measure = async (name, cli, size) => {
  const hand: number[] = []
  const spoken: number[] = []
  const parts: Parts[] = []
  for (let round = 0; round < (size === 'full' ? 5 : 1); round++) {
    await using town = await agentRig(cli, waits, { session: hasTmux ? 'tmux' : 'process', maxWorkers: 2 })
    // The first start of a HOME has more to do, and there is a tmux server from then on.
    const first = town.give('Warm up')
    await town.gt('spawn', '--issue', first)
    await found('first prompt', () => town.heardAt('Warm up'))
    const issue = town.give('Greet the world')
    parts.push(await startedBy(town, issue, 'Greet the world'))
    await town.gt('stop', '--all')
    hand.push(await startedByHand(town, name, cli))
    spoken.push(await startedAlone(town, cli))
  }
  const of = (part: keyof Parts) => median(parts.map((one) => one[part]))
  const alone = median(hand)
  return [
    {
      name: `${name}: spawn to first prompt`,
      value: of('whole') / alone,
      unit: '×',
      target: { most: 1.3 },
      detail: `${of('whole').toFixed(0)} ms from the request; by hand ${alone.toFixed(0)} ms, by its protocol for programs alone ${median(spoken).toFixed(0)} ms. To the session's start (turns, worktree) ${of('toSession').toFixed(0)}, to its launcher ${of('toLauncher').toFixed(0)}, to its program (supervisor) ${of('toProgram').toFixed(0)}, to the prompt ${of('toPrompt').toFixed(0)}`,
    },
  ]
}

interface Parts {
  whole: number
  toSession: number
  toLauncher: number
  toProgram: number
  toPrompt: number
}

async function startedBy(town: AgentRig, issue: string, title: string): Promise<Parts> {
  const before = new Set([...town.sessions(), ...town.supervisors()])
  await town.gt('spawn', '--issue', issue)
  const promptAt = await found('prompt', () => town.heardAt(title))
  const dir = town.sessions().find((one) => !before.has(one)) ?? ''
  const supervisor = town.supervisors().find((pid) => !before.has(pid)) ?? 0
  const [program = 0] = childrenOf(supervisor)
  const programAt = startOf(program)
  const log = JSON.parse(`[${(await town.gt('log', '--json', '--all')).trim().split('\n').join(',')}]`) as {
    mailType: string
    at: number
  }[]
  const askedAt = (type: string) => log.findLast(({ mailType }) => mailType === type)?.at ?? Number.NaN
  const [from, sessionAt] = [askedAt('work.requested'), askedAt('session.requested')]
  const launcherAt = statSync(join(dir, 'started')).mtimeMs
  return {
    whole: promptAt - from,
    toSession: sessionAt - from,
    toLauncher: launcherAt - sessionAt,
    toProgram: programAt - launcherAt,
    toPrompt: promptAt - programAt,
  }
}

async function startedByHand(town: AgentRig, name: string, cli: Cli): Promise<number> {
  const words = `By hand ${randomUUID()}`
  const place = join(town.rig, 'by-hand')
  town.git(join(town.rig, 'mayor/rig'), 'worktree', 'add', '--quiet', '-b', 'by-hand', place)
  const from = nowMs()
  const child = spawn(pathOf(cli), byHand[name]?.(words) ?? [], {
    ...{ cwd: place, env: { ...cleanEnv(), ...town.env }, stdio: 'ignore' },
  })
  const at = await found('prompt by hand', () => town.heardAt(words))
  child.kill()
  await new Promise((resolve) => child.once('close', resolve))
  return at - from
}

/** As its supervisor has it, without one. */
async function startedAlone(town: AgentRig, cli: Cli): Promise<number> {
  const words = `Alone ${randomUUID()}`
  const it = await talk(cli, waits, { env: town.env })
  const from = nowMs()
  it.say(words)
  const at = await found('prompt alone', () => town.heardAt(words))
  await it.dispose()
  return at - from
}

const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

/** When a process began, to a hundredth of a second. */
function startOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  const upMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000
  return nowMs() - upMs + ticks * 10
}

/** It asks the Overseer and waits, again and again: any word of theirs is an answer. */
const asks = (times: number): Script =>
  Array.from({ length: times }, () => ['gt ask "And now?"', { say: 'I wait.' }]).flat()
const answersAlone = (times: number): Script => Array.from({ length: times }, () => ['true', { say: 'I wait.' }]).flat()
/** Not `sleep`: Claude Code does not let its model wait so. */
const isBusy: Script = [{ run: 'timeout 0.3 tail -f /dev/null; true', times: 'always' }]

/** From a person's word at the daemon to the model; alone, from the line to its program. */
const nudging: Measure = async (name, cli, size) => {
  const times = size === 'full' ? 30 : 2
  const figures: Figure[] = []
  for (const [when, script, alone] of [
    ['idle', asks(times + 2), answersAlone(times + 2)],
    ['in a turn', isBusy, isBusy],
  ] as const) {
    const [floor, ours] = [await nudgedAlone(cli, alone, times), await nudgedInTown(cli, script, times)]
    const [p50, p99] = [percentile(ours, 0.5), percentile(ours, 0.99)]
    figures.push({
      name: `${name}: word sent to before its model, ${when}`,
      value: p50 / percentile(floor, 0.5),
      unit: '×',
      target: null,
      detail: `p50 ${p50.toFixed(0)} and p99 ${p99.toFixed(0)} ms of ${times}; written straight to its program ${percentile(floor, 0.5).toFixed(0)} and ${percentile(floor, 0.99).toFixed(0)} ms`,
    })
  }
  return figures
}

/** Some time in a turn, which no other nudge has had. */
const someWhile = (n: number) => sleep(200 + ((n * 137) % 600))

async function nudgedInTown(cli: Cli, script: Script, times: number): Promise<number[]> {
  await using town = await agentRig(cli, script)
  await town.gt('spawn', '--issue', town.give('Greet the world'))
  await found('tool', () => town.facts().some(({ what }) => what === 'tool_over'))
  const address = `wyvern/polecats/${town.json<{ name: string }[]>('polecats', 'wyvern')[0]?.name}`
  const took: number[] = []
  for (let n = 0; n < times; n++) {
    if (script !== isBusy) await found('idle', () => turnsOver(town) === n + 1)
    await someWhile(n)
    const words = `word-${randomUUID()}`
    const from = nowMs()
    const said = send(town.layout.socket, town.town, makeRequest('inject', { address, text: words }))
    took.push((await found('word', () => town.heardAt(words))) - from)
    await said
  }
  return took
}

const turnsOver = (town: AgentRig) => town.facts().filter(({ what }) => what === 'turn_over').length

async function nudgedAlone(cli: Cli, script: Script, times: number): Promise<number[]> {
  const it = await talk(cli, script)
  try {
    const took: number[] = []
    it.say('Greet the world')
    await it.hears('tool_over')
    for (let n = 0; n < times; n++) {
      if (script !== isBusy)
        await found('idle', () => it.facts.filter(({ what }) => what === 'turn_over').length === n + 1)
      await someWhile(n)
      const words = `word-${randomUUID()}`
      const from = nowMs()
      it.say(words)
      const heard = () => it.model.requests.find(({ saidByUser = [] }) => saidByUser.join('\n').includes(words))?.at
      took.push((await found('word', heard)) - from)
    }
    return took
  } finally {
    await it.dispose()
  }
}

/** Of the process beside the agent, while its agent waits. */
const supervising: Measure = async (name, cli, size) => {
  await using town = await agentRig(cli, ['true', { say: 'I look.', stream: { pieces: 2000 } }, ...asks(1)] as Script)
  await town.gt('spawn', '--issue', town.give('Greet the world'))
  await found('question', () =>
    town.facts().some(({ what, ...one }) => what === 'tool_began' && 'on' in one && one.on.includes('gt ask')),
  )
  await sleep(3000)
  const [pid = 0] = town.supervisors()
  const [program = 0] = childrenOf(pid)
  const seconds = size === 'full' ? 30 : 3
  const before = { own: cpuOf(pid), program: cpuOf(program) }
  await sleep(seconds * 1000)
  const used = cpuOf(pid) - before.own
  const memory = memoryOf(pid)
  return [
    {
      name: `${name}: memory of its supervisor`,
      value: memory.now,
      unit: ' MB',
      target: { most: 60 },
      detail: `at most ${memory.most.toFixed(0)}; ${memory.share.toFixed(0)} where what it shares is divided; its agent has ${memory && memoryOf(program).now.toFixed(0)} MB`,
    },
    {
      name: `${name}: CPU of its supervisor while it waits`,
      value: (used / seconds) * 100,
      unit: ' %',
      target: { most: 0.1 },
      detail: `${used.toFixed(2)} s in ${seconds} s; its agent ${(cpuOf(program) - before.program).toFixed(2)} s`,
    },
  ]
}

/** A token is counted as four bytes. */
const tokens = (text: string) => Math.ceil(Buffer.byteLength(text) / 4)

/** All words of ours that its model has on an issue: its role, what is said to it, and what `gt` answers it. */
const telling: Measure = async (name, cli) => {
  const figures: Figure[] = []
  const greets = "echo hello > greeting.txt && git add . && git commit -qm 'A greeting'"
  const handsOver = ['gt handoff', { say: 'Handed over.' }] as const
  const mends = ['touch mended && git add . && git commit -qm Mend', ...handsOver] as const
  const red = [{ match: 'the gate .mended. failed', script: mends }, { script: [greets, ...handsOver] }]
  for (const [how, script, gates] of [
    ['clean', [greets, ...handsOver], ['mended=true']],
    ['one red gate', red, ['mended=test ! -e greeting.txt -o -e mended']],
  ] as const) {
    await using town = await agentRig(cli, script as Script, { gates })
    const issue = town.give('Greet the world')
    await town.gt('spawn', '--issue', issue)
    await town.gt('wait', issue, '--timeout', '200')
    const runs = town.sessions()
    const role = runs.map((dir) => (JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as { role: string }).role)
    const said = saidByTown(town)
    figures.push({
      name: `${name}: tokens of ours for an issue, ${how}`,
      value: [...role, ...said].reduce((sum, text) => sum + tokens(text), 0),
      unit: '',
      target: null,
      counted: true,
      detail: `four bytes a token; role ${role.map(tokens).join(' + ')}, said ${said.map(tokens).join(' + ')}, in ${runs.length} session(s)`,
    })
  }
  return figures
}

/** The user's words in each conversation but for what its own program puts there, and the answers of `gt`. */
function saidByTown(town: AgentRig): string[] {
  const last = new Map(town.model.requests.map((one) => [one.conversation, one.saidByUser ?? []]))
  const said = [...last.values()]
    .flat()
    .map((text) => text.replaceAll(/<(system-reminder|environment_context)>[\s\S]*?<\/\1>/g, ''))
  const answers = town.model.requests.flatMap(({ lastResult = '', step }, n, all) =>
    step !== undefined && lastResult !== all[n - 1]?.lastResult ? [lastResult] : [],
  )
  return [...said, ...answers].filter((text) => text.trim() !== '')
}

/** By name: each is measured with the real programs, and skipped where there are none. */
export const agents: Readonly<Record<string, Benchmark>> = {
  'agents-start': ofEach(starting),
  'agents-words': ofEach(nudging),
  'agents-supervisor': ofEach(supervising),
  'agents-tokens': ofEach(telling),
}
