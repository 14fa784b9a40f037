// The live page's script, run in the browser: each actor's present state, its last turns, and the mail between actors.
// Never: asks anything but the server it came from; text of the town becomes text of the page.
import type { LogEntry } from '../api.ts'

/** One committed turn, and the name of the chart its actor is drawn by. */
type Turn = LogEntry & { machine: string }

interface Shown {
  section: HTMLElement
  now: HTMLElement
  last: HTMLElement
  /** States by their path, `a_b`. */
  nodes: Map<string, Element>
  /** Transitions by `from->to`. */
  edges: Map<string, Element[]>
  root: string | undefined
}

const turnsShown = 5
const mailsShown = 40

const actors = new Map<string, Shown>()
const mails: Turn[] = []

const byId = (id: string) => document.getElementById(id) as HTMLElement

function make(name: string, attributes: Record<string, string | number>, text?: string): SVGElement {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value))
  if (text !== undefined) node.textContent = text
  return node
}

/** An actor's part of the page, made when it is first heard of. */
function shownOf({ address, machine }: Turn): Shown {
  const known = actors.get(address)
  if (known) return known
  const template = document.querySelector<HTMLTemplateElement>(`template[data-machine="${CSS.escape(machine)}"]`)
  const section = document.createElement('section')
  section.dataset.address = address
  const title = document.createElement('h3')
  const now = document.createElement('small')
  const figure = document.createElement('figure')
  const last = document.createElement('ol')
  title.append(`${address} `, now)
  if (template) figure.append(template.content.cloneNode(true))
  section.append(title, figure, last)
  byId('actors').append(section)
  const made = { section, now, last, ...partsOf(figure), root: template?.dataset.root }
  actors.set(address, made)
  return made
}

/** The drawing's states and transitions, by the titles the library gives them. */
function partsOf(figure: HTMLElement): Pick<Shown, 'nodes' | 'edges'> {
  const nodes = new Map<string, Element>()
  const edges = new Map<string, Element[]>()
  for (const group of figure.querySelectorAll('g[class]')) {
    const name = group.querySelector('title')?.textContent ?? ''
    if (group.classList.contains('edge')) edges.set(name, [...(edges.get(name) ?? []), group])
    else nodes.set(name.replace(/^cluster_/, ''), group)
  }
  return { nodes, edges }
}

/** `a.b+c` are the states a_b and c, and what is around them: [['a', 'a_b'], ['c']]. */
const chainsIn = (path: string): string[][] =>
  path === '' ? [] : path.split('+').map((part) => part.split('.').map((_, n, all) => all.slice(0, n + 1).join('_')))

function show(turn: Turn): void {
  const shown = shownOf(turn)
  const [before, after] = [chainsIn(turn.before), chainsIn(turn.after)]
  for (const group of shown.nodes.values()) group.classList.remove('active')
  for (const chain of after) shown.nodes.get(chain.at(-1) ?? '')?.classList.add('active')
  for (const groups of shown.edges.values()) for (const group of groups) group.classList.remove('taken')
  for (const [n, from] of before.entries()) light(shown, from, after[n] ?? [])
  shown.now.textContent = turn.after
  shown.section.dataset.state = turn.after
  const line = document.createElement('li')
  line.textContent = wordsOf(turn)
  shown.last.prepend(line)
  while (shown.last.children.length > turnsShown) shown.last.lastChild?.remove()
  if (!turn.mailType.startsWith('xstate.') && turn.from !== turn.address) mails.push(turn)
  if (mails.length > mailsShown) mails.shift()
}

/** A transition may leave and enter what is around a state. */
function light({ root, edges }: Shown, from: readonly string[], to: readonly string[]): void {
  if (from.at(-1) === to.at(-1)) return
  for (const source of [root, ...from])
    for (const target of to) for (const group of edges.get(`${source}->${target}`) ?? []) group.classList.add('taken')
}

function wordsOf({ at, mailType, before, after, notes }: Turn): string {
  const moved = before === after ? '' : `: ${before || 'begins'} → ${after}`
  const said = notes.map(({ text }) => ` — ${text}`).join('')
  return `${new Date(at).toLocaleTimeString()}  ${mailType || 'as it was'}${moved}${said}`
}

/** Who gives the word stands left of who hears it. */
const rank = (name: string) =>
  ['daemon', 'overseer', 'mayor/'].indexOf(name) + 1 ||
  (name.endsWith('/witness') ? 4 : name.endsWith('/refinery') ? 5 : 6)

function sequence(): void {
  const names = [...new Set(mails.flatMap(({ from, address }) => [from, address]))].sort(
    (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1),
  )
  const [width, top, row] = [180, 24, 22]
  const at = (name: string) => names.indexOf(name) * width + width / 2
  const height = top + mails.length * row + 10
  const svg = byId('sequence')
  svg.replaceChildren()
  svg.setAttribute('width', String(names.length * width))
  svg.setAttribute('height', String(height))
  for (const name of names)
    svg.append(
      make('text', { x: at(name), y: 14, 'text-anchor': 'middle' }, name),
      make('line', { x1: at(name), x2: at(name), y1: top - 4, y2: height }),
    )
  for (const [n, mail] of mails.entries())
    svg.append(arrow(at(mail.from), at(mail.address), top + n * row + 14, mail.mailType))
}

function arrow(from: number, to: number, y: number, words: string): SVGElement {
  const side = to > from ? -6 : 6
  const drawn = make('g', { class: 'mail' })
  drawn.append(
    make('line', { x1: from, x2: to, y1: y, y2: y }),
    make('polygon', { points: [to, y, to + side, y - 4, to + side, y + 4].join(' ') }),
    make('text', { x: (from + to) / 2, y: y - 3, 'text-anchor': 'middle' }, words),
  )
  return drawn
}

const token = new URLSearchParams(location.search).get('token') ?? ''
const events = new EventSource(`/events?token=${encodeURIComponent(token)}`)
events.onmessage = (message: MessageEvent<string>) => {
  byId('down').textContent = ''
  for (const turn of JSON.parse(message.data) as Turn[]) show(turn)
  sequence()
}
events.onerror = () => {
  byId('down').textContent = 'The town cannot be heard any more.'
}
