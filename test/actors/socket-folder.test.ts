// The folder of a socket outside of its town: where another user could have been first, nothing is said.
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { townLayout } from '../../actors/layout.ts'
import { makeSocketFolder, strangeFolder } from '../../actors/socket-folder.ts'
import { makeRequest, send } from '../../cli/client.ts'

let dir: string
let socket: string
const town = '/somewhere/deep'
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'socket-')))
  socket = join(dir, 'own/x.sock')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('a deep town’s socket is in a folder of its user’s, wherever TMPDIR leads', () => {
  const deep = `/${'a'.repeat(120)}`
  expect(townLayout(deep).socket).toMatch(new RegExp(`^/tmp/gastown-${process.getuid?.()}/[0-9a-f]{12}\\.sock$`))
  expect(townLayout('/t').socket).toBe('/t/daemon/gt.sock')
})

test('it is made for its user alone; another one is refused, by who serves and by who asks', async () => {
  expect(strangeFolder(socket, town)).toBeUndefined()
  expect(makeSocketFolder(socket, town)).toBeUndefined()
  expect(statSync(join(dir, 'own')).mode & 0o777).toBe(0o700)
  const refused = async (why: string) => {
    expect(makeSocketFolder(socket, town)).toContain(why)
    await expect(send(socket, town, makeRequest('ping', {}))).rejects.toThrow(why)
  }
  chmodSync(join(dir, 'own'), 0o755)
  await refused('can be used by others')
  // The town's own folder is the town's to answer for.
  expect(strangeFolder(socket, dir)).toBeUndefined()
  rmSync(join(dir, 'own'), { recursive: true })
  mkdirSync(join(dir, 'elsewhere'), { mode: 0o700 })
  symlinkSync(join(dir, 'elsewhere'), join(dir, 'own'))
  await refused('is no folder')
  rmSync(join(dir, 'own'))
  writeFileSync(join(dir, 'own'), '')
  await refused('is no folder')
})

test.runIf(process.getuid?.() !== 0)('another user’s is another user’s', () => {
  expect(strangeFolder('/usr/x.sock', town)).toContain('belongs to another user (0)')
})
