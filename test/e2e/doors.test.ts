// The daemon's two sockets: whoever looks does not wait in the line of those at work.
import { existsSync, renameSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { realTown } from '../fixture/real-town.ts'

test('a session asks at a socket of its own, which is as private, and goes with the daemon', () => {
  using town = realTown()
  town.ok('up')
  const { socket, workSocket } = town.layout
  expect([socket, workSocket].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
  renameSync(socket, `${socket}.aside`)
  const atWork = { GT_ADDRESS: 'wyvern/polecats/Nux' }
  expect([town.gt('status').status, town.gtWith(atWork, 'status').status]).toEqual([3, 0])
  renameSync(`${socket}.aside`, socket)
  renameSync(workSocket, `${workSocket}.aside`)
  // A daemon of a version before has none.
  expect(town.gtWith(atWork, 'status').status).toBe(0)
  renameSync(`${workSocket}.aside`, workSocket)
  town.ok('down')
  expect([existsSync(socket), existsSync(workSocket)]).toEqual([false, false])
})
