// What an agent is told, and whether what is told of its words is true; with the real CLIs, as in conformance.test.ts.
import { afterEach, describe, expect, test } from 'vitest'
import { clis, isHere } from './clis.ts'
import { type Talk, talk } from './conversation.ts'

let t: Talk
afterEach(() => t?.dispose())

describe.each(Object.entries(clis))('%s', (_, cli) => {
  const check = test.runIf(isHere(cli))
  const checkWithTools = test.runIf(isHere(cli) && !cli.lacks?.includes('tools'))

  check('is told of its role, and of no instructions that are not for it', async () => {
    t = await talk(cli, [{ say: 'One.' }], { above: 'You are somebody else.' })
    t.say('First')
    await t.hears('turn_over')
    const told = t.model.requests.map(({ system = '', lastUser = '' }) => `${system}\n${lastUser}`).join('\n')
    expect(told).toContain('You are a worker of a test.')
    expect(told).not.toContain('somebody else')
  })

  checkWithTools('words in the middle of a turn do not end its work, and are heard once', async () => {
    t = await talk(cli, ['sleep 4 && touch slept', { say: 'One.' }, { say: 'Two.' }])
    t.say('First')
    await t.hears('tool_began')
    const id = t.say('Look at your mail')
    await t.hears('message', { id, state: 'answered' })
    expect(t.git('status', '--porcelain')).toBe('?? slept')
    // Some put it before their model beside the user's words.
    const heard = t.model.requests.map(({ lastUser, system }) => `${lastUser}\n${system}`)
    expect(heard.some((text) => text.includes('your mail'))).toBe(true)
    expect(t.facts.filter((fact) => fact.what === 'message' && fact.state === 'delivered')).toHaveLength(2)
  })

  check('counts every turn once, also after it has begun anew', async () => {
    const usage = { input: 1000, cached: 200, output: 50 }
    t = await talk(cli, [{ say: 'One.', usage, times: 'always' }])
    for (const word of ['First', 'Second']) {
      t.say(word)
      await t.hears('turn_over', { end: 'done' })
    }
    await t.agent.end(5000)
    await t.hears('gone')
    t.again()
    t.say('Go on')
    await t.hears('turn_over', { end: 'done' })
    // The last line of an id counts.
    const used = new Map(t.facts.flatMap((fact) => (fact.what === 'usage' ? [[fact.id, fact]] : [])))
    expect([...used.values()].map(({ output }) => output)).toEqual([50, 50, 50])
  })

  check('words of a turn that failed are dropped and forgotten, or delivered and known', async () => {
    t = await talk(cli, [{ error: 401, times: 'always', message: 'Incorrect API key provided' }])
    const id = t.say('The word is plover')
    await t.hears('turn_over', { end: 'refused' })
    const withoutTools = true
    t.model.setScript([
      { match: 'plover', withoutTools, script: [{ say: 'Known.', times: 'always' }] },
      { withoutTools, script: [{ say: 'Unknown.', times: 'always' }] },
    ])
    t.say('Which word?')
    await t.hears('turn_over', { end: 'done' })
    const { state } = t.facts.findLast((fact) => fact.what === 'message' && fact.id === id) as { state?: string }
    const answer = t.facts.findLast((fact) => fact.what === 'said')
    expect([state, answer?.text]).toEqual(
      state === 'dropped'
        ? ['dropped', expect.stringContaining('Unknown.')]
        : ['delivered', expect.stringContaining('Known.')],
    )
  })
})
