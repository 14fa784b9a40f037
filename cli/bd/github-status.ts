// `bd github status`: which repository is meant, and whether there is a token.
// Never: prints the token; asks GitHub.
import { command } from '../bd-command.ts'
import { howToSay, settingsOf } from '../bd-github.ts'

export default command({
  name: 'github status',
  summary: 'which repository on GitHub is meant, and with which token',
  usage: '',
  writes: false,
  async run({ beads, print }) {
    const { url, repository, token, from } = await settingsOf(beads)
    const { linksIn } = await import('../../actors/github/links.ts')
    const count = repository === undefined ? 0 : linksIn(beads, repository).links.size
    print(
      () => ({
        repository: repository ?? null,
        url,
        token: token !== undefined,
        token_from: from ?? null,
        linked: count,
      }),
      () => [
        `Repository: ${repository ?? `none is said: ${howToSay(beads)}`}`,
        `API: ${url}`,
        `Token: ${from ?? 'none; give it as GITHUB_TOKEN'}`,
        `Issues on both sides: ${count}`,
      ],
    )
    return undefined
  },
})
