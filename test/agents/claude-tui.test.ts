// Claude Code at its own terminal: what a person who watches and types has of it, and what they are kept from.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { afterEach, expect, test } from 'vitest'
import { greets, handsOver, lasts } from '../fixture/agent-town.ts'
import { eventually, gtScript } from '../fixture/real-town.ts'
import { terminal } from '../fixture/terminal.ts'
import { type Cli, clis, isHere } from './clis.ts'
import { type Talk, talk } from './conversation.ts'
import { joins, type Person } from './person.ts'
import { townOf } from './town.ts'

const cli = clis['claude-tui'] as Cli
const check = test.runIf(isHere(cli))

let t: Talk
let person: Person | undefined
afterEach(async () => {
  person?.leaves()
  person = undefined
  await t?.dispose()
})

/** How often its model has had this before it, from whomever. */
const timesHeard = (text: string) => {
  const { saidByUser = [], system = '' } = t.model.requests.at(-1) ?? {}
  return [...saidByUser, system].join('\n').split(text).length - 1
}
const statesOf = (id: string) =>
  t.facts.flatMap((fact) => (fact.what === 'message' && fact.id === id ? [fact.state] : []))
const soon = () => new Promise((resolve) => setTimeout(resolve, 6000))

check('words in a turn come with the end of a tool, or else they are typed when it is over', async () => {
  t = await talk(cli, [lasts(4), { say: 'One.', delayMs: 3000 }, { say: 'Two.' }, { say: 'Three.' }])
  t.say('First')
  await t.hears('tool_began')
  const withTool = t.say('second-word')
  await t.hears('message', { id: withTool, state: 'taken' })
  const withTurn = t.say('third-word')
  await t.hears('message', { id: withTurn, state: 'answered' })
  for (const id of [withTool, withTurn]) expect(statesOf(id)).toEqual(['taken', 'delivered', 'answered'])
  expect([timesHeard('second-word'), timesHeard('third-word')]).toEqual([1, 1])
})

check('words wait while a person has half a line, and come with that line; nothing is typed into it', async () => {
  t = await talk(cli, [{ say: 'One.', times: 'always' }])
  t.say('First')
  await t.hears('turn_over')
  person = joins(t)
  await person.sees('One.')
  await person.begins('half a li')
  const id = t.say('word-of-the-town')
  await soon()
  expect(statesOf(id)).toEqual([])
  await person.types('ne of mine')
  await t.hears('message', { id, state: 'answered' })
  const lines = t.model.requests.at(-1)?.saidByUser ?? []
  expect(lines.filter((line) => line.includes('half a line of mine'))).toHaveLength(1)
  expect(lines.join('\n')).not.toContain('word-of-the-town')
  expect(timesHeard('word-of-the-town')).toBe(1)
})

check('a line that a person takes back lets the words be typed; what looks like its own commands is none', async () => {
  t = await talk(cli, [{ say: 'One.', times: 'always' }])
  person = joins(t)
  await t.hears('started')
  await person.begins('half')
  const ids = ['/exit', '!touch ran.txt', 'and @README.md', 'two\n\nlines'].map((text) => t.say(text))
  await soon()
  expect(ids.flatMap(statesOf)).toEqual([])
  await person.presses('C-u')
  for (const id of ids) await t.hears('message', { id, state: 'answered' })
  expect(t.git('status', '--porcelain')).toBe('')
  for (const text of ['/exit', '!touch ran.txt', 'and @README.md']) expect(timesHeard(text)).toBe(1)
  for (const id of ids) expect(statesOf(id)).toEqual(['taken', 'delivered', 'answered'])
})

check('a turn that a person interrupts is over, and they go on', async () => {
  t = await talk(cli, ['tail -f /dev/null', { say: 'Two.', times: 'always' }])
  t.say('First')
  await t.hears('tool_began')
  person = joins(t)
  await person.sees('tail -f')
  await person.presses('Escape')
  await t.hears('turn_over', { end: 'interrupted' })
  await person.begins('rather this')
  await person.presses('Enter')
  await t.hears('turn_over', { end: 'done' })
  expect(t.model.requests.at(-1)?.lastUser).toContain('rather this')
})

check('what it asks a person before it begins is told as what no waiting mends', async () => {
  const unasked = {
    ...cli,
    led: (url: string) => ({ ...cli.led(url), files: { '.claude.json': '{"hasCompletedOnboarding":true}' } }),
  }
  t = await talk(unasked, [{ say: 'One.' }])
  t.say('First')
  expect(await t.hears('turn_over')).toMatchObject({ end: 'refused', why: expect.stringContaining('API key') })
  await t.hears('gone')
})

check(
  'in a town: a person joins it by gt, a word for it waits for them, and the daemon’s end is not its end',
  async () => {
    await using town = await townOf(
      cli,
      [
        { match: 'word-of-the-evening', script: [...handsOver] },
        { script: [`${lasts(3)}; ${greets}`, { say: 'I am done.', times: 'always' }] },
      ],
      { config: { reminders: 50 } },
    )
    const id = town.give()
    await town.tells('tool_began')
    const worker = town.worker()
    using joined = terminal([process.execPath, gtScript, 'session', 'attach', worker], town.town, {
      ...town.env,
      TERM: 'xterm',
    })
    await joined.shows('From the town')
    joined.type('-l', 'half a li')
    await joined.shows('half a li')
    town.killDaemon()
    await town.tells('turn_over')
    town.ok('up')
    town.ok('inject', worker, 'word-of-the-evening')
    await soon()
    expect(joined.screen()).toMatch(/❯\s*half a li\s*$/m)
    expect(town.timesHeard('word-of-the-evening')).toBe(0)
    joined.type('C-u')
    await town.lands(id)
    expect(town.timesHeard('word-of-the-evening')).toBe(1)
    await eventually(() => joined.screen().includes('(ended with'))
    town.wentOn(1)
  },
)

check(
  'its hooks and settings are in the session’s own folder, and its person’s own settings are as they were',
  async () => {
    t = await talk(cli, [{ say: 'One.' }])
    t.say('First')
    await t.hears('turn_over', { end: 'done' })
    expect(readFileSync(`${t.dir}/claude-settings.json`, 'utf8')).toContain('SessionStart')
    expect(t.git('status', '--porcelain', '--ignored')).toBe('')
  },
)
