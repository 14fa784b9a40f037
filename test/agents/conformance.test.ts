// One suite over every preset that has a driver, with the real CLIs against the scripted model: what a supervisor
// needs of an agent, whatever its make. Those that are not installed are skipped, by name.
import { afterEach, describe, expect, test } from 'vitest'
import { clis, isHere } from './clis.ts'
import { type Talk, talk } from './conversation.ts'

let t: Talk
afterEach(() => t?.dispose())

describe.each(Object.entries(clis))('%s', (_, cli) => {
  const check = test.runIf(isHere(cli))

  check('says that it is there, does what it is asked with its own tools, and says that its turn is over', async () => {
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
    expect(t.model.requests.some(({ lastUser }) => lastUser?.includes('Greet the world'))).toBe(true)
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
    const used = t.facts.filter((fact) => fact.what === 'usage')
    expect(used.reduce((sum, { output }) => sum + output, 0)).toBe(50)
    expect(used.reduce((sum, { input, cached }) => sum + input + cached, 0)).toBe(1200)
  })

  check('a wrong key is told as what no waiting mends', async () => {
    t = await talk(cli, [{ error: 401, times: 'always' }])
    t.say('First')
    expect((await t.hears('turn_over')).end).toBe('refused')
  })

  check('a used-up allowance is told as that', async () => {
    t = await talk(cli, [{ error: 'usage_limit', resetsInS: 3600, times: 'always' }])
    t.say('First')
    expect((await t.hears('turn_over')).end).toBe('limited')
  })

  check('killed, it goes on in the same conversation', async () => {
    t = await talk(cli, [{ say: 'One.' }, { say: 'Two.' }])
    t.say('First')
    await t.hears('turn_over')
    await t.agent.end(5000)
    await t.hears('gone')
    t.again()
    t.say('Look at git status and go on')
    await t.hears('turn_over', { end: 'done' })
    // The second step is the answer only where the model is told of the first.
    expect(t.model.requests.at(-1)?.step).toBe('step 2')
  })

  check('ended in the middle of a tool, it is gone, and what it had started is not its own any more', async () => {
    t = await talk(cli, ['sleep 60'])
    t.say('Wait')
    await t.hears('tool_began')
    await t.agent.end(5000)
    expect(await t.hears('gone')).toBeDefined()
  })
})
