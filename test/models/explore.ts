// `npm run explore [-- --polecats N --issues N --faults N --commands N --races N --budget KIND --states-max N
// --test FILE]`: every state of a small town.
// A violation is told as its shortest story; --test writes it as a test that fails until it is mended.
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { budgetKind } from '../../machines/mail.ts'
import { type Exploration, explore } from '../../proof/explore.ts'
import { scopeOf } from '../../proof/state.ts'

const option = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    polecats: option,
    issues: option,
    faults: option,
    commands: option,
    races: option,
    budget: option,
    'states-max': option,
    test: option,
  },
})
const number = (name: keyof typeof values, otherwise: number) => {
  const given = Number(values[name] ?? otherwise)
  if (Number.isSafeInteger(given) && given >= 0) return given
  console.error(`--${name} is a whole number, not "${values[name]}"`)
  process.exit(2)
}
function budgetOf(kind: string | undefined) {
  if (kind === undefined) return {}
  if (!budgetKind.safeParse(kind).success) {
    console.error(`--budget is ${budgetKind.options.join(', ')}, not "${kind}"`)
    process.exit(2)
  }
  return { budget: budgetKind.parse(kind) }
}
// Without numbers: the scopes that together say most, smallest first.
const given = ['polecats', 'issues', 'faults', 'commands', 'races', 'budget'].some((name) => name in values)
const scopes = given
  ? [
      {
        polecats: number('polecats', 2),
        issues: number('issues', 2),
        faults: number('faults', 1),
        commands: number('commands', 0),
        races: number('races', 0),
        ...budgetOf(values.budget),
      },
    ]
  : [
      { polecats: 1, issues: 1, faults: 1, commands: 0, races: 2 },
      { polecats: 1, issues: 1, faults: 1, commands: 1, races: 0 },
      { polecats: 1, issues: 1, faults: 2, commands: 0, races: 0 },
      { polecats: 1, issues: 1, faults: 1, commands: 0, races: 0, ...budgetOf('issue') },
      { polecats: 1, issues: 2, faults: 0, commands: 1, races: 1, ...budgetOf('epic') },
      { polecats: 1, issues: 2, faults: 0, commands: 0, races: 1, ...budgetOf('day') },
      { polecats: 2, issues: 2, faults: 0, commands: 0, races: 2 },
      { polecats: 2, issues: 2, faults: 0, commands: 1, races: 0 },
      { polecats: 2, issues: 2, faults: 1, commands: 0, races: 0 },
    ]

for (const small of scopes) {
  const name = Object.entries(small)
    .map(([what, count]) => (what === 'budget' ? `a budget of the ${count}` : `${count} ${what}`))
    .join(', ')
  console.log(name)
  const found = explore(scopeOf(small), {
    statesMax: number('states-max', Number.MAX_SAFE_INTEGER),
    progress: (states, depth) =>
      process.stderr.isTTY && process.stderr.write(`\r${states} states, ${depth} steps deep `),
  })
  console.log(`  ${words(found)}`)
  if (found.violation) {
    console.log(
      `${found.violation.story.map((step, n) => `  ${String(n + 1).padStart(3)}. ${step}`).join('\n')}\n  Then: ${found.violation.what}`,
    )
    const test = reproduction(small, found.violation)
    if (values.test) writeFileSync(values.test, test)
    else console.log(`\nAs a test (--test FILE writes it):\n\n${test}`)
    process.exit(1)
  }
}

function words({ states, edges, depth, quiet, seconds, complete }: Exploration): string {
  return `${states} states, ${edges} edges, at most ${depth} steps deep, ${quiet} at rest, ${seconds.toFixed(1)} s (${Math.round((states / seconds) * 60)} states/min)${complete ? '' : ', NOT ALL'}`
}

/** A test that fails until it is mended. */
function reproduction(small: object, { what, story, restless }: NonNullable<Exploration['violation']>): string {
  const [name, check] = restless
    ? ['explore', 'expect(explore(scopeOf(SCOPE), { from: story }).violation).toBeNull()']
    : ['retell', 'expect(retell(scopeOf(SCOPE), story)).toBeNull()']
  return `import { expect, test } from 'vitest'
import { ${name} } from '../../proof/explore.ts'
import { scopeOf } from '../../proof/state.ts'

// When mended, a step of it may not be able to happen any more: the story ends before it then.
test(${JSON.stringify(what)}, () => {
  const story = ${JSON.stringify(story, null, 4).replace(/\n\]$/, ',\n  ]')}
  ${check.replace('SCOPE', JSON.stringify(small))}
})
`
}
