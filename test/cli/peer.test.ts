// A client shows once for its connection who it is.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { expect, test } from 'vitest'
import { peerOf } from '../../cli/peer.ts'

test.runIf(existsSync('/proc/self/comm'))(
  'a process is asked once however much it asks at once; another number, and a failure, are asked about anew',
  async () => {
    const before = readFileSync('/proc/self/comm', 'utf8')
    const other = spawn('sleep', ['1000'])
    await once(other, 'spawn')
    try {
      let asked = 0
      const peer = peerOf((response) => {
        asked++
        const { prove } = response as { prove: string }
        writeFileSync('/proc/self/comm', prove)
        peer.answered(JSON.stringify({ proved: prove }))
      }, new AbortController().signal)
      expect(await Promise.all(Array.from({ length: 5 }, () => peer.proves(process.pid)))).toEqual(
        Array.from({ length: 5 }, () => 'proved'),
      )
      expect(asked).toBe(1)
      expect(await peer.proves(Number(other.pid))).toBe('failed')
      expect(asked).toBe(2)
      expect([await peer.proves(process.pid), await peer.proves(process.pid), asked]).toEqual(['proved', 'proved', 3])
      const liar = peerOf((response) => {
        asked++
        liar.answered(JSON.stringify({ proved: (response as { prove: string }).prove }))
      }, new AbortController().signal)
      expect([await liar.proves(process.pid), await liar.proves(process.pid), asked]).toEqual(['failed', 'failed', 5])
      other.kill('SIGKILL')
      await once(other, 'exit')
      expect([await peer.proves(Number(other.pid)), asked]).toEqual(['failed', 5])
    } finally {
      other.kill('SIGKILL')
      writeFileSync('/proc/self/comm', before)
    }
  },
)
