// The pure profile: what a machine of the town may be made of, checked over every state of every machine.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { effects } from '../../machines/effects.ts'
import { mailSchemas } from '../../machines/mail.ts'
import { words } from '../../machines/profile.ts'
import { begin, persist, restore } from '../../runtime/turn.ts'

const dir = join(import.meta.dirname, '../../machines')
const modules = await Promise.all(
  readdirSync(dir)
    .filter((file) => file.endsWith('.ts'))
    .map(async (file) => ({ file, exports: (await import(join(dir, file))) as Record<string, unknown> })),
)
const machines = modules.flatMap(({ file, exports }) =>
  Object.entries(exports).flatMap(([name, value]) =>
    name.endsWith('Machine')
      ? [{ name: name.replace('Machine', ''), file, machine: value as AnyStateMachine, exports }]
      : [],
  ),
)

const statesOf = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(statesOf)]
const transitionsOf = (node: AnyStateNode) => [...node.transitions.values()].flat().concat(node.always ?? [])
const list = <T>(value: T | readonly T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? [...(value as T[])] : [value as T]

/** xstate's own makers of actions that stay inside the transition. */
const pureMakers = new Set(['xstate.assign', 'xstate.raise', 'xstate.cancel', 'xstate.enqueueActions'])

test('there is a machine for every role of the spec', () => {
  expect(machines.map(({ name }) => name).sort()).toEqual([
    'keeper',
    'mayor',
    'overseer',
    'plugin',
    'polecat',
    'refinery',
    'session',
    'witness',
  ])
})

describe.each(machines)('$name', ({ name, machine, exports }) => {
  const states = statesOf(machine.root)

  test('every state says what it is', () => {
    expect(states.filter((node) => node !== machine.root && !node.description).map((node) => node.id)).toEqual([])
  })

  test('actions are words of the town, promised effects, or stay inside the transition', () => {
    const known = new Set([...Object.keys(words), ...Object.keys(machine.implementations.actions)])
    const strange: string[] = []
    const look = (action: unknown, where: string) => {
      if (typeof action === 'string') return known.has(action) || strange.push(`${where}: ${action}`)
      if (typeof action === 'object' && action !== null && 'type' in action)
        return known.has(String(action.type)) || strange.push(`${where}: ${action.type}`)
      const { type } = action as { type?: string }
      return (
        (typeof action === 'function' && pureMakers.has(type ?? '')) || strange.push(`${where}: an inline function`)
      )
    }
    for (const node of states) {
      for (const action of [...list(node.entry), ...list(node.exit)]) look(action, node.id)
      for (const transition of transitionsOf(node))
        for (const action of list(transition.actions)) look(action, `${node.id} on ${transition.eventType}`)
    }
    // Named actions of a machine's own stay inside the transition too; the words are empty on purpose.
    for (const [own, action] of Object.entries(machine.implementations.actions)) {
      if (!(own in words)) look(action, own)
      else expect(String(action)).toMatch(/=>\s*\{\s*\}$/)
    }
    expect(strange).toEqual([])
  })

  test('invokes an effect by name, under an id of its own, and knows what to do when it fails', () => {
    const invokes = states.flatMap((node) => node.invoke.map((invoke) => ({ state: node.id, ...invoke })))
    for (const invoke of invokes) {
      expect(typeof invoke.src, invoke.state).toBe('string')
      expect(Object.keys(effects), invoke.state).toContain(invoke.src)
      expect(invoke.id, `${invoke.state} names its invocation`).not.toMatch(/^\d+\./)
      const events = states.flatMap((node) => [...node.transitions.keys()])
      expect(events, invoke.state).toContain(`xstate.done.actor.${invoke.id}`)
      expect(events, invoke.state).toContain(`xstate.error.actor.${invoke.id}`)
      expect(invoke.systemId, invoke.state).toBeUndefined()
    }
    expect(new Set(invokes.map((invoke) => invoke.id)).size).toBe(invokes.length)
  })

  test('says which mail it understands, and understands no other', () => {
    const understands = exports[`${name}Understands`] as readonly string[]
    const ignores = exports[`${name}Ignores`] as readonly string[]
    const heard = new Set(
      states
        .flatMap((node) => [...node.transitions.keys()])
        .filter((event) => event !== '' && !event.startsWith('xstate.')),
    )
    expect([...heard].sort()).toEqual([...understands].sort())
    for (const type of [...understands, ...ignores]) expect(Object.keys(mailSchemas)).toContain(type)
  })

  test('delays have names', () => {
    for (const node of states) for (const { delay } of node.after) expect(typeof delay, node.id).toBe('string')
  })

  test('its snapshot goes to the store and comes back the same', () => {
    const { snapshot } = begin(machine, {
      rig: 'w',
      name: 'Nux',
      polecat: 'Nux',
      address: 'w/polecats/Nux',
      plugin: 'p',
      incarnation: 1,
      startsMax: 3,
      maxWorkers: 1,
      spawnDelayMs: 0,
      triesMax: 3,
    })
    const stored = persist(machine, snapshot)
    expect(persist(machine, restore(machine, JSON.parse(stored)))).toBe(stored)
    expect(stored).not.toMatch(/undefined|"value":null/)
  })
})
