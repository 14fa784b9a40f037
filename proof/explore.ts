// Explore: every state a small town can reach, breadth first, so that the first way to a violation is a shortest one.
// Never: samples. What it did not visit, it says (`complete: false`).
import { Violation } from './invariants.ts'
import { makeModel } from './model.ts'
import type { Scope, TownState } from './state.ts'

export interface Exploration {
  states: number
  /** Ways from one state to another. */
  edges: number
  /** Steps on the longest shortest way. */
  depth: number
  /** States in which nothing of the town's own is left to happen. */
  quiet: number
  seconds: number
  /** Every reachable state was visited. */
  complete: boolean
  /** `restless`: no way leads on to rest; else the last step of the story, or the state it leads to, is wrong. */
  violation: { what: string; story: string[]; restless: boolean } | null
}

export interface ExploreOptions {
  /** Stops, incomplete, after so many states. */
  statesMax?: number
  /** Begins where this story ends. */
  from?: readonly string[]
  progress?(states: number, depth: number): void
}

export function explore(
  scope: Scope,
  { statesMax = Number.POSITIVE_INFINITY, from: story = [], progress }: ExploreOptions = {},
): Exploration {
  const from = performance.now()
  const model = makeModel(scope)
  // One Map holds no more than 2^24 entries.
  const shards = Array.from({ length: 64 }, () => new Map<number, number>())
  const shardOf = (key: number) => shards[key % shards.length] as Map<number, number>
  let states = 0
  // How each state was first reached: the state before, and which of its choices.
  const parents: number[] = [-1]
  const taken: number[] = [-1]
  const sources: number[] = []
  const targets: number[] = []
  const rests = new Set<number>()
  let edges = 0
  let depth = 0
  const first = stateAfter(model, story)
  let level: { state: TownState; index: number }[] = [{ state: first, index: 0 }]
  const remember = (key: number) => {
    shardOf(key).set(key, states)
    return states++
  }
  remember(hash(model.key(level[0]?.state as TownState)))
  const result = (violation: Exploration['violation'], complete: boolean): Exploration => ({
    states,
    edges,
    depth,
    quiet: rests.size,
    seconds: (performance.now() - from) / 1000,
    complete,
    violation,
  })
  for (; level.length > 0; depth++) {
    progress?.(states, depth)
    const next: typeof level = []
    for (const { state, index } of level) {
      const choices = model.choices(state)
      try {
        const own = choices.filter((choice) => choice.from === 'town')
        const quiet = own.length === 0
        model.check(state, quiet)
        if (quiet) rests.add(index)
      } catch (error) {
        return result({ what: said(error), story: storyTo(index), restless: false }, false)
      }
      for (const [n, choice] of choices.entries()) {
        let after: TownState
        try {
          after = choice.next()
        } catch (error) {
          return result({ what: said(error), story: [...storyTo(index), choice.words], restless: false }, false)
        }
        edges++
        const key = hash(model.key(after))
        let target = shardOf(key).get(key)
        if (target === undefined) {
          target = remember(key)
          parents.push(index)
          taken.push(n)
          next.push({ state: after, index: target })
        }
        if (choice.from === 'town') {
          sources.push(index)
          targets.push(target)
        }
      }
      if (states >= statesMax) return result(null, false)
    }
    level = next
  }
  const stuck = neverAtRest()
  if (stuck !== undefined)
    return result(
      { what: 'from here on it never comes to rest by itself', story: storyTo(stuck), restless: true },
      true,
    )
  return result(null, true)

  /** The choices that lead from the beginning to a state, by playing them again. */
  function storyTo(index: number): string[] {
    const way: number[] = []
    for (let at = index; at > 0; at = parents[at] as number) way.unshift(taken[at] as number)
    const told = [...story]
    let state = first
    for (const n of way) {
      const choice = model.choices(state)[n]
      if (!choice) throw new Error('a state cannot be reached again: the model is not deterministic')
      told.push(choice.words)
      state = choice.next()
    }
    return told
  }

  /** A state from which no way of the town's own leads to rest; undefined: there is none. */
  function neverAtRest(): number | undefined {
    const counts = new Uint32Array(states + 1)
    for (const target of targets) counts[target + 1] = (counts[target + 1] as number) + 1
    for (let n = 1; n < counts.length; n++) counts[n] = (counts[n] as number) + (counts[n - 1] as number)
    const into = new Uint32Array(targets.length)
    const place = counts.slice()
    for (const [n, target] of targets.entries()) {
      into[place[target] as number] = sources[n] as number
      place[target] = (place[target] as number) + 1
    }
    const good = new Uint8Array(states)
    const open = [...rests]
    for (const index of open) good[index] = 1
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      for (let n = counts[index] as number; n < (counts[index + 1] as number); n++) {
        const source = into[n] as number
        if (good[source]) continue
        good[source] = 1
        open.push(source)
      }
    }
    const stuck = good.indexOf(0)
    return stuck === -1 ? undefined : stuck
  }
}

/**
 * Plays a story again, and with `toRest` lets the town go on by itself until it rests; the violation it ends in, or
 * null. Throws when a step of it cannot happen.
 */
export function retell(scope: Scope, story: readonly string[], { toRest = false } = {}): string | null {
  const model = makeModel(scope)
  const ownOf = (state: TownState) => model.choices(state).filter((choice) => choice.from === 'town')
  try {
    let state = stateAfter(model, story)
    for (let own = ownOf(state); toRest && own[0]; own = ownOf(state)) {
      model.check(state, false)
      state = own[0].next()
    }
    model.check(state, ownOf(state).length === 0)
    return null
  } catch (error) {
    if (error instanceof Violation) return error.message
    throw error
  }
}

function stateAfter(model: ReturnType<typeof makeModel>, story: readonly string[]): TownState {
  let state = model.start()
  for (const words of story) {
    const choices = model.choices(state)
    const choice = choices.find((each) => each.words === words)
    if (!choice)
      throw new Error(`“${words}” cannot happen here; what can: ${choices.map((each) => each.words).join(' · ')}`)
    state = choice.next()
  }
  return state
}

function said(error: unknown): string {
  return error instanceof Violation ? error.message : String(error)
}

/**
 * 53 bits of a text (cyrb53, public domain): among a million states two share one by chance once in twenty thousand
 * explorations.
 */
function hash(text: string): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57]
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return 4294967296 * (2097151 & b) + (a >>> 0)
}
