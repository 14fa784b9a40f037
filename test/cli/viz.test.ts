// Diagrams as a person gets them: every format by the library that reads it, Mermaid by Mermaid itself in a browser.
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as smcat from 'state-machine-cat'
import { describe, expect, test } from 'vitest'
import { type AnyStateMachine, createMachine } from 'xstate'
import { rolesOf } from '../../cli/roles.ts'
import { chartOf, statesOf } from '../../proof/chart.ts'
import { mermaid } from '../../proof/draw.ts'
import { chromiumPath, openBrowser } from '../fixture/browser.ts'
import { cleanEnv, gtScript } from '../fixture/real-town.ts'

const gt = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [gtScript, ...args], {
    cwd: tmpdir(),
    env: cleanEnv(),
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
const roles = await rolesOf(undefined)

describe.each(roles)('$name', ({ name, machine }) => {
  const chart = chartOf(machine)

  test('every state and every transition with a target is drawn, and every guard has a name', () => {
    const drawn = mermaid(chart)
    for (const state of statesOf(chart.root))
      if (state.path) expect(drawn).toMatch(new RegExp(`as ${state.path.replaceAll('.', '_')}\\b`))
    for (const edge of chart.edges.filter(({ from, to }) => from && to))
      expect(drawn).toContain(`${edge.from.replaceAll('.', '_')} --> ${edge.to?.replaceAll('.', '_')}`)
    expect(
      chart.edges.filter(({ guard }) => guard.includes('…')).map(({ from, event }) => `${from} on ${event}`),
    ).toEqual([])
  })

  test('svg, dot and scxml', async () => {
    const svg = gt('viz', name, '--format', 'svg')
    expect(svg).toMatchObject({ status: 0, stderr: '' })
    for (const state of statesOf(chart.root))
      if (state.states.length === 0) expect(svg.stdout).toContain(`<title>${state.path.replaceAll('.', '_')}</title>`)
    // A final state is a mark without words.
    for (const { path, kind, description } of statesOf(chart.root))
      if (path && kind !== 'final') expect(svg.stdout).toContain(description.split(' ')[0])
    expect(gt('viz', name, '--format', 'dot').stdout).toMatch(/^digraph/)
    // It is read back by the parser of the library, and has all states.
    const scxml = gt('viz', name, '--format', 'scxml').stdout
    const back = (await smcat.render(scxml, { inputType: 'scxml', outputType: 'json' })) as unknown as {
      states: unknown[]
    }
    for (const state of statesOf(chart.root))
      if (state.path) expect(JSON.stringify(back)).toContain(`"${state.path.replaceAll('.', '_')}"`)
  })

  test('json is a machine again, with the same states and transitions', () => {
    const again = createMachine(JSON.parse(gt('viz', name, '--format', 'json').stdout)) as AnyStateMachine
    const [ours, theirs] = [chart, chartOf(again)]
    expect(statesOf(theirs.root).map(({ path, kind, description }) => [path, kind, description])).toEqual(
      statesOf(ours.root).map(({ path, kind, description }) => [path, kind, description]),
    )
    expect(theirs.edges.map(({ from, to, event, guard }) => [from, to, event, guard])).toEqual(
      ours.edges.map(({ from, to, event, guard }) => [from, to, event, guard]),
    )
  })
})

test('a page of all; what it cannot do it says', () => {
  const page = gt('viz', '--format', 'html').stdout
  for (const { name } of roles) expect(page).toContain(`<section id="${name}">`)
  expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/)
  expect(gt('viz', 'wittness')).toMatchObject({ status: 2, stderr: expect.stringContaining('witness') })
  expect(gt('viz', '--format', 'png')).toMatchObject({ status: 2, stderr: expect.stringContaining('mermaid, svg') })
  expect(gt('viz', '--format', 'svg')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('gt viz witness --format svg'),
  })
  expect(gt('viz', '--live')).toMatchObject({ status: 1, stderr: expect.stringContaining('not in a town') })
})

test.skipIf(!chromiumPath)('Mermaid itself parses and draws every diagram', async () => {
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    await page.setContent('<body></body>')
    await page.addScriptTag({ path: join(import.meta.dirname, '../../node_modules/mermaid/dist/mermaid.min.js') })
    for (const { name, machine } of roles) {
      const chart = chartOf(machine)
      // As in machines/README.md, and as `gt viz` prints it.
      for (const drawn of [mermaid(chart), gt('viz', name).stdout]) {
        const svg = await page.evaluate(
          `(async () => { await mermaid.parse(${JSON.stringify(drawn)}); return (await mermaid.render('m', ${JSON.stringify(drawn)})).svg })()`,
        )
        expect(svg, name).toContain('<svg')
      }
    }
    await expect(page.evaluate(`mermaid.parse('stateDiagram-v2\\n a --> -->')`)).rejects.toThrow(/Parse error/)
  } finally {
    await browser.close()
  }
})
