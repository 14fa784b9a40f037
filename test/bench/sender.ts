// Sends mails, the next when one is taken, over one connection, and prints when each was and how long that took: a
// process of its own, for a process is who it is. To the Overseer, or in turn to so many mailboxes of a crew that is to
// come. Says that it is ready, and begins when its standard input ends.
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'
import type { Response } from '../../cli/api.ts'
import { makeRequest } from '../../cli/client.ts'

const [socketPath = '', count = '', mailboxes = '0'] = process.argv.slice(2)
console.log('ready')
for await (const _ of process.stdin);
const socket = connect(socketPath)
const takenAt: number[] = []
const tookMs: number[] = []
let saidAt = 0
const to = () => (mailboxes === '0' ? 'overseer' : `wyvern/crew/p${takenAt.length % Number(mailboxes)}`)
const say = () => {
  saidAt = performance.now()
  const said = { to: [to()], subject: `Mail ${takenAt.length}`, body: 'A line of text.\n'.repeat(10) }
  socket.write(`${JSON.stringify(makeRequest('send', said))}\n`)
}
say()
for await (const line of createInterface({ input: socket })) {
  const response = JSON.parse(line) as Response
  if ('prove' in response) {
    writeFileSync('/proc/self/comm', response.prove)
    socket.write(`${JSON.stringify({ proved: response.prove })}\n`)
  } else if ('ok' in response) {
    if (!response.ok) throw new Error(response.error.message)
    takenAt.push(performance.timeOrigin + performance.now())
    tookMs.push(performance.now() - saidAt)
    if (takenAt.length === Number(count)) break
    say()
  }
}
socket.destroy()
console.log(JSON.stringify({ takenAt, tookMs }))
