// Whom a token of the Overseer's goes to, and which program sends mail: what they say, not what a store says that agents
// can write, or that came with somebody's repository.
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { openTier } from '../../actors/beads/tiers.ts'
import { bdHere } from '../fixture/bd-here.ts'
import { type GitHub, github } from '../fixture/github.ts'
import { cleanEnv, realTown } from '../fixture/real-town.ts'

const token = 'ghp_0123456789secret'
let hub: GitHub
let other: GitHub
beforeEach(async () => {
  hub = await github()
  other = await github()
})
afterEach(async () => {
  await hub.close()
  await other.close()
})

test('in a town no setting that agents can write says where a token goes, or which program sends mail', async () => {
  const t = realTown({ rig: 'wyvern' })
  try {
    const { GITHUB_TOKEN: _, GH_TOKEN: __, ...clean } = cleanEnv()
    const inTown = (...argv: string[]) =>
      bdHere(argv, { cwd: t.rig, env: { ...clean, GITHUB_TOKEN: token, BD_ACTOR: 'ann' } })
    const beads = openTier({ town: t.town, rig: 'wyvern' })
    const run = join(t.dir, 'run')
    const written = { url: other.url, api_url: other.url, repository: 'octocat/Hello-World', token: 'ghp_theirs' }
    for (const [key, value] of Object.entries(written)) beads.setConfig(`github.${key}`, value)
    beads.setConfig('mail.delegate', `touch ${run}`)
    beads.close()
    expect(await inTown('github', 'pull')).toMatchObject({
      rc: 1,
      err: expect.stringMatching(/which repository on GitHub\? gt rig set wyvern github\.repository=/),
    })
    t.configure({ github: { repository: 'octocat/Hello-World', url: hub.url } })
    expect(await inTown('github', 'pull')).toMatchObject({ rc: 0, out: expect.stringMatching(/Pulled 4 issues/) })
    expect(hub.sent()[0]?.headers.authorization).toBe(`Bearer ${token}`)
    expect(other.sent()).toEqual([])
    for (const key of ['github.url', 'mail.delegate'])
      expect(await inTown('config', 'set', key, 'x')).toMatchObject({ rc: 1, err: expect.stringMatching(/in a town/) })
    await inTown('mail', 'inbox')
    expect(existsSync(run)).toBe(false)
  } finally {
    t.dispose()
  }
})

test('a store that came with a repository sends no token of ours to its host, and runs no program', async () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'github-')))
  initBeads(join(dir, '.beads'), 'ab')
  try {
    const { GITHUB_TOKEN: _, GH_TOKEN: __, GITHUB_API_URL: ___, ...clean } = cleanEnv()
    const here = (argv: string[], more: Record<string, string> = {}) =>
      bdHere(argv, { cwd: dir, env: { ...clean, BD_ACTOR: 'ann', ...more } })
    await here(['config', 'set', 'github.url', other.url])
    await here(['config', 'set', 'github.repository', 'octocat/Hello-World'])
    for (const name of ['GITHUB_TOKEN', 'GH_TOKEN'])
      expect(await here(['github', 'pull'], { [name]: token })).toMatchObject({
        rc: 1,
        err: expect.stringMatching(/goes only where you say: give GITHUB_API_URL=/),
      })
    expect(other.sent()).toEqual([])
    expect((await here(['github', 'pull'], { GITHUB_TOKEN: token, GITHUB_API_URL: `${other.url}/` })).rc).toBe(0)
    expect(other.sent()[0]?.headers.authorization).toBe(`Bearer ${token}`)
    const run = join(dir, 'run')
    expect(await here(['config', 'set', 'mail.delegate', `touch ${run}`])).toMatchObject({ rc: 1 })
    const beads = openBeads(join(dir, '.beads'))
    beads.setConfig('mail.delegate', `touch ${run}`)
    beads.close()
    expect(await here(['mail', 'inbox'])).toMatchObject({
      rc: 1,
      err: expect.stringMatching(/mail.delegate of this store names touch.*BEADS_MAIL_DELEGATE/),
    })
    expect(existsSync(run)).toBe(false)
    await here(['mail', 'inbox'], { BEADS_MAIL_DELEGATE: `touch ${run}` })
    expect(existsSync(run)).toBe(true)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
