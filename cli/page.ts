// The page of diagrams: every lifecycle as SVG with its remarks; live, each actor's present state, its last
// transitions, and the mail between actors as a sequence.
// Never: asks anything beyond the server it came from; text of the town reaches it as data, and the page as text.
import * as smcat from 'state-machine-cat'
import type { Chart } from '../proof/chart.ts'
import { type Remark, remarks, smcat as treeOf } from '../proof/draw.ts'

/** `svg`, `dot` or `scxml` of a chart. */
export const render = async (chart: Chart, format: 'svg' | 'dot' | 'scxml'): Promise<string> =>
  (await smcat.render(
    treeOf(chart, format === 'scxml' ? 'transitions' : 'lines') as Parameters<typeof smcat.render>[0],
    { inputType: 'json', outputType: format },
  )) as string

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
const svgOf = async (chart: Chart) => (await render(chart, 'svg')).replace(/^[\s\S]*?(?=<svg)/, '')

const style = `
  body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px; padding: 0 1rem; color: #222; background: #fff }
  svg { max-width: 100%; height: auto }
  figure { margin: 1rem 0; overflow-x: auto }
  h2 small { font-weight: normal; color: #666 }
  li { margin: .15rem 0 }
  .active > path, .active > polygon { fill: #ffc933; fill-opacity: .35; stroke: #b8860b } /* the words are beneath */
  .taken > path, .taken > polygon { stroke: #d9480f; stroke-width: 2.5 }
  .sequence svg { max-width: none }
  .sequence text { font: 11px monospace }
  .sequence line { stroke: #999 }
  .actors { display: grid; gap: 1rem }
  .gone { opacity: .5 }
  #down { color: #c00; font-weight: bold }
  @media (prefers-color-scheme: dark) { body { color: #ddd; background: #1b1b1b } figure { background: #fff; border-radius: 6px } }
`

const frame = (title: string, head: string, body: string) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}</style>${head}</head>
<body>
${body}
</body></html>
`

/** All lifecycles on one page, nothing loaded from anywhere. */
export async function staticPage(charts: readonly { name: string; chart: Chart }[]): Promise<string> {
  const item = ({ state, final, words, does, answers }: Remark) =>
    `<li><b>${escaped(state)}</b>${final ? ' (final)' : ''} ${escaped(words)} <i>${escaped(does)}</i>${answers.length > 0 ? `<ul>${answers.map((answer) => `<li>${escaped(answer)}</li>`).join('')}</ul>` : ''}</li>`
  const section = async ({ name, chart }: { name: string; chart: Chart }) =>
    `<section id="${escaped(name)}"><h2>${escaped(name)}</h2><figure>${await svgOf(chart)}</figure><ul>${remarks(chart).map(item).join('')}</ul></section>`
  return frame('Lifecycles', '', `<h1>Lifecycles</h1>\n${(await Promise.all(charts.map(section))).join('\n')}`)
}

/** The live page; its script is the only one the browser runs, by its nonce. */
export async function livePage(charts: readonly { name: string; chart: Chart }[], nonce: string): Promise<string> {
  const templates = await Promise.all(
    charts.map(
      async ({ name, chart }) =>
        `<template data-machine="${escaped(name)}" data-root="${escaped(chart.id)}">${await svgOf(chart)}</template>`,
    ),
  )
  return frame(
    'Gas Town, live',
    '',
    `<h1>Gas Town, live</h1><p id="down"></p><h2>Mail</h2><figure class="sequence"><svg id="sequence" xmlns="http://www.w3.org/2000/svg"></svg></figure><h2>Actors</h2><div class="actors" id="actors"></div>
${templates.join('\n')}
<script nonce="${nonce}">${script}</script>`,
  )
}

// Runs in the browser. An entry is one committed turn: { seq, at, address, machine, incarnation, from, mailType,
// before, after, notes }.
const script = `
  const token = new URLSearchParams(location.search).get('token')
  const actors = new Map(), mails = []
  const make = (name, attributes = {}, text) => {
    const node = document.createElementNS('http://www.w3.org/2000/svg', name)
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
    if (text !== undefined) node.textContent = text
    return node
  }
  function sectionOf(entry) {
    const known = actors.get(entry.address)
    if (known) return known
    const template = document.querySelector('template[data-machine="' + CSS.escape(entry.machine) + '"]')
    const section = document.createElement('section')
    section.dataset.address = entry.address
    const title = document.createElement('h3'), now = document.createElement('small'), figure = document.createElement('figure'), last = document.createElement('ol')
    title.append(entry.address + ' ', now)
    if (template) figure.append(template.content.cloneNode(true))
    section.append(title, figure, last)
    document.getElementById('actors').append(section)
    const nodes = new Map(), edges = new Map()
    for (const group of figure.querySelectorAll('g[class]')) {
      const name = group.querySelector('title')?.textContent ?? ''
      if (group.classList.contains('edge')) edges.set(name, [...(edges.get(name) ?? []), group])
      else nodes.set(name.replace(/^cluster_/, ''), group)
    }
    const made = { section, now, last, nodes, edges, root: template?.dataset.root }
    actors.set(entry.address, made)
    return made
  }
  // 'a.b+c' are the states a_b and c, and what is around them: [['a', 'a_b'], ['c']].
  const chains = (path) => path === '' ? [] : path.split('+').map((part) => part.split('.').map((_, n, all) => all.slice(0, n + 1).join('_')))
  function show(entry) {
    const { section, now, last, nodes, edges, root } = sectionOf(entry)
    const [before, after] = [chains(entry.before), chains(entry.after)]
    for (const group of nodes.values()) group.classList.remove('active')
    for (const chain of after) nodes.get(chain.at(-1))?.classList.add('active')
    for (const groups of edges.values()) for (const group of groups) group.classList.remove('taken')
    for (const [n, from] of before.entries()) {
      const to = after[n] ?? []
      if (from.at(-1) === to.at(-1)) continue
      // A transition may leave and enter what is around a state.
      for (const source of [root, ...from]) for (const target of to) for (const group of edges.get(source + '->' + target) ?? []) group.classList.add('taken')
    }
    now.textContent = entry.after
    section.dataset.state = entry.after
    const line = document.createElement('li')
    line.textContent = new Date(entry.at).toLocaleTimeString() + '  ' + (entry.mailType || 'as it was') + (entry.before === entry.after ? '' : ': ' + (entry.before || 'begins') + ' → ' + entry.after) + entry.notes.map((note) => ' — ' + note.text).join('')
    last.prepend(line)
    while (last.children.length > 5) last.lastChild.remove()
    if (!entry.mailType.startsWith('xstate.') && entry.from !== entry.address) mails.push(entry)
    if (mails.length > 40) mails.shift()
  }
  // Who gives the word stands left of who hears it.
  const rank = (name) => ['daemon', 'overseer', 'mayor/'].indexOf(name) + 1 || (name.endsWith('/witness') ? 4 : name.endsWith('/refinery') ? 5 : 6)
  function sequence() {
    const names = [...new Set(mails.flatMap(({ from, address }) => [from, address]))].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    const width = 180, top = 24, row = 22
    const svg = document.getElementById('sequence')
    const at = (name) => names.indexOf(name) * width + width / 2
    const height = top + mails.length * row + 10
    svg.replaceChildren()
    svg.setAttribute('width', names.length * width)
    svg.setAttribute('height', height)
    for (const name of names) svg.append(make('text', { x: at(name), y: 14, 'text-anchor': 'middle' }, name), make('line', { x1: at(name), x2: at(name), y1: top - 4, y2: height }))
    mails.forEach((mail, n) => {
      const y = top + n * row + 14, from = at(mail.from), to = at(mail.address), side = to > from ? -6 : 6
      const arrow = make('g', { class: 'mail' })
      arrow.append(make('line', { x1: from, x2: to, y1: y, y2: y }), make('polygon', { points: [to, y, to + side, y - 4, to + side, y + 4].join(' ') }), make('text', { x: (from + to) / 2, y: y - 3, 'text-anchor': 'middle' }, mail.mailType))
      svg.append(arrow)
    })
  }
  const events = new EventSource('/events?token=' + encodeURIComponent(token))
  events.onmessage = (message) => {
    document.getElementById('down').textContent = ''
    for (const entry of JSON.parse(message.data)) show(entry)
    sequence()
  }
  events.onerror = () => { document.getElementById('down').textContent = 'The town cannot be heard any more.' }
`
