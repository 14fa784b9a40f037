// The table of RELIABILITY.md: how each fault ended, those that ended alike in one line, and read back from there.
// Never: touches the disk.
import type { End, Fault, Told } from './ordeal.ts'

const head = '| what | goes wrong | while the town is | it | in its words |\n| --- | --- | --- | --- | --- |'
/** What a person has to see to comes first. */
const ends: readonly End[] = ['LOST', 'SILENCE', 'refused in words', 'healed', 'went on', 'not here']
const ways = ['removed', 'cut to nothing', 'removed whole']
const or = ' or '

interface Line {
  /** Files and folders; a fault that is not of one of them stands here in its own words. */
  of: string[]
  /** How they were harmed; none of a fault in its own words. */
  how: string[]
  when: Fault['when'][]
  end: End
  words: string
}

/** One line for all that ended alike: of one thing, then of things that ended alike altogether. */
export function tableOf(all: readonly Told[]): string {
  const things = new Map<string, Told[]>()
  const order = ({ fault }: Told) => `${fault.name} ${fault.when}`
  for (const told of [...all].sort((a, b) => (order(a) < order(b) ? -1 : 1))) {
    const [of] = partsOf(told.fault.name)
    things.set(of, [...(things.get(of) ?? []), told])
  }
  const lines = new Map<string, Line>()
  for (const [of, told] of things)
    for (const { how, when, end, words } of linesOf(told)) {
      // What is refused stands by itself, with its words.
      const alike = words === '' && how.length > 0 ? '' : of
      const key = JSON.stringify([alike, how, when, end])
      const line = lines.get(key) ?? { of: [], how, when, end, words }
      lines.set(key, { ...line, of: [...line.of, of] })
    }
  const sorted = [...lines.values()].sort((a, b) => ends.indexOf(a.end) - ends.indexOf(b.end))
  return [head, ...sorted.map(textOf)].join('\n')
}

/** What was told of one thing. A line says exactly what was played: each way it names at each time it names. */
function linesOf(told: readonly Told[]): Line[] {
  const byWay = new Map<string, Line>()
  for (const { fault, end, words } of told) {
    const [, way] = partsOf(fault.name)
    const key = `${way}\n${end}`
    const line = byWay.get(key) ?? { of: [], how: way === undefined ? [] : [way], when: [], end, words }
    byWay.set(key, { ...line, when: [...line.when, fault.when].sort().reverse() })
  }
  const lines: Line[] = []
  for (const line of byWay.values()) {
    const same = lines.find(({ end, when }) => end === line.end && String(when) === String(line.when))
    if (same) same.how = [...same.how, ...line.how].sort().reverse()
    else lines.push(line)
  }
  return lines
}

/** A file or folder and what was done to it; or the whole, of any other fault. */
function partsOf(name: string): [of: string, way?: string] {
  const way = ways.findLast((each) => name.endsWith(` ${each}`))
  return way === undefined ? [name] : [name.slice(0, -way.length - 1), way]
}

function textOf({ of, how, when, end, words }: Line): string {
  const what = how.length === 0 ? of : of.map((each) => `\`${each}\``)
  return `| ${what.join(', ')} | ${how.join(or)} | ${when.join(or)} | ${end} | ${words} |`
}

/** What a table says was played, one by one. */
export function toldIn(table: string): Told[] {
  return table.split('\n').flatMap((line) => {
    const [what = '', how = '', when = '', end = '', words = ''] = line.slice(2, -2).split(' | ')
    if (!/^(up|down)/.test(when)) return []
    const names = how === '' ? [what] : [...what.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '')
    return names.flatMap((name) =>
      how.split(or).flatMap((way) =>
        (when.split(or) as Fault['when'][]).map((when) => ({
          fault: { name: `${name} ${way}`.trim(), when },
          end: end as End,
          words: words.trim(),
        })),
      ),
    )
  })
}
