// `bd`: the issue command of agents and people, on the embedded store. Called all day, so it imports the store and
// nothing slow.
// Never: asks the daemon; the town notices by itself. Exit codes: 0 ok, 1 failed, 2 usage.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { BeadsError, type Issue } from '../actors/beads/contract.ts'
import { type Beads, initBeads, openBeads } from '../actors/beads/embedded.ts'
import { exportLines, importLines, issueJson } from '../actors/beads/jsonl.ts'
import { textOf } from '../actors/files.ts'
import { Usage } from './errors.ts'
import { read, type Value, type Values } from './kinds.ts'
import { body, complain, type Line, raw, safeJson, say as sayLines, tell, json as written } from './print.ts'
import { version } from './version.ts'

/** Every flag there is; each word says which are its own. */
const flags = {
  json: { kind: 'flag' },
  help: { kind: 'flag', short: 'h' },
  db: { kind: 'text' },
  actor: { kind: 'text' },
  readonly: { kind: 'flag' },
  quiet: { kind: 'flag', short: 'q' },
  'no-daemon': { kind: 'flag' },
  sandbox: { kind: 'flag' },
  'no-auto-flush': { kind: 'flag' },
  'no-auto-import': { kind: 'flag' },
  'allow-stale': { kind: 'flag' },
  prefix: { kind: 'text' },
  title: { kind: 'text' },
  type: { kind: 'text', short: 't' },
  priority: { kind: 'text', short: 'p' },
  description: { kind: 'text', short: 'd' },
  body: { kind: 'text' },
  design: { kind: 'text' },
  acceptance: { kind: 'text' },
  notes: { kind: 'text' },
  assignee: { kind: 'text', short: 'a' },
  labels: { kind: 'text', many: true, short: 'l' },
  label: { kind: 'text', many: true },
  id: { kind: 'text' },
  parent: { kind: 'text' },
  deps: { kind: 'text', many: true },
  silent: { kind: 'flag' },
  status: { kind: 'text', short: 's' },
  all: { kind: 'flag' },
  limit: { kind: 'number', range: [0, 1_000_000], short: 'n' },
  unassigned: { kind: 'flag', short: 'u' },
  claim: { kind: 'flag' },
  'append-notes': { kind: 'text' },
  'add-label': { kind: 'text', many: true },
  reason: { kind: 'text', short: 'r' },
  force: { kind: 'flag', short: 'f' },
  output: { kind: 'text', short: 'o' },
  input: { kind: 'text', short: 'i' },
} as const satisfies Record<string, Value & { short?: string; many?: boolean }>
type Name = keyof typeof flags

/** Those that every word takes. */
const common = [
  'json',
  'help',
  'db',
  'actor',
  'readonly',
  'quiet',
  'no-daemon',
  'sandbox',
  'no-auto-flush',
  'no-auto-import',
  'allow-stale',
] as const satisfies readonly Name[]

type Flags = {
  [N in Name]?: (typeof flags)[N] extends { many: true } ? string[] : Values[(typeof flags)[N]['kind']] | undefined
}
interface Word {
  flags: readonly Name[]
  run(call: Call): void
}
interface Call {
  flags: Flags
  args: string[]
  beads: Beads
  actor: string
  /** JSON with --json, else the lines. */
  print(json: () => unknown, lines: () => readonly Line[]): void
}

export function main(): void {
  process.exitCode = run(process.argv.slice(2))
}

function run(argv: string[]): number {
  try {
    const [word = 'help', ...rest] = argv
    if (word === 'help' || word === '--help' || word === '-h') return say(helpText)
    if (word === 'version' || word === '--version') return say(`bd version ${version} (gastown, profile 0.30)`)
    if (word === 'init') return init(parse(rest, ['prefix']).flags)
    const twofold = word === 'dep' ? `dep ${rest.shift() ?? ''}` : word
    const said = Object.hasOwn(words, twofold) ? words[twofold] : undefined
    if (!said) throw new Usage(`unknown command "${argv.slice(0, 2).join(' ')}"; \`bd help\` lists them`)
    const { flags, args } = parse(rest, said.flags)
    if (flags.help) return say(helpText)
    const beads = openBeads(findBeads())
    const actor = flags.actor ?? process.env.BD_ACTOR ?? process.env.BEADS_ACTOR ?? process.env.USER ?? 'unknown'
    const print = (json: () => unknown, lines: () => readonly Line[]) =>
      flags.json ? raw(`${written(json(), 2)}\n`) : sayLines(lines())
    said.run({ flags, args, beads, actor, print })
    return 0
  } catch (error) {
    const usage = error instanceof Usage || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true
    complain('Error', error instanceof Error ? error.message : String(error))
    if (!usage && !(error instanceof BeadsError) && error instanceof Error) tell(body(error.stack ?? ''))
    return usage ? 2 : 1
  }
}

function parse(argv: string[], own: readonly Name[]): { flags: Flags; args: string[] } {
  const names: readonly Name[] = [...common, ...own]
  const { values, positionals } = parseArgs({
    args: argv,
    options: Object.fromEntries(
      names.map((name) => {
        const { kind, short, many } = flags[name] as { kind: Value['kind']; short?: string; many?: boolean }
        const type = kind === 'flag' ? 'boolean' : 'string'
        return [name, { type, ...(short ? { short } : {}), ...(many ? { multiple: true } : {}) }]
      }),
    ),
    allowPositionals: true,
    strict: true,
  })
  const readAll = Object.entries(values).map(([name, given]) => [
    name,
    typeof given === 'string' ? read(`--${name}`, flags[name as Name], given, 0) : given,
  ])
  return { flags: Object.fromEntries(readAll) as Flags, args: positionals }
}

function say(words: string): number {
  if (words !== '') sayLines(words.split('\n'))
  return 0
}

/** BEADS_DIR, else `.beads` here or above; a `redirect` file leads on, once. */
function findBeads(): string {
  const follow = (dir: string) => {
    const to = textOf(join(dir, 'redirect'))?.trim()
    return to ? resolve(dir, to) : dir
  }
  const { BEADS_DIR, BEADS_DB } = process.env
  if (BEADS_DIR) return follow(BEADS_DIR)
  if (BEADS_DB) return dirname(BEADS_DB)
  for (let dir = process.cwd(); ; dir = dirname(dir)) {
    // In a polecat's place the project may have beads of its own; the rig's are meant.
    if (existsSync(join(dir, '.beads/beads.db')) || existsSync(join(dir, '.beads/redirect')))
      return follow(join(dir, '.beads'))
    if (dir === dirname(dir))
      throw new BeadsError('no beads database found\nHint: run `bd init --prefix <prefix>` here, or change into a rig')
  }
}

function init(flags: Flags): number {
  const prefix = (
    flags.prefix ??
    basename(process.cwd())
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
  ).replace(/-+$/, '')
  if (!/^[a-z][a-z0-9]*$/.test(prefix))
    throw new Usage(`"${prefix}" cannot be a prefix; give one: bd init --prefix abc`)
  initBeads(process.env.BEADS_DIR ?? join(process.cwd(), '.beads'), prefix)
  return say(flags.quiet ? '' : `bd initialized successfully!\n  Prefix: ${prefix}`)
}

function priorityOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  if (!/^[Pp]?[0-4]$/.test(given))
    throw new BeadsError(`invalid priority "${given}" (expected 0-4 or P0-P4, not words like high/medium/low)`)
  return Number(given.replace(/^[Pp]/, ''))
}
const split = (given: readonly string[] | undefined) =>
  (given ?? [])
    .flatMap((each) => each.split(','))
    .map((each) => each.trim())
    .filter(Boolean)
const line = (issue: Issue) =>
  `${issue.id} [P${issue.priority}] [${issue.issue_type}] ${issue.status}${issue.assignee ? ` @${issue.assignee}` : ''} - ${issue.title}`
const defined = <T extends object>(object: T) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

const words: Record<string, Word> = {
  create: {
    flags: [
      'title',
      'type',
      'priority',
      'description',
      'body',
      'design',
      'acceptance',
      'notes',
      'assignee',
      'labels',
      'label',
      'id',
      'parent',
      'deps',
      'silent',
      'force',
    ],
    run({ flags, args, beads, actor, print }) {
      const title = flags.title ?? args[0]
      if (!title) throw new Usage('title required: bd create "Title"')
      if (flags.id && flags.parent) throw new Usage('cannot specify both --id and --parent flags')
      const deps = split(flags.deps).map((dep) =>
        dep.includes(':')
          ? { type: dep.slice(0, dep.indexOf(':')), id: beads.resolve(dep.slice(dep.indexOf(':') + 1)) }
          : { type: 'blocks', id: beads.resolve(dep) },
      )
      const issue = beads.create(
        {
          title,
          deps,
          labels: split([...(flags.labels ?? []), ...(flags.label ?? [])]),
          ...defined({
            id: flags.id,
            parent: flags.parent === undefined ? undefined : parentOf(beads, flags.parent),
            description: flags.description ?? flags.body,
            design: flags.design,
            acceptance_criteria: flags.acceptance,
            notes: flags.notes,
            assignee: flags.assignee,
            issue_type: flags.type,
            priority: priorityOf(flags.priority),
          }),
        },
        actor,
      )
      print(
        () => issueJson(beads, issue),
        () =>
          flags.silent
            ? [issue.id]
            : [
                `✓ Created issue: ${issue.id}`,
                `  Title: ${issue.title}`,
                `  Priority: P${issue.priority}`,
                `  Status: ${issue.status}`,
              ],
      )
    },
  },
  list: {
    flags: ['status', 'type', 'assignee', 'priority', 'labels', 'label', 'parent', 'all', 'limit'],
    run({ flags, beads, print }) {
      const issues = beads.list(
        defined({
          status: flags.status === undefined ? undefined : split([flags.status]),
          type: flags.type,
          assignee: flags.assignee,
          priority: priorityOf(flags.priority),
          label: split([...(flags.labels ?? []), ...(flags.label ?? [])])[0],
          parent: flags.parent === undefined ? undefined : beads.resolve(flags.parent),
          all: flags.all,
          limit: flags.limit,
        }),
      )
      print(
        () =>
          issues.map((issue) => ({
            ...issueJson(beads, issue),
            dependency_count: beads.dependencies(issue.id).length,
            dependent_count: beads.dependents(issue.id).length,
          })),
        () => issues.map(line),
      )
    },
  },
  ready: {
    flags: ['parent', 'assignee', 'unassigned', 'type', 'limit', 'claim', 'priority', 'labels', 'label'],
    run({ flags, beads, actor, print }) {
      // 0 is no limit, as in `list`.
      const limit = flags.limit === 0 ? Number.POSITIVE_INFINITY : (flags.limit ?? 100)
      let issues = beads.ready(
        defined({
          parent: flags.parent === undefined ? undefined : beads.resolve(flags.parent),
          assignee: flags.assignee,
          unassigned: flags.unassigned || flags.claim,
          type: flags.type,
          limit,
        }),
      )
      if (flags.claim)
        issues = issues
          .filter((issue) => beads.claim(issue.id, actor) === null)
          .slice(0, 1)
          .map((issue) => beads.get(issue.id) as Issue)
      print(
        () => issues.map((issue) => issueJson(beads, issue)),
        () =>
          issues.length === 0
            ? ['No open issues are ready']
            : [
                `Ready work (${issues.length} issues with no blockers):`,
                ...issues.map((issue, n) => `${n + 1}. ${line(issue)}`),
              ],
      )
    },
  },
  show: {
    flags: [],
    run({ args, beads, print }) {
      if (args.length === 0) throw new Usage('bd show <id> …')
      const issues = args.map((id) => beads.get(beads.resolve(id)) as Issue)
      const related = (id: string, type: string) => ({
        ...issueJson(beads, beads.get(id) as Issue),
        dependency_type: type,
      })
      const shown = () =>
        issues.map((issue) => ({
          ...issueJson(beads, issue),
          dependencies: beads
            .dependencies(issue.id)
            .filter((dep) => beads.get(dep.depends_on_id))
            .map((dep) => related(dep.depends_on_id, dep.type)),
          dependents: beads.dependents(issue.id).map((dep) => related(dep.issue_id, dep.type)),
        }))
      print(shown, () =>
        issues.flatMap((issue) => [
          line(issue),
          ...(issue.description ? ['', body(issue.description)] : []),
          ...(issue.notes ? ['', 'Notes:', body(issue.notes)] : []),
          ...(issue.close_reason ? ['', `Closed: ${issue.close_reason}`] : []),
          ...beads.dependencies(issue.id).map((dep) => `  ${dep.type} → ${dep.depends_on_id}`),
          ...beads.dependents(issue.id).map((dep) => `  ${dep.type} ← ${dep.issue_id}`),
        ]),
      )
    },
  },
  update: {
    flags: [
      'title',
      'type',
      'priority',
      'description',
      'body',
      'design',
      'acceptance',
      'notes',
      'assignee',
      'status',
      'claim',
      'append-notes',
      'add-label',
      'parent',
    ],
    run({ flags, args, beads, actor, print }) {
      if (args.length === 0) throw new Usage('bd update <id> …')
      const issues = args.map((given) => {
        const id = beads.resolve(given)
        if (flags.claim) {
          const refused = beads.claim(id, actor)
          if (refused)
            throw new BeadsError(
              `Error claiming ${id}: ${'held' in refused ? `issue already claimed by ${refused.held}` : `issue not claimable: ${refused.unavailable}`}`,
            )
        }
        const notes =
          flags['append-notes'] === undefined
            ? flags.notes
            : [beads.get(id)?.notes, flags['append-notes']].filter(Boolean).join('\n')
        const changes = defined({
          title: flags.title,
          description: flags.description ?? flags.body,
          design: flags.design,
          acceptance_criteria: flags.acceptance,
          notes,
          status: flags.status,
          assignee: flags.assignee,
          issue_type: flags.type,
          priority: priorityOf(flags.priority),
        })
        if (changes.issue_type === 'message') throw new BeadsError('an issue cannot become a message')
        for (const label of split(flags['add-label'])) beads.addLabel(id, label)
        if (flags.parent) beads.addDep(id, parentOf(beads, flags.parent), 'parent-child', actor)
        return Object.keys(changes).length > 0 ? beads.update(id, changes, actor) : (beads.get(id) as Issue)
      })
      print(
        () => issues.map((issue) => issueJson(beads, issue)),
        () => issues.map((issue) => `✓ Updated issue: ${issue.id}`),
      )
    },
  },
  close: {
    flags: ['reason', 'force'],
    run({ flags, args, beads, actor, print }) {
      if (args.length === 0) throw new Usage('bd close <id> …')
      const reason = flags.reason ?? 'Closed'
      const issues = args.map((id) => beads.closeIssue(beads.resolve(id), reason, actor, flags.force === true))
      print(
        () => issues.map((issue) => issueJson(beads, issue)),
        () => issues.map((issue) => `✓ Closed ${issue.id}: ${reason}`),
      )
    },
  },
  reopen: {
    flags: ['reason'],
    run({ args, beads, actor, print }) {
      const issues = args.map((id) => beads.update(beads.resolve(id), { status: 'open' }, actor))
      print(
        () => issues.map((issue) => issueJson(beads, issue)),
        () => issues.map((issue) => `✓ Reopened ${issue.id}`),
      )
    },
  },
  'dep add': {
    flags: ['type'],
    run({ flags, args, beads, actor, print }) {
      if (args.length !== 2) throw new Usage('bd dep add <issue> <depends-on>')
      const [id = '', on = ''] = args.map((each) => beads.resolve(each))
      beads.addDep(id, on, flags.type ?? 'blocks', actor)
      print(
        () => ({ status: 'added', issue_id: id, depends_on_id: on, type: flags.type ?? 'blocks' }),
        () => [`✓ Added dependency: ${id} depends on ${on} (${flags.type ?? 'blocks'})`],
      )
    },
  },
  'dep remove': {
    flags: ['type'],
    run({ args, beads, actor, print }) {
      if (args.length !== 2) throw new Usage('bd dep remove <issue> <depends-on>')
      const [id = '', on = ''] = args.map((each) => beads.resolve(each))
      beads.removeDep(id, on, actor)
      print(
        () => ({ status: 'removed', issue_id: id, depends_on_id: on }),
        () => [`✓ Removed dependency: ${id} no longer depends on ${on}`],
      )
    },
  },
  import: {
    flags: ['input'],
    run({ flags, args, beads, print }) {
      const file = flags.input ?? args[0]
      const counts = importLines(beads, readFileSync(file === undefined || file === '-' ? 0 : file, 'utf8'))
      print(
        () => counts,
        () => [`✓ Imported: ${counts.created} created, ${counts.updated} updated, ${counts.skipped} skipped`],
      )
    },
  },
  export: {
    flags: ['output'],
    run({ flags, beads }) {
      const lines = exportLines(beads)
      if (flags.output === undefined) raw(safeJson(lines))
      else writeFileSync(flags.output, lines)
    },
  },
}
words.new = words.create as Word
words.done = words.close as Word
words['dep rm'] = words['dep remove'] as Word

function parentOf(beads: Beads, given: string): string {
  try {
    return beads.resolve(given)
  } catch (error) {
    if (error instanceof BeadsError) throw new BeadsError(`parent issue ${given} not found`)
    throw error
  }
}

const helpText = `bd: issues of this rig.

  bd ready [--parent <epic>] [--claim]         what can be worked on now
  bd create "Title" [-t epic|task|bug|feature|chore] [-p 0-4] [-d "…"] [--parent <id>] [--deps <id>,…]
  bd list [--status open,in_progress] [--parent <id>] [--all]
  bd show <id> …
  bd update <id> [--status …] [--claim] [--notes …] [--priority …]
  bd close <id> [--reason "…"]     bd reopen <id>
  bd dep add <later> <earlier>     bd dep remove <later> <earlier>
  bd import [file]                 bd export [-o file]
  bd init --prefix <prefix>        bd version

Every command takes --json.`
