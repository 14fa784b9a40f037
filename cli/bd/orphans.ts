// `bd orphans`: issues that commits speak of and that are open still.
// Never: closes one; reads more of git than its log.
import { execFileSync } from 'node:child_process'
import { command, line } from '../bd-command.ts'

export default command({
  name: 'orphans',
  summary: 'open issues that commits speak of',
  usage: '',
  writes: false,
  run({ beads, print }) {
    const prefix = beads.config('issue_prefix') ?? ''
    const spoken = new Map<string, string>()
    for (const commit of log()) {
      const [hash = '', subject = ''] = commit.split('\0')
      for (const [, id = ''] of subject.matchAll(/\(([\w.-]+-[\w.]+)\)/g))
        if (id.startsWith(`${prefix}-`) && !spoken.has(id)) spoken.set(id, hash)
    }
    const open = beads.list({ ids: [...spoken.keys()], status: ['open', 'in_progress'] })
    print(
      () => open.map(({ id, title, status }) => ({ issue_id: id, title, status, latest_commit: spoken.get(id) })),
      () =>
        open.length === 0
          ? ['✓ No orphaned issues found']
          : [
              'Open, and commits speak of them:',
              ...open.map((issue) => `  ${line(issue)}  (${spoken.get(issue.id)})`),
              'Close what is done: bd close <id>',
            ],
    )
  },
})

/** Hash and subject of each commit, or nothing where there is no repository. Nothing of its configuration is run. */
function log(): string[] {
  const quiet = ['-c', 'log.showSignature=false', '-c', 'core.fsmonitor=false', '-c', 'core.pager=cat']
  try {
    const said = execFileSync('git', [...quiet, 'log', '--format=%h%x00%s', '-n', '5000'], {
      ...{ encoding: 'utf8', timeout: 20_000, maxBuffer: 64 * 1024 * 1024 },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return said.split('\n').filter(Boolean)
  } catch {
    return []
  }
}
