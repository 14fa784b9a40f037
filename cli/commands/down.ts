import { isAlive, startOf } from '../../actors/processes.ts'
import { command } from '../command.ts'

/** How long a daemon may take to end, in milliseconds. */
const goneWithinMs = 15_000

export default command({
  summary: 'end the town; sessions are stopped, their work is kept',
  usage: '[--keep-sessions]',
  examples: ['gt down', 'gt down --keep-sessions    # agents go on; the next gt up finds them'],
  options: { 'keep-sessions': { type: 'boolean', about: 'let agents go on; the next gt up finds them' } },
  args: [0, 0],
  async run({ flags, ask, town, print }) {
    const done = await ask('down', { keepSessions: flags['keep-sessions'] === true })
    // Down is when the daemon is gone and has let go of its files.
    const daemon = { pid: done.pid, pidStart: startOf(done.pid) ?? 'gone' }
    for (let waitedMs = 0; isAlive(daemon) && waitedMs < goneWithinMs; waitedMs += 5)
      await new Promise((resolve) => setTimeout(resolve, 5))
    if (isAlive(daemon))
      throw new Error(`the daemon (pid ${done.pid}) was told to end and is still there; its log is daemon/daemon.log`)
    print(done, () => [`${town()} is down${done.stopped.length > 0 ? `; stopped ${done.stopped.join(', ')}` : ''}`])
    return 0
  },
})
