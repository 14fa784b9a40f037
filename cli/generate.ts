// What is generated and committed: the indexes of the words of `gt` and the commands of `bd`, their references, and the
// diagrams of all lifecycles. The folders words/ and bd/ are the registries; a test fails when anything here is stale.
// Never: written by hand. `npm run reference` writes all.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import * as limits from '../actors/beads/limits.ts'
import { rigConfig } from '../actors/config.ts'
import { bodyLengthMax, subjectLengthMax } from '../machines/texts.ts'
import { chartOf } from '../proof/chart.ts'
import { markdown, mermaid, remarks } from '../proof/draw.ts'
import { type Command, globals } from './bd-command.ts'
import { rolesOf } from './roles.ts'
import { settings } from './settings.ts'
import { globalOptions, groups, optionLines, type Word } from './word.ts'

const here = (path: string) => join(import.meta.dirname, path)
const marker = '## The lifecycles\n'

interface Filed {
  /** `merge-queue-list`: the file's name, and the word's with hyphens. */
  file: string
  word: Word
  /** Whether it asks the daemon anything of its own. */
  answers: boolean
}

/** Every word, in the order of the overview. */
export async function filed(): Promise<Filed[]> {
  const files = readdirSync(here('words')).filter((file) => file.endsWith('.ts'))
  const all = await Promise.all(
    files.map(async (name) => {
      const file = name.slice(0, -3)
      const { word, answers } = (await import(`./words/${file}.ts`)) as { word: Word; answers?: object }
      return { file, word, answers: answers !== undefined }
    }),
  )
  for (const { file, word } of all)
    if (file !== word.name.replaceAll(' ', '-'))
      throw new Error(`words/${file}.ts declares "${word.name}"; a file is named for its word`)
  const rank = ({ word }: Filed) => Object.keys(groups).indexOf(word.group)
  return all.sort((a, b) => rank(a) - rank(b) || (a.word.name < b.word.name ? -1 : 1))
}

/** `words.ts`: what `gt` loads at every start, so summaries and ways to load, and nothing else. */
async function wordsIndex(): Promise<string> {
  const lines = (await filed()).flatMap(({ file, word: { name, also, group, summary } }) =>
    [name, ...(also ? [also] : [])].map(
      (said) =>
        `  ${/^\w+$/.test(said) ? said : `'${said}'`}: {
    group: '${group}',
    summary: ${quoted(said === name ? summary : `gt ${name}`)},
    load: () => import('./words/${file}.ts').then(({ word }) => word),
  },`,
    ),
  )
  return [
    '// The words of `gt`, each with the file that is loaded only when it is said.',
    '// Never: edited; generated from words/ by `npm run reference`.',
    "import type { Word } from './word.ts'",
    '',
    'interface Entry {',
    "  group: Word['group']",
    '  summary: string',
    '  load(): Promise<Word>',
    '}',
    '',
    'export const words: Readonly<Record<string, Entry>> = {',
    ...lines,
    '}',
    '',
  ].join('\n')
}

const quoted = (text: string) => (text.includes("'") ? JSON.stringify(text) : `'${text}'`)

/** Every command of `bd`, in the order of the overview: what is said most comes first. */
export async function bdCommands(): Promise<{ file: string; command: Command }[]> {
  const order = ['ready', 'create', 'list', 'show', 'update', 'close', 'reopen', 'dep add', 'dep remove']
  const files = readdirSync(here('bd')).filter((file) => file.endsWith('.ts'))
  const all = await Promise.all(
    files.map(async (name) => {
      const file = name.slice(0, -3)
      const { default: command } = (await import(`./bd/${file}.ts`)) as { default: Command }
      if (file !== command.name.replaceAll(' ', '-'))
        throw new Error(`bd/${file}.ts declares "${command.name}"; a file is named for its command`)
      return { file, command }
    }),
  )
  const rank = ({ command }: { command: Command }) => order.indexOf(command.name) + 1 || 100
  return all.sort((a, b) => rank(a) - rank(b) || (a.command.name < b.command.name ? -1 : 1))
}

/** `bd-commands.ts`: what `bd` loads at every start. */
async function bdIndex(): Promise<string> {
  const all = await bdCommands()
  const key = (said: string) => (/^\w+$/.test(said) ? said : `'${said}'`)
  return [
    '// The commands of `bd`, each with the file that is loaded only when it is said.',
    '// Never: edited; generated from bd/ by `npm run reference`.',
    "import type { Command } from './bd-command.ts'",
    '',
    'export const commands: Readonly<Record<string, () => Promise<{ default: Command }>>> = {',
    ...all.map(({ file, command: { name } }) => `  ${key(name)}: () => import('./bd/${file}.ts'),`),
    '}',
    '',
    '/** Other names for them. */',
    'export const aliases: Readonly<Record<string, string>> = {',
    ...all.flatMap(({ command: { name, also = [] } }) => also.map((said) => `  ${key(said)}: '${name}',`)),
    '}',
    '',
  ].join('\n')
}

/** bd/README.md. */
async function bdReference(): Promise<string> {
  const parts = (await bdCommands()).map(({ command: { name, also, summary, usage, options, examples } }) =>
    [
      `## bd ${name}`,
      '',
      `${summary[0]?.toUpperCase()}${summary.slice(1)}.${also ? ` Also \`bd ${also.join('`, `bd ')}\`.` : ''}`,
      '',
      '```',
      `bd ${name} ${usage}`.trimEnd(),
      ...(options ? ['', ...optionLines(options)] : []),
      ...(examples ? ['', ...examples] : []),
      '```',
      '',
    ].join('\n'),
  )
  return [
    '# bd: one file a command',
    '',
    'Generated by `npm run reference` from the files beside it. Exit codes: 0 ok, 1 failed, 2 usage (a flag that a command does not know is an error), 13 somebody else was there first (`--if-assignee`, `--if-status`).',
    'Several ids are all found before one is changed, and what is written is one commit: all of it or nothing. What is said to be done is committed.',
    '',
    'Every command takes these, before it or after it:',
    '',
    '```',
    ...optionLines(globals),
    '```',
    '',
    '## Limits',
    '',
    `A title is one line (breaks become spaces, other control characters \`�\`) of at most ${limits.titleBytesMax} bytes; a description, design, acceptance criteria,`,
    `notes or reason has at most ${limits.textBytesMax} bytes and no NUL; a label, assignee or external reference at most ${limits.nameBytesMax} bytes; an id at most`,
    `${limits.idLengthMax} characters. What is longer is refused, in imports too, and nothing is cut. A mail (\`gt mail send\`) has at most ${subjectLengthMax} characters of subject and`,
    `${bodyLengthMax} of text. In a town mail is written by its daemon alone: \`bd\` makes and changes none, an import leaves it out, and its recipient may close it.`,
    '',
    ...parts,
  ].join('\n')
}

/** `answers.ts`: what the daemon answers, by the name of the request. */
async function answersIndex(): Promise<string> {
  const asking = (await filed()).filter(({ answers }) => answers)
  const nameOf = (file: string) => file.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
  const sorted = asking.map(({ file }) => file).sort()
  return [
    '// What the daemon answers, by the name of the request: the halves of the words that are its own.',
    '// Never: edited; generated from words/ by `npm run reference`.',
    ...sorted.map((file) => `import { answers as ${nameOf(file)} } from './words/${file}.ts'`),
    '',
    'export const answers = {',
    ...sorted.map((file) => `  ...${nameOf(file)},`),
    '}',
    '',
  ].join('\n')
}

/** machines/README.md: its own words as they are, then every diagram. */
export async function diagrams(): Promise<string> {
  const own = readFileSync(here('../machines/README.md'), 'utf8').split(marker)[0]
  const parts = (await rolesOf(undefined)).map(({ name, machine }) => {
    const chart = chartOf(machine)
    return [`### ${name}`, '', '```mermaid', mermaid(chart).trimEnd(), '```', '', ...markdown(remarks(chart)), ''].join(
      '\n',
    )
  })
  return [own?.trimEnd(), '', marker, 'Generated by `npm run reference`.', '', ...parts].join('\n')
}

export async function reference(): Promise<string> {
  const parts = (await filed()).map(({ word: { name, also, summary, usage, examples, options } }) =>
    [
      `## gt ${name}`,
      '',
      `${summary[0]?.toUpperCase()}${summary.slice(1)}.${also ? ` Also \`gt ${also}\`.` : ''}`,
      '',
      '```',
      `gt ${name} ${usage}`.trimEnd(),
      ...(options ? ['', ...optionLines(options)] : []),
      '',
      ...examples,
      '```',
      '',
    ].join('\n'),
  )
  return [
    '# words: one file a word of `gt`',
    '',
    'Generated by `npm run reference` from the files beside it. Exit codes: 0 ok, 1 failed, 2 usage, 3 the town is not up or does not answer.',
    'A duration is `90s`, `10m`, `2h`, or a number of seconds. Colour only on a terminal, never with NO_COLOR.',
    '',
    'Every word takes these, after it or before it:',
    '',
    '```',
    ...optionLines(globalOptions),
    '```',
    '',
    ...parts,
  ].join('\n')
}

/** SETTINGS.md: every key of a rig's config.json. */
function settingsReference(): string {
  const shape: Readonly<Record<string, z.ZodType>> = rigConfig.shape
  const rows = Object.entries(settings).map(([key, { counts, about }]) => {
    const unset = shape[key]?.safeParse(undefined)
    const usual = unset?.success && unset.data !== undefined ? `\`${shown(key, unset.data)}\`` : ''
    return `| \`${key}\` | ${about} | ${counts} | ${usual} |`
  })
  return [
    '# Settings of a rig',
    '',
    'Generated by `npm run reference`. The keys of `<rig>/config.json`: `gt rig show <rig>` tells them as they are, `gt rig set <rig> key=value` changes them,',
    'and an edit by hand counts as well. Durations are written like `30s`, `10m`, `2h`.',
    '',
    '| setting | what it says | counts from | when left out |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    'Gates, setups and the worker are written as they are typed: `npm test`, `CI=1 npm test`, `~/bin/check`, or as program and arguments. What needs a shell',
    '(`|`, `&&`, `>`, `*`, `$(…)`) goes into a script, or is typed as `sh -c "…"`.',
    '',
    'A gate or setup runs with `CI=true`, the PATH of the town, what `env`, `extra_env` and `gate_env` name, and `GT_CACHE`, a folder that is kept from run to run.',
    'The home of a gate is empty unless `gate_home` is `user`; the setup of a worktree has yours.',
    '',
    'A program in the repository (`./check.sh`, what `npm test` starts) is as the commit has it: who writes the commit writes',
    'it. Name one by a path outside the town where that must not be.',
    '',
  ].join('\n')
}

/** A default as it would be written. */
function shown(key: string, value: unknown): string {
  const isDuration = /_(timeout|delay|after)$/.test(key)
  if (!isDuration) return JSON.stringify(value)
  const seconds = Number(value) / 1000
  return seconds > 0 && seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
}

/** Every generated file, by its path from here, and what is to be in it. */
export const generated: Readonly<Record<string, () => Promise<string>>> = {
  'words.ts': wordsIndex,
  'answers.ts': answersIndex,
  'bd-commands.ts': bdIndex,
  'bd/README.md': bdReference,
  'words/README.md': reference,
  'SETTINGS.md': async () => settingsReference(),
  '../machines/README.md': diagrams,
}

if (import.meta.main) for (const [path, text] of Object.entries(generated)) writeFileSync(here(path), await text())
