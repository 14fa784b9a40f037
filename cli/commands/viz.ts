import { writeFileSync } from 'node:fs'
import process from 'node:process'
import type { LogEntry } from '../api.ts'
import { TownUnreachable } from '../client.ts'
import { command, Usage } from '../command.ts'

const formats = ['mermaid', 'svg', 'dot', 'scxml', 'json', 'html'] as const

export default command({
  summary: 'draw the lifecycles, or watch them live in a browser',
  usage: '[<machine>] [--format mermaid | svg | dot | scxml | json | html] [--out <file>] [--live [--port <n>]]',
  examples: [
    'gt viz                                  # all, as Mermaid',
    'gt viz refinery --format svg --out refinery.svg',
    'gt viz polecat --format json            # for the XState tools',
    'gt viz --format html --out town.html    # all on one page',
    'gt viz --live                           # each role’s present state, its last turns and the mail between them',
  ],
  options: {
    format: { type: 'string', about: 'mermaid (default), svg, dot, scxml, json or html' },
    out: { type: 'string', about: 'write to this file' },
    live: { type: 'boolean', about: 'serve a page on this machine only, until interrupted; its address has a token' },
    port: { type: 'string', about: 'with --live: the port (any free one)' },
  },
  args: [0, 1],
  async run({ args, flags, json, town, ask, print }) {
    const { rolesOf } = await import('../roles.ts')
    const { chartOf } = await import('../../proof/chart.ts')
    const root = flags.live ? town() : around(town)
    const roles = await rolesOf(root)
    const named = roles.map((role) => ({
      name: role.name.replace(/^plugin (?=\S)/, ''),
      role,
      chart: chartOf(role.machine),
    }))

    if (flags.live) {
      const port = Number(flags.port ?? 0)
      if (!Number.isInteger(port) || port < 0 || port > 65535)
        throw new Usage(`--port is a number up to 65535, not "${flags.port}"`)
      const { asTheyAre, serveLive } = await import('../live.ts')
      const past = await ask('log', { last: 2000 })
      const live = await serveLive(named, (address) => named.find(({ role }) => role.owns(address))?.name ?? '', port)
      live.tell([...asTheyAre(root as string, past), ...past])
      print({ url: live.url }, () => [live.url, 'Open it in a browser on this machine; Ctrl-C ends it.'])
      process.once('SIGINT', () => process.exit(0)).once('SIGTERM', () => process.exit(0))
      try {
        await ask('follow', { after: past.at(-1)?.seq ?? 0 }, (event) =>
          live.tell((event as { entries: LogEntry[] }).entries),
        )
      } finally {
        live.close()
      }
      throw new TownUnreachable('the town went down')
    }

    const format = json ? 'json' : String(flags.format ?? 'mermaid')
    if (!(formats as readonly string[]).includes(format))
      throw new Usage(`no format "${format}"; there are ${formats.join(', ')}`)
    const [wanted] = args
    const chosen = wanted === undefined ? named : named.filter(({ name }) => name === wanted)
    if (chosen.length === 0)
      throw new Usage(`no machine is called "${wanted}"; there are ${named.map(({ name }) => name).join(', ')}`)
    const text = await drawn(format, wanted)
    if (flags.out === undefined) process.stdout.write(text)
    else writeFileSync(String(flags.out), text)
    return 0

    async function drawn(format: string, wanted: string | undefined): Promise<string> {
      const draw = await import('../../proof/draw.ts')
      if (format === 'json') {
        const all = Object.fromEntries(chosen.map(({ name, role }) => [name, draw.json(role.machine)]))
        return `${JSON.stringify(wanted === undefined ? all : all[wanted], null, 2)}\n`
      }
      if (format === 'mermaid')
        return chosen
          .map(({ name, chart }) => (wanted === undefined ? `%% ${name}\n` : '') + draw.mermaid(chart, { words: true }))
          .join('\n')
      const { render, staticPage } = await import('../page.ts')
      if (format === 'html') return staticPage(chosen)
      if (wanted === undefined)
        throw new Usage(
          `which one? ${format} is one machine a file: ${named.map(({ name }) => `\`gt viz ${name} --format ${format}\``).join(', ')}`,
        )
      return render((chosen[0] as (typeof chosen)[number]).chart, format as 'svg')
    }
  },
})

/** The town around the caller, when there is one: its plugins' machines are drawn too. */
function around(town: () => string): string | undefined {
  try {
    return town()
  } catch {
    return undefined
  }
}
