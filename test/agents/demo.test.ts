// `npm start -- --agent <name> --scripted`: the demo's epic by a real agent.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { cleanEnv } from '../fixture/real-town.ts'
import { clis, isHere, pathOf } from './clis.ts'

const demo = join(import.meta.dirname, '../../examples/demo.ts')

for (const cli of Object.values(clis)) {
  const check = test.runIf(isHere(cli) && !cli.lacks?.includes('tools'))
  check(`an epic with a red gate and a forgotten handoff lands whole (${cli.preset})`, async () => {
    const env = { ...cleanEnv(), PATH: `${dirname(pathOf(cli))}:${process.env.PATH}`, NO_COLOR: '1' }
    const child = spawn(process.execPath, [demo, '--agent', cli.preset, '--scripted'], { env })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk
      })
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect(said).toContain('the gate “test” failed (exit 1); back to a worker')
    expect(said).toContain('tt-kit is complete')
    expect(code).toBe(0)
  })
}
