// A small share of `npm run torture`: real towns under kill -9, an origin that moves and refuses.
import { expect, test } from 'vitest'
import { torture } from './torture.ts'

test('a town that is killed all the time loses nothing, lands nothing twice, and leaves nothing', {
  timeout: 300_000,
}, async () => {
  const seed = Date.now() % 1_000_000
  console.log(`seed ${seed}`)
  const { kills, lost, twice, red, left, landings } = await torture({ seed, kills: 20, issues: 6 })
  console.log(`${JSON.stringify(kills)}, ${landings} landings`)
  expect({ lost, twice, red, left }).toEqual({ lost: [], twice: [], red: [], left: [] })
})
