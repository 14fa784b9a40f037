// What agents learned of other versions holds here: a session that three released ones played, and the lines that their
// own texts teach. See recorded/README.md.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bdHere, type Said } from '../fixture/bd-here.ts'
import { cleanEnv } from '../fixture/real-town.ts'

interface Pattern {
  src: string
  flags: string
}
interface Step {
  line: string
  /** The name of the id that this made, and how it is made when it was not. */
  as?: string
  title?: string
  stdin?: string
  files?: Record<string, string>
  env?: Record<string, string>
  cwd?: string
  /** Said when the line failed. */
  or?: string
  use?: string
  /** The version whose answer this is. */
  like?: string
  rc?: 0 | 1
  kind?: string
  cut?: true
  shape?: string[]
  rows?: [key: string, values: Record<string, string>][]
  text?: Pattern[]
  words?: Pattern[]
}
const recorded = (name: string) =>
  readFileSync(join(import.meta.dirname, 'recorded', name), 'utf8')
    .trim()
    .split('\n')
const steps = recorded('steps.jsonl').map((line) => JSON.parse(line) as Step)

let root: string
let dir: string
const env = () => ({ ...cleanEnv(), HOME: root, USER: 'tess', BD_ACTOR: 'tess', TZ: 'UTC', NO_COLOR: '1' })
const bd = (argv: readonly string[], more: Partial<Parameters<typeof bdHere>[1]> = {}) =>
  bdHere(argv, { cwd: dir, ...more, env: { ...env(), ...more.env } })

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'recorded-')))
  dir = join(root, 'repo')
  mkdirSync(join(dir, 'sub/deep'), { recursive: true })
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Tess', '-c', 'user.email=t@example.invalid', ...args], { cwd: dir })
  git('init', '-q', '-b', 'main')
  git('commit', '-q', '--allow-empty', '-m', 'first')
  git('worktree', 'add', '-q', join(root, 'tree'), '-b', 'side')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('what scripts and agents notice of an answer is as one of three versions gave it', async () => {
  const ids = new Map<string, string>()
  const fill = (text: string) =>
    text.replaceAll('$DIR', dir).replaceAll(/\$([A-Z][A-Z0-9]*)/g, (_, name: string) => ids.get(name) ?? 'dx-lost')
  const wrong = new Map<Step, string[]>()
  for (const step of steps) {
    for (const [name, text] of Object.entries(step.files ?? {})) {
      mkdirSync(dirname(join(dir, name)), { recursive: true })
      writeFileSync(join(dir, name), text)
    }
    const more = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, fill(value)]))
    const { cwd = '.', stdin } = step
    const at = cwd === '$TREE' ? join(root, 'tree') : join(cwd === '/' ? '' : dir, cwd)
    const said = await bd(words(step.line).map(fill), { cwd: at, env: more, ...(stdin === undefined ? {} : { stdin }) })
    if (step.as) {
      const made = idIn(said) ?? idIn(await bd(['create', step.title ?? '', '--json']))
      if (made) ids.set(step.as, made)
    }
    if (step.or && said.rc !== 0) await bd(words(fill(step.or)))
    if (step.like) wrong.set(step, differences(step, normal(said, ids)))
  }
  const told = [...wrong].filter(([, found]) => found.length > 0).map(([{ line }, found]) => [line, ...found])
  expect(told).toEqual([])
  const used = (by: RegExp) => steps.filter(({ use = '' }) => by.test(use))
  // Of those, what none of the three is followed in.
  expect(used(/[pg]/).filter(({ like }) => !like)).toEqual([])
  expect(wrong.size / steps.length).toBeGreaterThan(0.94)
}, 60_000)

test('each line that other versions teach does what it says', async () => {
  expect((await bd(['init', '--prefix', 'ab'])).rc).toBe(0)
  execFileSync('git', ['init', '-q', '--bare', join(root, 'origin.git')])
  execFileSync('git', ['remote', 'add', 'origin', join(root, 'origin.git')], { cwd: dir })
  const refused: string[] = []
  for (const taught of recorded('taught.txt').filter((line) => line !== 'bd init --server')) {
    const made = async () => idIn(await bd(['create', 'x', '-d', 'x', '--json'])) ?? ''
    const [one, two] = [await made(), await made()]
    await bd(['remember', 'x', '--key', 'x'])
    const line = taught
      .replaceAll(/<(id1?|issue|issue-id|parent-id|current-id)>|bd-(1|42|123)\b|beads-yyy/g, one)
      .replaceAll(/<(id2|depends-on|new-id)>|bd-[23]\b|beads-xxx/g, two)
      .replace('bd close bd-2 bd-3', `bd close ${one} ${two}`)
      .replace(/task\|bug\|feature|bug\|feature\|task/, 'task')
      .replace('-p 0-4', '-p 4')
      .replace('--validate', 'T --validate -d "## Acceptance Criteria"')
      .replace(/^bd create (\.\.\.|(?=--(acc|des|not)))/, 'bd create T ')
      .replace('"date"', '2030-01-01')
      .replace('<expected>', '""')
      .replaceAll(/<[a-z -]+>/g, 'x')
    for (const each of line.includes('/--') ? oneEach(line, one) : [line]) {
      const [, ...argv] = words(each)
      if (argv[0] === 'init') continue
      const said = await bd(argv)
      // One that ends with 1 and an answer has found something; or it is told what to type instead.
      if (said.rc !== 0 && said.out === '' && !/; instead: [a-z]+ /.test(said.err))
        refused.push(`${taught}: ${said.err}`)
    }
  }
  expect(refused).toEqual([])
}, 60_000)

/** `bd update <id> --title/--notes` teaches several. */
const oneEach = (line: string, id: string) => (line.match(/--[a-z]+/g) ?? []).map((flag) => `bd update ${id} ${flag}=x`)

/** As a shell parts a line. */
function words(line: string): string[] {
  const parts = line.match(/(?:"[^"]*"|(?<=^|[\s=])'[^']*'|\\'|[^\s"])+/g) ?? []
  return parts.map((part) => part.replaceAll(/"([^"]*)"|(?<=^|=)'([^']*)'/g, (_, a = '', b = '') => `${a}${b}`))
}

function idIn({ rc, out }: Said): string | undefined {
  if (rc !== 0) return undefined
  const value = parsed(out)
  const one = Array.isArray(value) ? value[0] : value
  if (typeof one?.id === 'string') return one.id
  return /Created issue: (\S+)/.exec(out)?.[1] ?? /^([a-z]+-[a-z0-9.-]+)$/m.exec(out.trim())?.[1]
}

/** With names for ids and places, as the recording has them. */
function normal({ rc, out, err }: Said, ids: ReadonlyMap<string, string>): Said {
  const named = (text: string) => {
    let said = text
    for (const [name, id] of [...ids].sort(([, a], [, b]) => b.length - a.length))
      said = said.replaceAll(new RegExp(`(?<![\\w-])${id.replaceAll('.', '\\.')}(?![\\w-]|\\.\\d)`, 'g'), `<${name}>`)
    return said
      .replaceAll(/(?<![\w<-])dx-[a-z0-9]{3,8}(\.\d+)*(?![\w-])/g, (id) =>
        /^dx-(imp|own|nope|none|lost)/.test(id) ? id : '<id>',
      )
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
      .replaceAll(/\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?(?!T)/g, '<t>')
  }
  return { rc, out: named(out), err: named(err) }
}

// biome-ignore lint/suspicious/noExplicitAny: whatever a command prints
function parsed(out: string): any {
  if (!/^\s*([[{"]|null$)/.test(out)) return undefined
  try {
    return JSON.parse(out)
  } catch {
    try {
      return out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    } catch {
      return undefined
    }
  }
}

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const keyOf = (row: Json) =>
  String(
    row.id ??
      (row.epic as Json | undefined)?.id ??
      row.issue_id ??
      row.label ??
      row.value ??
      row.key ??
      JSON.stringify(Object.keys(row).sort()),
  )
const flat = (value: unknown): string =>
  Array.isArray(value) ? value.map(flat).sort().join('|') : isObject(value) ? '{}' : String(value)
const isCounted = (key: string) => !/^<(ZZ\d*|id)>$/.test(key)

/** What a script would notice. */
function differences(step: Step, said: Said): string[] {
  const found: string[] = []
  const all = said.out + said.err
  if ((said.rc === 0) !== (step.rc === 0)) found.push(`ended with ${said.rc}: ${said.err.slice(0, 200)}`)
  for (const { src, flags } of [...(step.text ?? []), ...(step.words ?? [])])
    if (!new RegExp(src, flags).test(all)) found.push(`does not say ${src}`)
  if (said.rc !== 0 || step.kind === undefined) return found
  const value = parsed(said.out)
  const kind =
    value === undefined ? (said.out.trim() ? 'text' : 'nothing') : Array.isArray(value) ? 'array' : typeof value
  const isText = (each: string) => ['text', 'nothing'].includes(each)
  if (kind !== step.kind && (step.line.includes('--json') || !isText(kind) || !isText(step.kind)))
    return [...found, `is ${kind}, not ${step.kind}`]
  if (step.rows === undefined) return found
  const list = (Array.isArray(value) ? value : [value]).map((row: unknown) => (isObject(row) ? row : { value: row }))
  const rows = new Map(list.map((row) => [keyOf(row), row]))
  const wanted = new Map(step.rows)
  const lacking = [...wanted.keys()].filter((key) => !rows.has(key) && isCounted(key) && !step.cut)
  const more = [...rows.keys()].filter((key) => !wanted.has(key) && isCounted(key) && !step.cut && list.length > 1)
  if (lacking.length + more.length > 0) found.push(`rows: not ${lacking}, but ${more}`)
  const own = shape([...wanted.keys()].map((key) => rows.get(key)))
  const absent = (step.shape ?? []).filter((each) => {
    const [path = '', types = ''] = each.split(' ')
    const is = own.get(path)
    return is === undefined || !types.split(',').some((type) => is.has(type))
  })
  if (absent.length > 0 && lacking.length === 0) found.push(`has no ${absent.join('; ')}`)
  for (const [key, values] of wanted)
    for (const [field, text] of Object.entries(values)) {
      const row = rows.get(key)
      if (row && field in row && flat(row[field]) !== text)
        found.push(`${key}.${field} is ${flat(row[field])}, not ${text}`)
    }
  return found
}

/** Every path of some rows, with the types that are found there. */
function shape(value: unknown, path = '', into: Map<string, Set<string>> = new Map()): Map<string, Set<string>> {
  if (Array.isArray(value)) for (const each of value) shape(each, `${path}[]`, into)
  else if (isObject(value)) for (const [key, each] of Object.entries(value)) shape(each, `${path}.${key}`, into)
  const type = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
  const name = path.replace(/^\[\]\.?/, '')
  into.set(name, (into.get(name) ?? new Set()).add(type))
  return into
}
