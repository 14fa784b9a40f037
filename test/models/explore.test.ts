// Every state of small towns; and that the town which is explored is the town the host plays.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bind } from '../../actors/binding.ts'
import type { RefineryContext } from '../../machines/refinery.ts'
import { explore, retell } from '../../proof/explore.ts'
import { makeModel } from '../../proof/model.ts'
import { type Choice, scopeOf, type TownState } from '../../proof/state.ts'
import { limits, rig } from '../../proof/world.ts'
import type { PromisedEffect } from '../../runtime/contract.ts'
import { openHost, openSqliteStore, seededRandom, virtualClock } from '../../runtime/open.ts'

describe('every state', () => {
  test.for([
    { polecats: 1, issues: 1, faults: 0, commands: 1, races: 1 },
    { polecats: 2, issues: 2, faults: 0, commands: 0, races: 0 },
    { polecats: 1, issues: 2, faults: 0, commands: 1, races: 0, budget: 'epic' as const },
    { polecats: 1, issues: 2, faults: 0, commands: 0, races: 1, budget: 'day' as const },
  ])(
    '$polecats polecats, $issues issues, $faults faults, $commands commands, $races races, budget $budget',
    (small) => {
      const { violation, complete, states, edges, seconds } = explore(scopeOf(small))
      console.log(`${states} states, ${edges} edges, ${seconds.toFixed(1)} s`)
      expect(violation).toBeNull()
      expect(complete).toBe(true)
      expect(states).toBeGreaterThan(10_000)
    },
  )

  test('a story can be told again, and one that cannot happen says so', () => {
    const scope = scopeOf({ polecats: 1, issues: 1, faults: 0, commands: 0, races: 0 })
    expect(
      retell(scope, [
        'mayor/ hears work.requested from overseer',
        'w/witness hears work.assigned from mayor/',
        'surveyIssues of w/witness is done',
      ]),
    ).toBeNull()
    expect(() => retell(scope, ['w/witness hears nothing from nobody'])).toThrow(
      /cannot happen here; what can: mayor\/ hears work.requested/,
    )
  })
})

test('random walks are the same in the model and on the real host and store', () => {
  const seed = Number(process.env.WALK_SEED ?? Date.now() % 1_000_000)
  for (let n = 0; n < 30; n++) walk(seed + n)
})

const dated = new Set(['at', 'since', 'queuedAt', 'now', 'until', 'askId', 'askIds'])

/** The town's state as both can show it; moments and the ids of mail are left out. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value, (key, part) => (dated.has(key) ? null : part)))

/** Of several in the queue one waits for its time: when that has come only the host knows, the model has no moments. */
function waitsForItsTime(before: TownState, after: TownState): boolean {
  const [was, is] = [before, after].map(queueIn) as [RefineryContext['queue'], RefineryContext['queue']]
  return is.length > 1 && [...was, ...is].some(({ wait }) => wait?.until != null)
}
const queueIn = (state: TownState) =>
  (state.actors.get(`${rig}/refinery`)?.stored.seen.context as unknown as RefineryContext | undefined)?.queue ?? []

function walk(seed: number): void {
  const random = seededRandom(seed)
  const scope = scopeOf({ polecats: 2, issues: 2, faults: 4, commands: 0, races: 2 })
  const model = makeModel(scope)
  let state = model.start()
  const dir = mkdtempSync(join(tmpdir(), 'walk-'))
  const store = openSqliteStore(join(dir, 'town.db'))
  const clock = virtualClock(0)
  const facts = {
    rigs: () => [rig],
    rig: () => ({ ...limits, maxWorkers: 2, spawnDelayMs: 0, sessionTries: 2, mergeTries: 2, retireTries: 2 }),
    hasPlugin: () => false,
  }
  const host = openHost({
    store,
    clock,
    random: seededRandom(1),
    holder: 'walk',
    holderGone: () => true,
    ...bind({ facts, prefixOf: () => rig }),
  })
  const post = (from: TownState) => {
    const mail = from.mail.at(-1)
    if (mail) host.post({ from: mail.from, to: mail.to, type: mail.type, body: mail.body })
  }
  const taken: PromisedEffect[] = []
  post(state)
  const told: string[] = []
  try {
    for (let n = 0; n < 250; n++) {
      const choices = model.choices(state).filter((choice) => choice.from !== 'fault' || random.uint32() % 4 === 0)
      const soonest = store.get<{ address: string; id: string }>(
        'SELECT address, id FROM timer ORDER BY due_at, address, id LIMIT 1',
      )
      // The model lets any timer fire; the host's clock only the soonest.
      const possible = choices.filter(
        ({ words }) =>
          !words.startsWith('the timer') || words === `the timer ${soonest?.id} of ${soonest?.address} fires`,
      )
      const choice = possible[random.uint32() % possible.length]
      if (!choice) break
      told.push(choice.words)
      // No two timers are due at one moment.
      clock.advance(1)
      const before = state
      state = choice.next()
      if (waitsForItsTime(before, state)) break
      mirror(choice, before)
      taken.push(...host.takeEffects(50))
      expect(ofHost(), `seed ${seed}: ${told.slice(-12).join(' → ')}`).toEqual(ofModel())
    }
  } finally {
    host.close()
    rmSync(dir, { recursive: true })
  }

  function mirror({ words }: Choice, before: TownState): void {
    if (/ hears /.test(words)) host.run(1)
    else if (words.startsWith('the timer')) {
      clock.set(Math.max(clock.now(), store.get<{ at: number }>('SELECT min(due_at) AS at FROM timer')?.at ?? 0))
      host.fireTimers()
    } else if (/ is begun$|then a crash/.test(words)) return
    else if (/^\w+ of \S+ (is done|fails|sees|answers)/.test(words)) {
      const gone = before.effects.find((effect) => !state.effects.includes(effect))
      const at = taken.findIndex(
        (effect) => effect.name === gone?.name && effect.address === gone.address && effect.invokeId === gone.invokeId,
      )
      const [effect] = taken.splice(at, 1)
      const mail = state.mail.length > before.mail.length ? state.mail.at(-1) : undefined
      const result = mail?.body as { output?: unknown; error?: { message: string } } | undefined
      const unawaited = { status: 'open', closed: [] }
      host.settle(
        effect?.key ?? '',
        result?.error ? { ok: false, error: result.error.message } : { ok: true, output: result?.output ?? unawaited },
      )
    } else if (state.mail.length > before.mail.length) post(state)
  }

  function ofHost() {
    return plain({
      actors: host
        .actors()
        .map(({ address, incarnation, status, value, context }) => ({ address, incarnation, status, value, context })),
      timers: store.all('SELECT address, id FROM timer ORDER BY address, id'),
      slots: host.slots(`${rig}/workers`).sort(),
      mail: store
        .all<{ type: string; to_address: string }>("SELECT type, to_address FROM mail WHERE state = 'new' ORDER BY seq")
        .map((mail) => `${mail.type} ${mail.to_address}`),
      effects: store.all<{ name: string; address: string }>(
        "SELECT name, address FROM effect WHERE state IN ('pending', 'started') AND name NOT IN ('fileMessage', 'noteReceipt') ORDER BY seq",
      ),
    })
  }

  function ofModel() {
    const view = model.view(state)
    return plain({
      actors: view.actors
        .map(({ address, status, value, context }) => ({
          address,
          incarnation: state.actors.get(address)?.incarnation,
          status,
          value,
          context,
        }))
        .sort((a, b) => (a.address < b.address ? -1 : 1)),
      timers: [...state.timers].sort((a, b) => (a.address + a.id < b.address + b.id ? -1 : 1)),
      slots: [...state.slots].sort(),
      mail: state.mail.map(({ type, to }) => `${type} ${to}`),
      effects: state.effects.map(({ name, address }) => ({ name, address })),
    })
  }
}
