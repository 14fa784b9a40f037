// A person with a bare `bd` of their own, who goes by no lock of the town's, asks for an issue in the moment the town
// does: one of them has it, and both are told the same.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { storeVariables } from '../../actors/beads/real/where.ts'
import { byProgram, programsHere, realKept } from '../fixture/real-bd.ts'

const rounds = 6
const claiming = programsHere().filter(({ claims }) => claims)
test.skipIf(claiming.length > 0)('no bd is here that has claims', () => undefined)

test.each(claiming)('bd $text: of a town and a person who ask at once one has it', async ({ path }) => {
  const { issues, make, dir, dispose } = await realKept(byProgram(path))
  const won = { town: 0, person: 0 }
  for (let round = 0; round < rounds; round++) {
    const id = await make({ title: `round ${round}` })
    await issues.get(id)
    const bare = spawn(path, ['update', id, '--claim', '--json'], {
      env: { ...process.env, ...storeVariables(dir, 'ann') },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let out = ''
    bare.stdout.on('data', (chunk) => (out += String(chunk)))
    const [refused] = await Promise.all([issues.claim(id, 'w/polecats/Nux'), once(bare, 'close')])
    const isPersons = out.includes('"assignee": "ann"')
    expect([refused, isPersons]).toEqual(isPersons ? [{ held: 'ann' }, true] : [null, false])
    expect((await issues.get(id))?.assignee).toBe(isPersons ? 'ann' : 'w/polecats/Nux')
    won[isPersons ? 'person' : 'town']++
  }
  console.error(`of ${rounds} the town had ${won.town}, the person ${won.person}`)
  await dispose()
})
