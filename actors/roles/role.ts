// What a role file declares: which addresses it owns, which machine plays them, how it is restarted.
// Never: keeps state; a role is a description, its actors live in the runtime.
import type { AnyStateMachine } from 'xstate'
import { type Whereabouts, whereabouts } from '../../machines/address.ts'
import type { JsonObject, Role } from '../../runtime/contract.ts'

/** What roles ask about the town they are in. Read when an address is checked or an actor begins. */
export interface TownFacts {
  rigs(): readonly string[]
  rig(name: string): {
    maxWorkers: number
    spawnDelayMs: number
    sessionTries: number
    reminders: number
    cycles: number
    mergeTries: number
    retireTries: number
    gated: boolean
    redMain: 'wait' | 'land'
    tellForeign: boolean
    judgedBy: string
    /** In words; one that is another is another budget. */
    budgets?: Partial<Record<'issue' | 'epic' | 'rig' | 'day', string>>
    /** The preset of its agent, the accounts it may use, and which other rigs may use some of them. */
    agent?: string
    accounts?: string[]
    sharers?: string[]
  }
  hasPlugin(rig: string, name: string): boolean
}

interface RoleDeclaration {
  name: string
  /** Of a well-formed address in a registered rig (or of the town): is it this role's? */
  owns(at: Whereabouts, town: TownFacts): boolean
  machine: AnyStateMachine
  version: number
  /** A snapshot of an older version, as this one would have it. */
  migrate?(snapshot: JsonObject, from: number): JsonObject
  input(at: Whereabouts, incarnation: number, town: TownFacts): JsonObject
  /** Mail types that may begin a new incarnation; absent: every type the machine understands. */
  begins?: readonly string[]
  understands: readonly string[]
  ignores: readonly string[]
  mailboxLengthMax?: number
}

/** A role, ready for a town. */
export function role(declaration: RoleDeclaration): (town: TownFacts) => Role {
  return (town) => ({
    name: declaration.name,
    owns(address) {
      const at = whereabouts(address)
      if (!at || ('rig' in at && !town.rigs().includes(at.rig))) return false
      return declaration.owns(at, town)
    },
    machine: declaration.machine,
    version: declaration.version,
    ...(declaration.migrate ? { migrate: declaration.migrate } : {}),
    input: (address, incarnation) => declaration.input(whereabouts(address) as Whereabouts, incarnation, town),
    intensity: { crashesMax: 5, periodMs: 600_000 },
    accepts: declaration.understands,
    ignores: declaration.ignores,
    ...(declaration.begins ? { begins: declaration.begins } : {}),
    mailboxLengthMax: declaration.mailboxLengthMax ?? 10_000,
  })
}
