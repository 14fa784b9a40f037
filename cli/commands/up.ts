import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { townLayout } from '../../actors/layout.ts'
import { TownUnreachable } from '../client.ts'
import { command } from '../command.ts'
import { version } from '../version.ts'

export default command({
  summary: 'start the town, or let what is stopped or halted go on',
  usage: '[--foreground]',
  examples: ['gt up', 'gt up --foreground    # for service managers'],
  options: {
    foreground: { type: 'boolean', about: 'be the daemon, for service managers; its log goes to standard output' },
  },
  args: [0, 0],
  async run({ flags, town, ask, print }) {
    const root = town()
    const gt = process.argv[1] as string
    const entry = { gt, bd: join(dirname(gt), `bd${gt.slice(gt.lastIndexOf('.'))}`), node: process.execPath }
    if (flags.foreground) {
      // Compiled code is kept inside the town, so that a daemon that restarts answers sooner.
      enableCompileCache(join(townLayout(root).daemon, 'cache'))
      const { runDaemon } = await import('../daemon.ts')
      return runDaemon({ town: root, env: process.env, entry, version })
    }
    // Asking it to go on is also how one learns that it serves.
    const resume = async () => {
      try {
        return await ask('resume', {})
      } catch (error) {
        if (error instanceof TownUnreachable) return undefined
        throw error
      }
    }
    let up = await resume()
    const was = up !== undefined
    if (!up) {
      const { daemonLog } = townLayout(root)
      const from = existsSync(daemonLog) ? statSync(daemonLog).size : 0
      const out = openSync(daemonLog, 'a', 0o600)
      const child = spawn(process.execPath, [gt, 'up', '--foreground', '--town', root], {
        cwd: root,
        detached: true,
        stdio: ['ignore', out, out],
      })
      closeSync(out)
      let code: number | null | undefined
      child.once('exit', (exit) => {
        code = exit
      })
      for (let waitedMs = 0; !up && code === undefined && waitedMs < 30_000; waitedMs += 5) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        up = await resume()
      }
      child.unref()
      if (!up)
        throw new Error(
          `the town does not come up: ${readFileSync(daemonLog).subarray(from).toString().trim() || 'no words'} (log: ${daemonLog})`,
        )
    }
    print({ town: root, pid: up.pid, was }, () => [
      was ? `${root} is up already (pid ${up.pid})` : `${root} is up (pid ${up.pid})`,
    ])
    return 0
  },
})
