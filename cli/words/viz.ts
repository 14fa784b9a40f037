// `gt viz`: the lifecycles as drawings, as data, or live in a browser.
// Never: listens to anything but this machine.
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import type { Chart } from '../../proof/chart.ts'
import type { Role } from '../../runtime/contract.ts'
import type { LogEntry } from '../api.ts'
import { TownUnreachable, Usage } from '../errors.ts'
import { raw } from '../print.ts'
import { type Context, declare } from '../word.ts'

export const word = declare({
  name: 'viz',
  group: 'machines',
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
    format: {
      kind: 'text',
      choices: ['mermaid', 'svg', 'dot', 'scxml', 'json', 'html'],
      about: 'mermaid (default), svg, dot, scxml, json or html',
    },
    out: { kind: 'text', about: 'write to this file' },
    live: { kind: 'flag', about: 'serve a page on this machine only, until interrupted; its address has a token' },
    port: { kind: 'number', range: [0, 65535], about: 'with --live: the port (any free one)' },
  },
  args: { machine: { kind: 'text', optional: true } },
  async run({ args: { machine }, flags, json, town, townAround, ask, print }) {
    if (flags.live) return live({ town, ask, print }, flags.port ?? 0)
    const all = await drawnRoles(townAround())
    const chosen = machine === undefined ? all : all.filter(({ name }) => name === machine)
    const names = all.map(({ name }) => name)
    if (chosen.length === 0) throw new Usage(`no machine is called "${machine}"; there are ${names.join(', ')}`)
    const format = json ? 'json' : (flags.format ?? 'mermaid')
    const text = await drawn(chosen, format, machine === undefined)
    if (flags.out === undefined) raw(text)
    else writeFileSync(flags.out, text)
    return 0
  },
})

interface Drawn {
  name: string
  role: Role
  chart: Chart
}

/** The roles of a town; without one, those that every town has. */
async function drawnRoles(town: string | undefined): Promise<Drawn[]> {
  const { rolesOf } = await import('../roles.ts')
  const { chartOf } = await import('../../proof/chart.ts')
  return (await rolesOf(town)).map((role) => ({
    name: role.name.replace(/^plugin (?=\S)/, ''),
    role,
    chart: chartOf(role.machine),
  }))
}

async function drawn(
  chosen: readonly Drawn[],
  format: 'mermaid' | 'svg' | 'dot' | 'scxml' | 'json' | 'html',
  all: boolean,
): Promise<string> {
  const draw = await import('../../proof/draw.ts')
  const [first] = chosen as [Drawn]
  if (format === 'json') {
    const data = Object.fromEntries(chosen.map(({ name, role }) => [name, draw.json(role.machine)]))
    return `${JSON.stringify(all ? data : data[first.name], null, 2)}\n`
  }
  if (format === 'mermaid')
    return chosen
      .map(({ name, chart }) => (all ? `%% ${name}\n` : '') + draw.mermaid(chart, { words: true }))
      .join('\n')
  const { render, staticPage } = await import('../page.ts')
  if (format === 'html') return staticPage(chosen)
  if (!all) return render(first.chart, format)
  const each = chosen.map(({ name }) => `\`gt viz ${name} --format ${format}\``)
  throw new Usage(`which one? ${format} is one machine a file: ${each.join(', ')}`)
}

/** Serves the page until the town goes down. */
async function live({ town, ask, print }: Pick<Context, 'town' | 'ask' | 'print'>, port: number): Promise<never> {
  const root = town()
  const all = await drawnRoles(root)
  const { asTheyAre, serveLive } = await import('../live.ts')
  const past = await ask('log', { last: 2000 })
  const page = await serveLive(all, (address) => all.find(({ role }) => role.owns(address))?.name ?? '', port)
  page.tell([...asTheyAre(root, past), ...past])
  print({ url: page.url }, () => [page.url, 'Open it in a browser on this machine; Ctrl-C ends it.'])
  process.once('SIGINT', () => process.exit(0)).once('SIGTERM', () => process.exit(0))
  try {
    await ask(
      'follow',
      { after: past.at(-1)?.seq ?? 0 },
      { event: (event) => page.tell((event as { entries: LogEntry[] }).entries) },
    )
  } finally {
    page.close()
  }
  throw new TownUnreachable('the town went down', { town: root })
}
