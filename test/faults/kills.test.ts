// The whole epic while the daemon is killed again and again.
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { expect, test } from 'vitest'
import { expectAllWell, tinytext } from '../fixture/tinytext.ts'

test('kill -9 of the daemon, 20 times and more: nothing lost, nothing landed twice, nothing left over', {
  timeout: 240_000,
}, () => {
  using t = tinytext('process')
  expect(t.gt('up')).toMatchObject({ status: 0 })
  expect(t.gt('spawn', '--epic', 'tt-kit')).toMatchObject({ status: 0 })
  // Different moments of each step, the same in every run: a multiplicative walk through 0…399 ms.
  let moment = 137
  let kills = 0
  for (let landed = false; kills < 20 || !landed; ) {
    moment = (moment * 171 + 11) % 400
    // On a busy machine the town gets a little more time between kills, so that the epic ends.
    spawnSync('sleep', [String((moment + Math.max(0, kills - 30) * 25) / 1000)])
    process.kill(t.daemonPid(), 'SIGKILL')
    kills++
    expect(t.gt('up')).toMatchObject({ status: 0 })
    landed = t.gt('wait', 'tt-kit', '--timeout', '0').status === 0
    if (kills > 150) throw new Error(`not landed after ${kills} kills: ${t.gt('log').stdout}`)
  }
  expect(t.gt('wait', 'tt-kit', '--timeout', '60')).toMatchObject({ status: 0 })
  console.log(`${kills} kills`)
  expectAllWell(t)
})
