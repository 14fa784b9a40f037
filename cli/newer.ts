// What a command does on a Node that is too old for it: it goes on with the one this repository brings, or says so.
// Never: read by a Node that is new enough.
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'

export function runWithNewer(name: string): void {
  const script = realpathSync(process.argv[1] as string)
  const brought = join(dirname(script), '../node_modules/node/bin/node')
  if (!existsSync(brought)) {
    process.stderr.write(
      `${name} needs Node 24 or newer; this is ${process.versions.node}, and ${dirname(dirname(script))} brings none\n`,
    )
    process.exitCode = 1
    return
  }
  const { status, error } = spawnSync(brought, [script, ...process.argv.slice(2)], { stdio: 'inherit' })
  if (error) process.stderr.write(`${name} could not be run with ${brought}: ${error.message}\n`)
  process.exitCode = status ?? 1
}
