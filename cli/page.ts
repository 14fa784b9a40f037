// The page of diagrams: every lifecycle as SVG with its remarks; live, each actor's present state, its last
// transitions, and the mail between actors as a sequence.
// Never: asks anything beyond the server it came from; text of the town reaches it as data, and the page as text.
import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
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
<script type="module" nonce="${nonce}">${script()}</script>`,
  )
}

/** Built beside this file; run from source, it is the source without its types. */
function script(): string {
  const built = new URL('./live-page.js', import.meta.url)
  if (existsSync(built)) return readFileSync(built, 'utf8')
  return stripTypeScriptTypes(readFileSync(new URL('./browser/live-page.ts', import.meta.url), 'utf8'))
}
