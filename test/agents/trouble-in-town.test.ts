// A town with real agents whose service fails, whose allowance is used up, who have no key; and in which what should
// run is killed. Where `session_tries` is not said it is 1: whatever is counted as a try would not land.
import { describe, expect, test } from 'vitest'
import type { Script } from '../../examples/model/script.ts'
import { greets, handsOver, lasts } from '../fixture/agent-town.ts'
import { eventually, hasTmux } from '../fixture/real-town.ts'
import { clis, isHere, type Lack, pathOf } from './clis.ts'
import { townOf } from './town.ts'

/** What it does before it is killed, and what once it goes on; an agent whose tool is ended first asks what is next. */
const killedAtWork: Script = [
  { match: 'Your session had ended', script: [greets, ...handsOver] },
  { script: ['git status', `${lasts(60)}; echo late > late.txt`, { say: 'That was ended.' }] },
]

describe.each(Object.entries(clis))('%s', (_, cli) => {
  const isTried = isHere(cli) && !cli.lacks?.includes('tools')
  const check = test.runIf(isTried)
  const checkOf = (what: Lack) => test.runIf(isTried && !cli.lacks?.includes(what))
  test.runIf(isTried && (cli.subscribed || !cli.lacks?.includes('reset times')))(
    'an allowance that is used up is waited for: nobody is started, one notice, no try, and all goes on',
    async () => {
      const inS = (cli.waitsItselfS ?? 0) + 15
      const headers = {
        'x-codex-primary-used-percent': '100',
        'x-codex-primary-window-minutes': '300',
        'x-codex-primary-reset-at': String(Math.ceil(Date.now() / 1000) + inS + 25),
      }
      const out: Script = [{ error: 'usage_limit', resetsInS: inS, headers, times: 'always' }]
      await using town = await townOf(cli, out, {
        ...(cli.subscribed ? { env: cli.subscribed } : {}),
      })
      const first = town.give()
      await town.tells('turn_over', { end: 'limited' })
      town.model.setScript([
        { match: 'Nothing to do', script: ["gt handoff --no-change 'as it says'", { say: 'Done.' }] },
        { script: [greets, ...handsOver] },
      ])
      const second = town.give('Nothing to do')
      expect(town.json('polecats', 'wyvern')).toHaveLength(1)
      await town.lands(first)
      expect(await town.wait(second)).toMatchObject({ status: 0 })
      expect(town.inbox()).toEqual(['the agents of wyvern have used up an allowance of their account'])
    },
  )

  check('a wrong key stops the rig and asks once; with another it goes on', async () => {
    await using town = await townOf(cli, [{ error: 401, times: 'always', message: 'Incorrect API key provided' }])
    const id = town.give()
    expect(await town.wait(id)).toMatchObject({ status: 1 })
    expect(town.escalations()).toEqual([expect.stringContaining('the agents of wyvern cannot work')])
    await eventually(() => town.alive().length === 0)
    town.model.setScript([greets, ...handsOver])
    town.ok('down')
    town.ok('up')
    await town.lands(id)
  })

  check('a program that is not there stops the rig and asks once; with one that is it goes on', async () => {
    await using town = await townOf(cli, [greets, ...handsOver], {
      config: { worker: ['/nowhere/agent'] },
    })
    const id = town.give()
    expect(await town.wait(id)).toMatchObject({ status: 1 })
    expect(town.escalations()).toEqual([expect.stringContaining('/nowhere/agent')])
    town.ok('rig', 'set', 'wyvern', `worker=${pathOf(cli)}`)
    await town.lands(id)
  })

  checkOf('giving up')('a service that is overloaded is asked again, until it answers', async () => {
    await using town = await townOf(cli, [{ error: 529, times: 'always' }])
    const id = town.give()
    await town.tells('turn_over', { end: 'failed' })
    town.model.setScript([greets, ...handsOver])
    await town.lands(id)
    town.wentOn(1)
  })

  checkOf('overlong')('when its context is full it goes on, in a new conversation or after making room', async () => {
    await using town = await townOf(cli, [greets, { error: 'prompt_too_long', times: 'always' }])
    const id = town.give()
    await town.tells('turn_over', { end: 'overlong' })
    town.model.setScript([lasts(2), ...handsOver])
    await town.lands(id)
  })

  test.runIf(isTried && cli.compacts)('whose context was made shorter hears once more who it is, once', async () => {
    const much = { usage: { input: 150_000 } }
    const script: Script = [
      { match: 'Your context was made shorter', script: [greets, ...handsOver] },
      { script: [{ run: 'git status', ...much }, { run: lasts(2), ...much }, { say: 'Much was said.' }] },
    ]
    await using town = await townOf(cli, script, { config: { worker: [pathOf(cli), ...(cli.compacts ?? [])] } })
    const id = town.give()
    await town.tells('compacted')
    await town.lands(id)
    town.wentOn(1)
    expect(town.timesSaid('Your context was made shorter')).toBe(1)
    // The first words of the conversation may be gone.
    expect(town.timesSaid('You are Nux, a polecat of the rig wyvern')).toBeGreaterThanOrEqual(1)
  })

  check('killed in the middle of its work it goes on in the same conversation', async () => {
    await using town = await townOf(cli, killedAtWork, {
      config: { session_tries: 2 },
    })
    const id = town.give()
    // In its first moments it has not kept the conversation that it is in.
    await town.tells('tool_began', {}, 2)
    expect(town.killAgent()).toHaveLength(1)
    await town.lands(id)
    town.wentOn(2)
    expect(town.timesSaid('Your session had ended, and goes on here')).toBe(1)
  })

  check('it goes on in the same conversation when what speaks with it is killed', async () => {
    await using town = await townOf(cli, killedAtWork, {
      config: { session_tries: 2 },
    })
    const id = town.give()
    await town.tells('tool_began', {}, 2)
    expect(town.killSupervisor()).toHaveLength(1)
    await town.lands(id)
    town.wentOn(2)
  })

  check('it works on while the town is killed, and is known again', async () => {
    await using town = await townOf(cli, [`${lasts(8)}; ${greets}`, { say: 'I am done.' }, ...handsOver])
    const id = town.give()
    await town.tells('tool_began')
    town.killDaemon()
    await town.tells('turn_over')
    town.ok('up')
    await town.lands(id)
    town.wentOn(1)
    expect(town.timesSaid('You have stopped, and have not said how')).toBe(1)
  })

  test.runIf(isTried && hasTmux)('it is no try when tmux’s server is killed', async () => {
    await using town = await townOf(cli, killedAtWork, {
      session: 'tmux',
    })
    const id = town.give()
    await town.tells('tool_began', {}, 2)
    town.killTmux()
    await town.lands(id)
    town.wentOn(2)
  })
})
