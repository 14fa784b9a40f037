// Binds the machines to the kernel: roles, effect shapes, mail shapes, beads for mail that people read. The daemon
// and a simulation host the same town through it.
// Never: touches the world; the hands are handed to the driver beside it.
import { z } from 'zod'
import { daemon as daemonAddress, mayor as mayorAddress, rigOf } from '../machines/address.ts'
import { type EffectInput, type EffectName, type EffectOutput, effects } from '../machines/effects.ts'
import { causes } from '../machines/escalations.ts'
import { mailSchemas } from '../machines/mail.ts'
import { readable } from '../machines/readable.ts'
import { mayNotSay } from '../machines/speakers.ts'
import type {
  Draft,
  EffectCall,
  EffectSpec,
  Envelope,
  Handler,
  HostOptions,
  Json,
  JsonObject,
  Random,
  Trouble,
} from '../runtime/contract.ts'
import keeper from './roles/keeper.ts'
import mayor from './roles/mayor.ts'
import overseer from './roles/overseer.ts'
import plugin from './roles/plugin.ts'
import polecat from './roles/polecat.ts'
import refinery from './roles/refinery.ts'
import type { TownFacts } from './roles/role.ts'
import session from './roles/session.ts'
import witness from './roles/witness.ts'

const roles = [mayor, overseer, witness, refinery, polecat, session, keeper, plugin]

/** One hand for every effect; a missing, misspelt or mistyped one does not compile. */
export type Hands = { [N in EffectName]: (input: EffectInput<N>, call: EffectCall) => Promise<EffectOutput<N>> }

export interface Binding {
  facts: TownFacts
  /** Prefix of the beads that keep a rig's mail; of the town's own for undefined. */
  prefixOf(rig: string | undefined): string
}

export function bind({
  facts,
  prefixOf,
}: Binding): Pick<
  HostOptions,
  'roles' | 'effects' | 'parseMail' | 'refuses' | 'newMailId' | 'project' | 'slotCapacity' | 'alert'
> {
  return {
    roles: roles.map((role) => role(facts)),
    effects: Object.fromEntries(
      Object.entries(effects).map(([name, kind]) => [name, specOf(kind as unknown as AnyEffect)]),
    ),
    parseMail,
    refuses: mayNotSay,
    newMailId: (to, random) => `${prefixOf(rigOf(to))}-${base36(random)}`,
    project,
    // The only pools are the rigs' workers.
    slotCapacity: (pool) => facts.rig(pool.slice(0, pool.indexOf('/'))).maxWorkers,
    alert,
  }
}

/** Trouble of the kernel itself is the Overseer's: one escalation a cause, gone when it is. */
function alert(trouble: Trouble): Draft {
  const { kind, address } = trouble
  const cause =
    kind === 'halted' || kind === 'resumed' ? causes.halted(address) : causes.failing(address, trouble.effect)
  const said = { from: daemonAddress, to: mayorAddress }
  if (kind === 'mended' || kind === 'resumed') return { ...said, type: 'escalation.cleared', body: { cause } }
  const [subject, body] =
    kind === 'halted'
      ? [
          `${address} crashed too often and is halted`,
          'Its mail waits; nothing is lost. Once what makes it crash is mended, `gt up` lets it go on.',
        ]
      : [
          `${trouble.effect} for ${address} fails again and again`,
          'It is tried again every few minutes; nothing is lost.',
        ]
  return {
    ...said,
    type: 'escalation.raised',
    body: { cause, rig: rigOf(address) ?? '', issue: null, subject, body: `Its last error: ${trouble.error}\n${body}` },
  }
}

export function handlersOf(hands: Hands): Record<string, Handler> {
  return hands as unknown as Record<string, Handler>
}

interface AnyEffect {
  input: z.ZodType
  output: z.ZodType
  lane(input: unknown): string | null
  laneLimit?: number
  starts?: boolean
}

function specOf(kind: AnyEffect): EffectSpec {
  return {
    parseInput: (input) => parsed(kind.input, input) as JsonObject,
    parseOutput: (output) => parsed(kind.output, output) as Json,
    lane: (input) => kind.lane(input),
    laneLimit: kind.laneLimit ?? 1,
    starts: kind.starts ?? false,
  }
}

function parsed(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value)
  if (!result.success) throw new Error(z.prettifyError(result.error))
  return result.data
}

function parseMail(type: string, body: unknown): JsonObject {
  const schema = (mailSchemas as Record<string, z.ZodType>)[type]
  if (!schema) throw new Error(`no mail is of type "${type}"`)
  return parsed(schema, body) as JsonObject
}

function project({ id, from, to, type, body, sentAt }: Envelope): { name: string; input: JsonObject }[] {
  const words = readable(type, to, body)
  if (!words) return []
  return [{ name: 'fileMessage', input: { id, from, to, ...words, sentAt } }]
}

/** Eight characters of chance: one of 2.8 million million. */
function base36(random: Random): string {
  const high = BigInt(random.uint32())
  const low = BigInt(random.uint32())
  return ((high << 32n) | low).toString(36).padStart(8, '0').slice(-8)
}
