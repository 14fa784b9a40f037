// `gt completion`: first words, then second words of those that have them, then flags; and which agents there are, the
// town's own among them.
// Never: asks the town; completion must be quick.
import { basename } from 'node:path'
import process from 'node:process'
import { Usage } from '../errors.ts'
import { raw } from '../print.ts'
import { declare, globalOptions, type Option, type Word } from '../word.ts'

export const word = declare({
  name: 'completion',
  group: 'other',
  summary: 'print a completion script for your shell',
  usage: '[bash | zsh | fish]',
  examples: [
    'eval "$(gt completion bash)"    # in ~/.bashrc',
    'eval "$(gt completion zsh)"     # in ~/.zshrc, after compinit',
    'gt completion fish | source     # in ~/.config/fish/config.fish',
  ],
  args: { shell: { kind: 'text', optional: true } },
  async run({ args, json, everyWord }) {
    if (json) throw new Usage('a completion script is no data; leave --json out')
    const shell = args.shell ?? basename(process.env.SHELL ?? 'bash')
    const script = { bash, zsh, fish }[shell]
    if (!script) throw new Usage(`no completion for "${shell}"; there is bash, zsh and fish`)
    const { presetNames } = await import('../../actors/agents/presets.ts')
    raw(script(await everyWord(), presetNames))
    return 0
  },
})

const flagsOf = ({ options }: Word): [string, Option][] => Object.entries({ ...options, ...globalOptions })

function bash(all: readonly Word[], agents: readonly string[]): string {
  const firsts = [...new Set(all.map(({ name }) => name.split(' ')[0])), 'help'].sort()
  const seconds = Map.groupBy(
    all.filter(({ name }) => name.includes(' ')),
    ({ name }) => name.split(' ')[0],
  )
  const flagCases = all
    .toSorted((a, b) => b.name.length - a.name.length)
    .map((each) => {
      const flags = flagsOf(each).map(([name]) => `--${name}`)
      return `    "${each.name}${each.name.includes(' ') ? '' : ' '}"*) words="${flags.join(' ')}" ;;`
    })
  const secondCases = [...seconds].map(
    ([first, group]) =>
      `    2:${first}) words="${group
        .map(({ name }) => name.split(' ')[1])
        .sort()
        .join(' ')}" ;;`,
  )
  return `_gt() {
  local word=\${COMP_WORDS[COMP_CWORD]} words=""
  case "\${COMP_WORDS[*]:1:2}" in
${flagCases.join('\n')}
  esac
  case "$COMP_CWORD:\${COMP_WORDS[1]}" in
    1:*) words="${firsts.join(' ')}" ;;
${secondCases.join('\n')}
  esac
  case "\${COMP_WORDS[COMP_CWORD - 1]}:\${COMP_WORDS[*]:1:2}" in
    --agent:* | "try:agents try"*)
      words="${agents.join(' ')}"
      local town=$PWD file
      while [ -n "$town" ] && [ ! -f "$town/mayor/town.json" ]; do town=\${town%/*}; done
      for file in "$town"/config/agents/*.json; do
        [ -f "$file" ] && file=\${file##*/} && words="$words \${file%.json}"
      done ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _gt gt
`
}

/** zsh runs the bash script by its own compatibility layer. */
const zsh = (...all: Parameters<typeof bash>): string => `autoload -U +X bashcompinit && bashcompinit\n${bash(...all)}`

function fish(all: readonly Word[], agents: readonly string[]): string {
  const groups = [...new Set(all.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0]))]
  return [
    ...groups.map((group) => `complete -c gt -f -n __fish_use_subcommand -a ${group}`),
    ...all.flatMap(fishLines),
    `complete -c gt -l agent -x -a '${agents.join(' ')}'`,
    '',
  ].join('\n')
}

function fishLines(word: Word): string[] {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`
  const seen = (text = '') => `__fish_seen_subcommand_from ${text}`
  const [first = '', second] = word.name.split(' ')
  const said = second ? `${seen(first)}; and ${seen(second)}` : seen(first)
  const itself = second
    ? `-n ${quoted(`${seen(first)}; and not ${seen(second)}`)} -a ${second}`
    : `-n __fish_use_subcommand -a ${first}`
  return [
    `complete -c gt -f ${itself} -d ${quoted(word.summary)}`,
    ...flagsOf(word).map(([name, { short, kind, about, alone }]) => {
      const letter = short ? ` -s ${short}` : ''
      const valued = kind === 'flag' || alone !== undefined ? '' : ' -r'
      return `complete -c gt -n ${quoted(said)} -l ${name}${letter}${valued} -d ${quoted(about)}`
    }),
  ]
}
