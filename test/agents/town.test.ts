// A town with real agents: what they are given lands, unattended, however their turns end and whoever writes to them.
// Where `session_tries` is not said it is 1: whatever is counted as a try would not land.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { greets, handsOver, lasts } from '../fixture/agent-town.ts'
import { clis, isHere } from './clis.ts'
import { townOf } from './town.ts'

describe.each(Object.entries(clis))('%s', (_, cli) => {
  const check = test.runIf(isHere(cli) && !cli.lacks?.includes('tools'))

  check('what it is given lands, and it is told of its role alone', async () => {
    await using town = await townOf(cli, [greets, ...handsOver])
    await town.lands(town.give())
    expect(town.inbox()).toEqual([])
    const told = town.model.requests.map(({ system, saidByUser = [] }) => `${system}\n${saidByUser.join('\n')}`)
    expect(told.join('\n')).toContain('Greet the world')
    const [, ofTheTown = 'nothing'] = readFileSync(join(town.town, 'CLAUDE.md'), 'utf8').trim().split('\n\n')
    expect(told.join('\n')).not.toContain(ofTheTown)
  })

  check('a turn that ends without a handoff is told so, with what is lacking, and goes on', async () => {
    await using town = await townOf(cli, [
      'echo hello > greeting.txt',
      { say: 'I am done, I think.' },
      "git add . && git commit -qm 'A greeting'",
      { say: 'Now I am.' },
      ...handsOver,
    ])
    await town.lands(town.give())
    expect(town.timesSaid('You have stopped, and have not said how')).toBe(2)
    expect(town.timesSaid('greeting.txt')).toBe(1)
    expect(town.timesSaid('not handed over yet')).toBe(1)
  })

  check('one that never hands off is told three times, then the Overseer is asked once', async () => {
    await using town = await townOf(cli, [greets, { say: 'I am done.', times: 'always' }])
    const id = town.give()
    expect(await town.wait(id)).toMatchObject({ status: 1 })
    expect(town.escalations()).toEqual([expect.stringContaining(`${id} needs you`)])
    expect(town.timesSaid('You have stopped, and have not said how')).toBe(3)
    town.wentOn(1)
    expect(town.ok('recover', id)).toContain('A greeting')
  })

  check('a red gate sends it back; what it is told then lets it mend it', async () => {
    await using town = await townOf(
      cli,
      [
        {
          match: 'the gate .mended. failed',
          script: ['touch mended && git add . && git commit -qm Mend', ...handsOver],
        },
        { script: [greets, ...handsOver] },
      ],
      { gates: ['mended=test ! -e greeting.txt -o -e mended'] },
    )
    await town.lands(town.give())
  })

  check('mail reaches it once, in the middle of a turn and after it', async () => {
    await using town = await townOf(cli, [
      { match: 'word-of-the-evening', script: [...handsOver] },
      { script: [`${lasts(8)}; ${greets}`, { say: 'I am done.', delayMs: 4000, times: 'always' }] },
    ])
    const id = town.give()
    await town.tells('tool_began')
    town.ok('mail', 'send', town.worker(), '-s', 'News', '-m', 'word-of-the-morning')
    await town.tells('turn_over')
    town.ok('mail', 'send', town.worker(), '-s', 'News', '-m', 'word-of-the-evening')
    await town.lands(id)
    expect(town.timesHeard('word-of-the-morning')).toBe(1)
    expect(town.timesHeard('word-of-the-evening')).toBe(1)
  })
})
