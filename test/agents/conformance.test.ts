// One suite over every preset that has a driver, with the real CLIs against the scripted model: what a supervisor
// needs of an agent, whatever its make. Those that are not installed are skipped, by name.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, describe, expect, test } from 'vitest'
import { wayIn } from '../../actors/agents/attach.ts'
import { spokenPresets } from '../../actors/agents/presets.ts'
import { clis, isHere, type Lack } from './clis.ts'
import { type Talk, talk } from './conversation.ts'
import { joins } from './person.ts'

let t: Talk
afterEach(() => t?.dispose())

describe.each(Object.entries(clis))('%s', (_, cli) => {
  const check = test.runIf(isHere(cli))
  const checkOf = (what: Lack) => test.runIf(isHere(cli) && !cli.lacks?.includes(what))

  checkOf('tools')(
    'says that it is there, does what it is asked with its own tools, and says that its turn is over',
    async () => {
      t = await talk(cli, ['echo hello > greeting.txt && git add . && git commit -qm Greet', { say: 'Greeted.' }])
      const id = t.say('Greet the world')
      expect(await t.hears('message', { id, state: 'delivered' })).toBeDefined()
      expect((await t.hears('turn_over')).end).toBe('done')
      expect(t.git('log', '-1', '--format=%s')).toBe('Greet')
      expect(t.facts.find((fact) => fact.what === 'started')).toMatchObject({ version: expect.stringMatching(/\d/) })
      expect(t.facts.find((fact) => fact.what === 'tool_began')).toMatchObject({
        on: expect.stringContaining('greeting'),
      })
      expect(t.facts.find((fact) => fact.what === 'said')).toMatchObject({ text: expect.stringContaining('Greeted') })
      const asked = t.model.requests.find(({ lastUser }) => lastUser?.includes('Greet the world'))
      // Some are told of it by their first words.
      expect(`${asked?.system}${asked?.lastUser}`).toContain('You are a worker of a test.')
    },
  )

  const checkWithoutTools = test.runIf(isHere(cli) && cli.lacks?.includes('tools'))
  checkWithoutTools('says that it is there, and edits and commits by what its model says', async () => {
    t = await talk(cli, [{ say: 'So be it.\n\ngreeting.txt\n```\nhello\n```\n' }])
    const id = t.say('Greet the world')
    expect(await t.hears('started')).toMatchObject({ version: expect.stringMatching(/\d/) })
    await t.hears('message', { id, state: 'answered' })
    expect((await t.hears('turn_over')).end).toBe('done')
    expect(t.git('show', 'HEAD:greeting.txt')).toBe('hello')
    expect(t.git('log', '-1', '--format=%an')).toBe('A')
  })

  checkOf('tools')('its tools have the environment that it was given, PATH included', async () => {
    const env = { PATH: `/of/a/town:${process.env.PATH}` }
    t = await talk(cli, [`printf '%s' "$PATH" > path.txt`, { say: 'Done.' }], { env })
    t.say('First')
    await t.hears('turn_over', { end: 'done' })
    expect(readFileSync(join(t.cwd, 'path.txt'), 'utf8').split(':')).toContain('/of/a/town')
  })

  check('hears a second word in the same conversation', async () => {
    t = await talk(cli, [{ say: 'One.' }, { say: 'Two.' }])
    t.say('First')
    await t.hears('turn_over')
    const id = t.say('Second')
    await t.hears('message', { id, state: 'delivered' })
    await t.hears('turn_over', { end: 'done' })
    expect(t.model.requests.at(-1)?.lastUser).toContain('Second')
  })

  check('counts tokens once', async () => {
    t = await talk(cli, [{ say: 'One.', usage: { input: 1000, cached: 200, output: 50 } }])
    t.say('First')
    await t.hears('turn_over')
    expect(tokens()).toEqual({ in: 1200, out: 50 })
  })

  check('a wrong key is told as what no waiting mends', async () => {
    const inWords = cli.lacks?.includes('statuses') ? { message: 'Incorrect API key provided' } : {}
    t = await talk(cli, [{ error: 401, times: 'always', ...inWords }])
    t.say('First')
    expect((await t.hears('turn_over')).end).toBe('refused')
  })

  check('a used-up allowance is told as that', async () => {
    const inS = 3600
    // As Codex's service tells it; the others find it in what every service of their kind says.
    const headers = {
      'x-codex-primary-used-percent': '100',
      'x-codex-primary-window-minutes': '300',
      'x-codex-primary-reset-at': String(Math.ceil(Date.now() / 1000) + inS),
    }
    t = await talk(cli, [{ error: 'usage_limit', resetsInS: inS, times: 'always', headers }])
    t.say('First')
    expect((await t.hears('turn_over')).end).toBe('limited')
    if (cli.lacks?.includes('reset times')) return
    const limited = t.facts.find((fact) => fact.what === 'limited')
    expect(Math.round(((limited?.until ?? 0) - Date.now()) / 60_000)).toBeGreaterThan(55)
  })

  check('killed, it goes on in the same conversation', async () => {
    const usage = { input: 1000, cached: 200, output: 50 }
    t = await talk(cli, [
      { say: 'One.', usage },
      { say: 'Two.', usage },
    ])
    t.say('First')
    await t.hears('turn_over')
    await t.crash()
    await t.hears('gone')
    t.again()
    t.say('Look at git status and go on')
    await t.hears('turn_over', { end: 'done' })
    // The second step is the answer only where the model is told of the first.
    expect(t.model.requests.at(-1)?.step).toMatch(/step 2$/)
    expect(tokens()).toEqual({ in: 2400, out: 100 })
  })

  check('a conversation that is not there cannot go on: its program ends', async () => {
    t = await talk(cli, [{ say: 'One.' }], { resumed: true })
    t.say('Go on')
    await t.hears('gone')
    expect(t.model.requests.filter(({ step }) => step === 'step 1')).toEqual([])
  })

  checkOf('tools')('ended in the middle of a tool, it is gone with all that it had begun', async () => {
    t = await talk(cli, ['tail -f /dev/null'])
    t.say('Wait')
    await t.hears('tool_began')
    await t.agent.end(10_000)
    await t.hears('gone')
    await t.leavesNothing()
  })

  checkOf('steering')('words in the middle of a turn are heard in it, once', async () => {
    t = await talk(cli, ['sleep 2', { say: 'One.' }])
    t.say('First')
    await t.hears('tool_began')
    const id = t.say('Second')
    await t.hears('message', { id, state: 'delivered' })
    await t.hears('turn_over', { end: 'done' })
    expect(t.model.requests.at(-1)).toMatchObject({ step: 'step 2', lastUser: expect.stringContaining('Second') })
    const delivered = t.facts.filter((fact) => fact.what === 'message' && fact.id === id && fact.state === 'delivered')
    expect(delivered).toHaveLength(1)
  })

  check('two words at once are both heard', async () => {
    t = await talk(cli, [{ say: 'One.', times: 'always' }])
    const ids = [t.say('First'), t.say('Second')]
    for (const id of ids) await t.hears('message', { id, state: 'answered' })
    expect(t.model.requests.some(({ lastUser }) => lastUser?.includes('Second'))).toBe(true)
  })

  checkOf('tools')('interrupted, it waits for the next word, and what it dropped it does not hear', async () => {
    const heardIt = { match: 'Second', script: [{ say: 'With the second.', times: 'always' as const }] }
    t = await talk(cli, [heardIt, { script: ['tail -f /dev/null', { say: 'Without it.', times: 'always' }] }])
    t.say('First')
    await t.hears('tool_began')
    const id = t.say('Second')
    // Without steering the words wait with the driver, and it is told nothing of them.
    if (!cli.lacks?.includes('steering')) await t.hears('message', { id, state: 'taken' })
    t.agent.interrupt()
    await t.hears('turn_over', { end: 'interrupted' })
    const isDropped = t.facts.some((fact) => fact.what === 'message' && fact.id === id && fact.state === 'dropped')
    await t.hears('message', { id: t.say('Third'), state: 'answered' })
    expect(t.model.requests.some(({ lastUser }) => lastUser?.includes('Third'))).toBe(true)
    const text = expect.stringContaining(isDropped ? 'Without it' : 'With the second')
    expect(t.facts.findLast((fact) => fact.what === 'said')).toMatchObject({ text })
  })

  check('a service that is overloaded for a while is no end', async () => {
    t = await talk(cli, [{ error: 529, times: 2 }, { say: 'One.' }])
    t.say('First')
    await t.hears('turn_over', { end: 'done' })
    if (!cli.lacks?.includes('first retries')) expect(t.facts).toContainEqual(retrying)
  })

  checkOf('giving up')('a service that stays overloaded is told as a failure', async () => {
    t = await talk(cli, [{ error: 529, times: 'always' }])
    t.say('First')
    expect((await t.hears('turn_over')).end).toBe('failed')
    if (!cli.lacks?.includes('retries')) expect(t.facts).toContainEqual(retrying)
  })

  checkOf('overlong')('a context that is full is told as that', async () => {
    t = await talk(cli, [{ error: 'prompt_too_long', times: 'always' }])
    t.say('First')
    expect((await t.hears('turn_over')).end).toBe('overlong')
  })

  checkOf('broken streams')('a stream that breaks off is asked for again', async () => {
    t = await talk(cli, [{ say: 'Half.', stream: { pieces: 20 }, breaks: 'cut' }, { say: 'Whole.' }])
    t.say('First')
    await t.hears('turn_over', { end: 'done' })
    expect(t.facts.findLast((fact) => fact.what === 'said')).toMatchObject({ text: expect.stringContaining('Whole') })
  })

  checkOf('joining')('a person joins it at a terminal, and what they say is seen', async () => {
    t = await talk(cli, [{ say: 'One.' }, { say: 'Two.' }])
    t.say('First')
    await t.hears('turn_over', { end: 'done' })
    const person = joins(t)
    try {
      await person.sees('One.')
      await person.types('From a person')
      await t.hears('turn_over', { end: 'done' })
    } finally {
      person.leaves()
    }
    const second = t.model.requests.find(({ step }) => step === 'step 2')
    expect(second?.lastUser).toContain('From a person')
    await t.hears('message', { id: t.say('Third'), state: 'answered' })
    await t.agent.end(5000)
    await t.hears('gone')
    expect(wayIn(t.dir)).toBeUndefined()
  })

  check('writes nothing into the worktree', async () => {
    t = await talk(cli, [{ say: 'One.' }])
    t.say('First')
    await t.hears('turn_over', { end: 'done' })
    await t.agent.end(5000)
    expect(t.git('status', '--porcelain', '--ignored')).toBe('')
  })
})

describe.each((await spokenPresets()).map(({ name }) => name))('a program that is no %s', (preset) => {
  const strange = (does: string) => {
    const cli = { preset, package: null, program: '', led: () => ({ env: {} }) }
    return talk(cli, [], { argv: ['/bin/sh', '-c', `${does}; exec tail -f /dev/null`] })
  }

  test('and says nothing, ends when it is told to', async () => {
    t = await strange(':')
    const id = t.say('First')
    await t.agent.end(5000)
    await t.hears('gone')
    // Whoever drives it knows nothing of it, but that the words were not heard.
    const untrue = t.facts.filter(
      (fact) =>
        ['started', 'said', 'tool_began', 'usage'].includes(fact.what) ||
        (fact.what === 'turn_over' && fact.end === 'done') ||
        (fact.what === 'message' && fact.id === id && ['delivered', 'answered'].includes(fact.state)),
    )
    expect(untrue).toEqual([])
  })

  test('and says much that is no word of its own, is heard within bounds', async () => {
    t = await strange(`head -c 50000000 /dev/zero; echo; (yes '{"garbage' | head -c 10000000 >&2) && touch heard`)
    t.say('First')
    while (!existsSync(join(t.cwd, 'heard'))) await new Promise((resolve) => setTimeout(resolve, 50))
    await t.agent.end(5000)
    await t.hears('gone')
    expect(JSON.stringify(t.facts).length).toBeLessThan(1024 * 1024)
  })
})

const retrying = expect.objectContaining({ what: 'retrying', why: expect.stringMatching(/./) })

/** What all answers together took, as it is told. */
function tokens(): { in: number; out: number } {
  const used = t.facts.filter((fact) => fact.what === 'usage')
  return {
    in: used.reduce((sum, { input, cached }) => sum + input + cached, 0),
    out: used.reduce((sum, { output }) => sum + output, 0),
  }
}
