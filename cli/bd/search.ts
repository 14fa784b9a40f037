// `bd search`: issues by what their title, description or id contains; closed ones too.
// Never: takes a text for a pattern.
import { command, filterOf, filters, listedLine, moreFilters, moreOf, ordering } from '../bd-command.ts'
import { Usage } from '../errors.ts'

const usualMax = 50

export default command({
  name: 'search',
  summary: 'issues by what they say, closed ones too',
  usage: '"words" [--status open]',
  writes: false,
  options: {
    ...filters,
    ...moreFilters,
    ...ordering,
    query: { kind: 'text', about: 'the words, as after the command' },
    long: { kind: 'flag', about: 'nothing to do here: bd show <id> has all' },
  },
  args: { words: { kind: 'text', many: true } },
  run({ flags, args, beads, print }) {
    const text = flags.query ?? args.words.join(' ')
    if (text.trim() === '') throw new Usage('search query is required: bd search "words"')
    const filter = {
      ...{ all: true, ...filterOf(flags), ...moreOf(beads, flags), text, reverse: flags.reverse },
      ...(flags.sort === undefined ? {} : { sort: flags.sort }),
      limit: flags.limit ?? usualMax,
    }
    const issues = beads.listed(filter)
    print(
      () => beads.json(filter),
      () =>
        issues.length === 0
          ? [`No issues found matching '${text}'`]
          : [`Found ${issues.length} issues matching '${text}':`, ...issues.map(listedLine)],
    )
  },
})
