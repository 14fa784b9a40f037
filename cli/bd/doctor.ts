// `bd doctor`: whether this store is as it should be.
// Never: mends anything; each finding says what to do.
import { dirname } from 'node:path'
import process from 'node:process'
import { command } from '../bd-command.ts'
import { lacking } from '../bd-plans.ts'
import { version } from '../version.ts'

interface Check {
  name: string
  status: 'ok' | 'warning' | 'error'
  message: string
  fix?: string
}

export default command({
  name: 'doctor',
  summary: 'whether this store is as it should be',
  usage: '[--check conventions]',
  writes: false,
  options: {
    check: { kind: 'text', choices: ['all', 'conventions'], about: 'conventions: what issues lack, what is stale' },
    fix: { kind: 'flag', about: 'nothing to do here: each finding says how it is mended' },
    yes: { kind: 'flag', short: 'y', about: 'nothing to do here' },
    deep: { kind: 'flag', about: 'nothing to do here: all is looked at' },
  },
  run({ flags, beads, print }) {
    const checks: Check[] = []
    const say = (
      name: string,
      bad: string | undefined,
      good: string,
      status: 'warning' | 'error' = 'warning',
      fix?: string,
    ) =>
      checks.push(
        bad === undefined
          ? { name, status: 'ok', message: good }
          : { name, status, message: bad, ...(fix ? { fix } : {}) },
      )
    if (flags.check === 'conventions') {
      const bare = beads.list({}).filter((issue) => lacking(issue).length > 0)
      say(
        'Sections',
        bare.length > 0 ? `${bare.length} issues lack what their type should say` : undefined,
        'every issue says what its type should',
        'warning',
        'bd lint',
      )
      const old = beads.list({ updatedBefore: new Date(Date.now() - 30 * 86_400_000).toISOString() })
      say(
        'Stale',
        old.length > 0 ? `${old.length} issues were not touched for 30 days` : undefined,
        'nothing is stale',
        'warning',
        'bd stale',
      )
    } else {
      say(
        'Database',
        beads.damage(),
        `${beads.path} is whole`,
        'error',
        'gt restore, or the last export with bd import',
      )
      const prefix = beads.config('issue_prefix')
      say(
        'Prefix',
        prefix === undefined ? 'ids have no prefix' : undefined,
        `ids begin with ${prefix}-`,
        'error',
        'bd init --prefix <prefix>',
      )
      const cycles = beads.cycles()
      say(
        'Circles',
        cycles.length > 0 ? `${cycles.length} circles of issues wait for each other` : undefined,
        'nothing waits for itself',
        'error',
        'bd dep cycles',
      )
      const lost = beads.dangling()
      say(
        'Dependencies',
        lost.length > 0
          ? `${lost.length} lead to issues that are not here: ${lost
              .slice(0, 5)
              .map((dep) => `${dep.issue_id} → ${dep.depends_on_id}`)
              .join(', ')}`
          : undefined,
        'all lead to issues that are here',
        'warning',
        'bd dep remove <id> <id>',
      )
      const late = beads.expired(new Date().toISOString())
      say(
        'Leases',
        late.length > 0 ? `nobody was heard of for ${late.map(({ id }) => id).join(', ')}` : undefined,
        'whoever holds an issue is at it',
        'warning',
        'bd reclaim',
      )
    }
    const isOk = checks.every(({ status }) => status !== 'error')
    print(
      () => ({
        path: dirname(dirname(beads.path)),
        checks,
        overall_ok: isOk,
        cli_version: version,
        platform: process.platform,
        timestamp: new Date().toISOString(),
      }),
      () =>
        checks.flatMap(({ name, status, message, fix }) => [
          `${status === 'ok' ? '✓' : status === 'warning' ? '!' : '✗'} ${name}: ${message}`,
          ...(fix ? [`    ${fix}`] : []),
        ]),
    )
    return isOk ? 0 : 1
  },
})
