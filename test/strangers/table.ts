// How every story ended: a line when it does, the words of those that are wrong, and a table of all.
// Never: says "ok" of a story that was only tolerated; those are "known", with what is weak.
import { basename } from 'node:path'
import type { Reporter, TestCase } from 'vitest/node'

interface Row {
  kind: string
  title: string
  outcome: string
  seconds: number
  words: string
}

export default class Table implements Reporter {
  private readonly rows: Row[] = []

  onTestCaseResult(test: TestCase): void {
    const result = test.result()
    const { state, errors } = result
    const note = result.state === 'skipped' ? result.note : undefined
    // Not asked for (`-t`) is not the same as not to be told on this machine.
    if (state === 'skipped' && !note) return
    const known = test.meta().known
    const outcome =
      state === 'passed'
        ? known
          ? 'known'
          : 'ok'
        : state === 'skipped'
          ? 'not told'
          : state === 'failed'
            ? 'WRONG'
            : state
    const words = known ?? note ?? errors?.map((error) => error.message).join('\n') ?? ''
    const kind = basename(test.module.moduleId).replace('.test.ts', '')
    const row = { kind, title: test.name, outcome, seconds: (test.diagnostic()?.duration ?? 0) / 1000, words }
    this.rows.push(row)
    console.log(lineOf(row))
    if (outcome === 'WRONG') console.log(words.replace(/^/gm, '      '))
  }

  onTestRunEnd(modules: Parameters<NonNullable<Reporter['onTestRunEnd']>>[0], unhandled: readonly unknown[]): void {
    const order = [...this.rows].sort((a, b) => a.kind.localeCompare(b.kind))
    console.log(`\n${order.map(lineOf).join('\n')}`)
    for (const module of modules)
      for (const error of module.errors()) console.log(`${module.moduleId}: ${error.message}`)
    for (const error of unhandled) console.log(String(error))
    const count = (outcome: string) => this.rows.filter((row) => row.outcome === outcome).length
    console.log(
      `${this.rows.length} stories: ${count('ok')} ok, ${count('WRONG')} wrong, ${count('known')} known, ${count('not told')} not told here`,
    )
  }
}

function lineOf({ kind, title, outcome, seconds, words }: Row): string {
  const first = outcome === 'ok' ? '' : `  (${words.split('\n')[0]?.slice(0, 160)})`
  return `${outcome.padEnd(8)} ${`${seconds.toFixed(1)} s`.padStart(7)}  ${kind.padEnd(14)} ${title}${first}`
}
