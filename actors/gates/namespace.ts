// A namespace of processes for a gate: when the gate ends, the kernel ends all it started, whatever became of it.
// Never: makes the gate another user; used where it was not tried out first.
import process from 'node:process'

/** Zombies of others are its to bury; the gate leads a session of its own, with numbers that mean something to it. */
const first = '"$@"; exit $?'

/**
 * What stands before a command to run it in a namespace of its own: found out by trying. Empty where this machine does
 * not allow it; then what a gate leaves behind is found by its mark.
 */
export async function namespaceWords(path: string): Promise<readonly string[]> {
  const { execa } = await import('execa')
  const bare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
  const asMyself = [...bare, '--user', '--map-current-user']
  for (const words of process.getuid?.() === 0 ? [bare, asMyself] : [asMyself]) {
    const whole = [...words, '--', '/bin/sh', '-c', first, 'gt-gate', 'setsid']
    const [program = '', ...args] = [...whole, '/bin/sh', '-c', 'id -u; id -g; ls -d /proc/$$']
    const tried = await execa(program, args, {
      env: { PATH: path },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      timeout: 5000,
    })
    const [user, group, self] = String(tried.stdout).split('\n')
    const isMe = user === String(process.getuid?.()) && group === String(process.getgid?.())
    if (tried.exitCode === 0 && isMe && self?.startsWith('/proc/')) return whole
  }
  return []
}
