import { basename } from 'node:path'
import process from 'node:process'
import { type Command, command, globalOptions, Usage } from '../command.ts'
import { words } from '../words.ts'

export default command({
  summary: 'print a completion script for your shell',
  usage: '[bash | zsh | fish]',
  examples: [
    'eval "$(gt completion bash)"    # in ~/.bashrc',
    'eval "$(gt completion zsh)"     # in ~/.zshrc, after compinit',
    'gt completion fish | source     # in ~/.config/fish/config.fish',
  ],
  args: [0, 1],
  async run({ args, json }) {
    if (json) throw new Usage('a completion script is no data; leave --json out')
    const shell = args[0] ?? basename(process.env.SHELL ?? 'bash')
    const script = { bash, zsh, fish }[shell]
    if (!script) throw new Usage(`no completion for "${shell}"; there is bash, zsh and fish`)
    const all = await Promise.all(
      Object.entries(words).map(async ([word, load]) => ({ word, ...(await load()).default })),
    )
    process.stdout.write(script(all))
    return 0
  },
})

type Word = Command & { word: string }
const flagsOf = ({ options }: Command) => Object.entries({ ...options, ...globalOptions })

/** First words, then second words of those that have them, then flags. */
function bash(all: readonly Word[]): string {
  const firsts = [...new Set(all.map(({ word }) => word.split(' ')[0])), 'help']
  const seconds = Map.groupBy(
    all.filter(({ word }) => word.includes(' ')),
    ({ word }) => word.split(' ')[0],
  )
  return `_gt() {
  local word=\${COMP_WORDS[COMP_CWORD]} words=""
  case "\${COMP_WORDS[*]:1:2}" in
${all
  .toSorted((a, b) => b.word.length - a.word.length)
  .map(
    (each) =>
      `    "${each.word}${each.word.includes(' ') ? '' : ' '}"*) words="${flagsOf(each)
        .map(([name]) => `--${name}`)
        .join(' ')}" ;;`,
  )
  .join('\n')}
  esac
  case "$COMP_CWORD:\${COMP_WORDS[1]}" in
    1:*) words="${firsts.join(' ')}" ;;
${[...seconds].map(([first, group]) => `    2:${first}) words="${group.map(({ word }) => word.split(' ')[1]).join(' ')}" ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _gt gt
`
}

/** zsh runs the bash script by its own compatibility layer. */
const zsh = (all: readonly Word[]): string => `autoload -U +X bashcompinit && bashcompinit\n${bash(all)}`

function fish(all: readonly Word[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`
  const lines = all.flatMap(({ word, summary, ...rest }) => {
    const [first = '', second] = word.split(' ')
    const said = second
      ? `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`
      : `__fish_seen_subcommand_from ${first}`
    return [
      second
        ? `complete -c gt -f -n ${quoted(`__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${second}`)} -a ${second} -d ${quoted(summary)}`
        : `complete -c gt -f -n __fish_use_subcommand -a ${first} -d ${quoted(summary)}`,
      ...flagsOf(rest as Command).map(
        ([name, { short, type, about }]) =>
          `complete -c gt -n ${quoted(said)} -l ${name}${short ? ` -s ${short}` : ''}${type === 'string' ? ' -r' : ''} -d ${quoted(about)}`,
      ),
    ]
  })
  const groups = [...new Set(all.filter(({ word }) => word.includes(' ')).map(({ word }) => word.split(' ')[0]))]
  return `${[...groups.map((group) => `complete -c gt -f -n __fish_use_subcommand -a ${group}`), ...lines].join('\n')}\n`
}
