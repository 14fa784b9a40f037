import { expect, test } from 'vitest'
import type { Told } from './ordeal.ts'
import { tableOf, toldIn } from './table.ts'

const told = (name: string, when: 'up' | 'down', end: Told['end'], words = ''): Told => ({
  fault: { name, when },
  end,
  words,
})
const all = [
  ...['a', 'b'].flatMap((file) => [
    told(`${file} removed`, 'up', 'healed'),
    told(`${file} removed`, 'down', 'healed'),
    told(`${file} cut to nothing`, 'up', 'went on'),
    told(`${file} cut to nothing`, 'down', 'healed'),
  ]),
  told('c removed', 'up', 'healed'),
  told('c removed', 'down', 'healed'),
  told('d/ removed whole', 'up', 'refused in words', 'd is gone, put it back'),
  told('d/ removed whole', 'down', 'refused in words', 'd is gone, put it back'),
  told('the disk is full, and has room again', 'up', 'went on'),
]

test('what ended alike is one line, and what a person has to see to comes first', () => {
  expect(tableOf(all)).toMatchInlineSnapshot(`
    "| what | goes wrong | while the town is | it | in its words |
    | --- | --- | --- | --- | --- |
    | \`d/\` | removed whole | up or down | refused in words | d is gone, put it back |
    | \`a\`, \`b\` | cut to nothing | down | healed |  |
    | \`a\`, \`b\`, \`c\` | removed | up or down | healed |  |
    | \`a\`, \`b\` | cut to nothing | up | went on |  |
    | the disk is full, and has room again |  | up | went on |  |"
  `)
})

test('a table is read back as what was played, whatever its order', () => {
  const sorted = (told: readonly Told[]) => told.map((each) => JSON.stringify(each)).sort()
  expect(sorted(toldIn(tableOf(all)))).toEqual(sorted(all))
  expect(tableOf(toldIn(tableOf(all)).reverse())).toBe(tableOf(all))
})
