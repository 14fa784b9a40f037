// House rules that a reader relies on. Each names the file that breaks it.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file && existsSync(join(root, file)))
const text = (file: string) => readFileSync(join(root, file), 'utf8')
const sources = listed.filter((file) => /^(machines|runtime|actors|proof|cli)\/.*\.ts$/.test(file))
const breaking = (files: readonly string[], rule: (text: string, file: string) => boolean) =>
  files.filter((file) => rule(text(file), file))

test('every file of source opens with its job and what it never does', () => {
  const files = sources.filter((file) => !file.startsWith('actors/roles/') && !file.includes('migrations/'))
  expect(breaking(files, (source) => !/^\/\/ .+\n(\/\/ .*\n)*?\/\/ .*Never:/.test(source))).toEqual([])
})

test('files stay small enough to be read in one go', () => {
  // A role's statechart is its manual and stays in one file. These grew under an older rule, and are to be divided.
  const grown: Readonly<Record<string, number>> = {
    'proof/simulation.ts': 450,
    'test/runtime/host.test.ts': 580,
  }
  const most = (file: string) => grown[file] ?? (file.startsWith('test/') ? 500 : 400)
  expect(
    breaking(
      [...sources, ...listed.filter((file) => /^(test|examples)\/.*\.ts$/.test(file))],
      (source, file) => source.split('\n').length > most(file),
    ),
  ).toEqual([])
})

test('lines end at 120 characters, but for a text that is longer', () => {
  // Tables in SQL, and a page, are texts over several lines.
  const texts = /migrations\/|beads\/(schema|parts|embedded)\.ts$|ledger\/schema\.ts$|cli\/page\.ts$/
  const bare = (line: string) => line.replaceAll(/'[^']*'|"[^"]*"|`[^`]*`|\/(?:[^/\\\n]|\\.)+\/[a-z]*/g, '')
  const long = sources
    .filter((file) => !texts.test(file))
    .flatMap((file) =>
      text(file)
        .split('\n')
        .flatMap((line, n) => ([...line].length > 120 && [...bare(line)].length > 100 ? [`${file}:${n + 1}`] : [])),
    )
  expect(long).toEqual([])
})

test('what an agent can write is opened by one file; words to a terminal go through another', () => {
  // Each of these opens what it has just made, what the kernel or the package has, or what a person names.
  const opening: Readonly<Record<string, string>> = {
    'actors/files.ts': 'the one that does',
    'actors/proc.ts': '/proc',
    'actors/git/running.ts': '/proc',
    'actors/sessions/settle.ts': '/proc',
    'actors/gates/log.ts': 'made anew',
    'actors/git/refs.ts': 'locks, made anew',
    'actors/git/checkout.ts': 'folders made anew, from the Refinery’s',
    'actors/git/submodules.ts': 'from what the Refinery keeps',
    'actors/git/clone.ts': 'folders made anew',
    'cli/page.ts': 'the package’s',
    'cli/generate.ts': 'the package’s',
    'cli/bd-command.ts': 'the person’s, by name',
    'cli/mail-sending.ts': 'the person’s, by name',
    'cli/words/account-add.ts': 'the person’s, by name',
    'cli/peer.ts': '/proc',
    'actors/records.ts': 'the town’s own, in a folder of mode 0700',
    'actors/copies.ts': 'the town’s own, in folders of mode 0700',
    'actors/beads/copies.ts': 'made anew',
    'actors/beads/real/make.ts': 'made anew',
    'actors/beads/move.ts': 'from the town’s own, to folders made anew',
  }
  const opens = /(?<![.\w])(readFile|open|copyFile|cp|appendFile|truncate)(Sync)?\(|create(Read|Write)Stream\(/
  const world = sources.filter((file) => /^(actors|cli)\//.test(file))
  expect(breaking(world, (source) => opens.test(source)).filter((file) => !(file in opening))).toEqual([])
  // Folders that only the town writes, or that are being made.
  const writing =
    /^(actors\/(files|install|gates\/step|beads\/file|git\/(attributes|built|checkout|clone|lens))|cli\/(generate|client|peer|bd\/(export|init)|words\/viz))\.ts$/
  expect(
    breaking(world, (source) => /\bwriteFile(Sync)?\(/.test(source)).filter((file) => !writing.test(file)),
  ).toEqual(['actors/git/refs.ts'])
  const printing = /std(out|err)\.write|console\.|writeSync\(descriptors/
  expect(breaking(world, (source) => printing.test(source))).toEqual([
    'cli/newer.ts',
    'cli/print.ts',
    // What it prints is the output of a session, which is shown through that door.
    'cli/supervisor.ts',
  ])
})

test('what a file gives away is taken by another', () => {
  const codes = new Map(listed.filter((file) => /\.(m?ts|md)$/.test(file)).map((file) => [file, text(file)]))
  const isTaken = (name: string, by: string) =>
    [...codes].some(([file, code]) => file !== by && new RegExp(`\\b${name}\\b`).test(code))
  const idle = sources.flatMap((file) =>
    [...text(file).matchAll(/^export (?:async )?(?:const|function|class) (\w+)/gm)]
      .map(([, name = '']) => name)
      .filter((name) => !isTaken(name, file))
      .map((name) => `${file}: ${name}`),
  )
  expect(idle).toEqual([])
})

test('no drawer for odds and ends, no barrel', () => {
  expect(
    // A command's file has its command's name.
    listed
      .filter((file) => file !== 'cli/bd/types.ts')
      .filter((file) =>
        /(^|\/)(utils?|helpers?|types|index|misc|common)\.ts$|(manager|service|processor)\w*\.ts$/i.test(file),
      ),
  ).toEqual([])
})

test('the kernel says no word of the town', () => {
  const town =
    /\b(mayor|witness|polecats?|refinery|rigs?|beads?|overseer|town|gastown|tmux|git|agents?|worktrees?|issues? tracker)\b/i
  const said = sources
    .filter((file) => file.startsWith('runtime/'))
    .flatMap((file) =>
      text(file)
        .split('\n')
        .flatMap((line, n) => (town.test(line) ? [`${file}:${n + 1} ${town.exec(line)?.[0]}`] : [])),
    )
  expect(said).toEqual([])
})

test('no file imports another in a circle, types included', () => {
  const imports = new Map(sources.map((file) => [file, importsOf(file)]))
  expect(circles(imports)).toEqual([])
})

/** The files of source that one imports, those it loads later included. */
function importsOf(file: string): string[] {
  return [...text(file).matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']+)'/g)]
    .map(([, path]) => join(dirname(file), path as string))
    .filter((path) => sources.includes(path))
}

/** Sets of files that all reach each other, each as its sorted names (Tarjan's algorithm). */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const found: string[] = []
  const visit = (file: string): number => {
    order.set(file, order.size)
    lowest.set(file, order.size - 1)
    open.push(file)
    for (const next of imports.get(file) ?? []) {
      const reached = order.has(next) ? (open.includes(next) ? (order.get(next) as number) : Infinity) : visit(next)
      lowest.set(file, Math.min(lowest.get(file) as number, reached))
    }
    if (lowest.get(file) === order.get(file)) {
      const together = open.splice(open.indexOf(file))
      if (together.length > 1) found.push(together.sort().join(' '))
    }
    return lowest.get(file) as number
  }
  for (const file of imports.keys()) if (!order.has(file)) visit(file)
  return found.sort()
}

test('in the kernel, only its store says SQL', () => {
  const files = sources.filter((file) => file.startsWith('runtime/') && !file.startsWith('runtime/store/'))
  expect(
    breaking(files, (source) => /\b(SELECT|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM)\b/.test(source)),
  ).toEqual([])
})

test('SQL stands where the tables it speaks of are, and where a test looks into them', () => {
  const whose = /^(runtime\/store|actors\/(beads|ledger))\//
  // These look into the town's records as they are, to judge what the kernel makes of them.
  const judges = ['proof/crash.ts', 'proof/evidence.ts', 'proof/simulation.ts', 'proof/twins.ts']
  const says = /\b(SELECT .+ FROM|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|VACUUM INTO)\b/
  expect(breaking(sources, (source) => says.test(source)).filter((file) => !whose.test(file))).toEqual(judges)
})

test('machines are pure: no clock, no chance, no world', () => {
  const files = sources.filter((file) => file.startsWith('machines/'))
  expect(
    breaking(files, (source) =>
      /Date\.now|new Date\(\)|Math\.random|process\.|setTimeout|fetch\(|console\./.test(source),
    ),
  ).toEqual([])
})

test('no error is swallowed in silence', () => {
  expect(breaking(sources, (source) => /catch\s*(\([^)]*\))?\s*\{\s*\}|\.catch\(\(\) => \{\}\)/.test(source))).toEqual(
    [],
  )
})

test('nothing of one machine: no absolute path of a developer, no registry', () => {
  const files = listed.filter((file) => !/\.(png|ico)$/.test(file) && file !== 'test/tidy.test.ts')
  expect(
    breaking(files, (source) => /(^|[\s'"`(=])\/(home|root|Users|work)\/\w|registry\.npm|"resolved":/.test(source)),
  ).toEqual([])
})

test('every folder of source has a sign on its door', () => {
  const folders = new Set(
    listed
      .filter((file) => /^(machines|runtime|actors|proof|cli|test|examples)\//.test(file))
      .map((file) => file.split('/')[0] as string),
  )
  expect([...folders].filter((folder) => !existsSync(join(root, folder, 'README.md')))).toEqual([])
})

test('every package is used, and everything used is a package', () => {
  const { devDependencies } = JSON.parse(text('package.json')) as { devDependencies: Record<string, string> }
  // Mermaid is loaded by a browser, from its file.
  const tools = [
    '@biomejs/biome',
    '@types/node',
    '@types/shell-quote',
    '@types/ws',
    'mermaid',
    'node',
    'rolldown',
    'typescript',
    'vitest',
  ]
  const imported = new Set(
    listed
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) =>
        [...text(file).matchAll(/(?:from |import\(|import )'([^.'/][^']*)'/g)].map((match) => match[1] as string),
      ),
  )
  const packages = [...imported]
    .filter((name) => !name.startsWith('node:') && !name.startsWith('gastown/'))
    .map((name) => (name.startsWith('@') ? name : (name.split('/')[0] as string)))
  expect(Object.keys(devDependencies).filter((name) => !tools.includes(name) && !packages.includes(name))).toEqual([])
  expect(packages.filter((name) => !(name in devDependencies))).toEqual([])
  for (const version of Object.values(devDependencies)) expect(version).toMatch(/^\d/)
})

test('links in the documents lead somewhere', () => {
  const dead = listed
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      [...text(file).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map((match) => ({ file, to: match[1] as string })),
    )
    .filter(({ file, to }) => !/^https?:/.test(to) && !existsSync(join(root, dirname(file), to)))
  expect(dead).toEqual([])
  expect(text('ARCHITECTURE.md').split('\n').length).toBeLessThanOrEqual(200)
})

test('the linter agrees, import rules of the folders included', (context) => {
  const biome = join(root, 'node_modules/.bin/biome')
  if (spawnSync(biome, ['--version']).status !== 0)
    return context.skip(`${basename(biome)} has no program for this platform`)
  const done = spawnSync(biome, ['check', '--error-on-warnings', '.'], { cwd: root, encoding: 'utf8' })
  expect(`${done.stdout}${done.stderr}`).toContain('No fixes applied')
  expect(done.status).toBe(0)
})
