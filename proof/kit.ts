// Kit: what the author of a plugin's own machine tests it with (`import … from 'gastown/proof'`): the same proofs the
// town's machines go through.
// Never: needs a town, a network or a test runner of its own.
import { bind } from '../actors/binding.ts'
import { type PluginActor, pluginRole } from '../actors/plugins/actors.ts'
import { effectCases, mailCases, rig } from '../machines/cases.ts'
import { mailSchemas } from '../machines/mail.ts'
import type { Json, JsonObject } from '../runtime/contract.ts'
import { chartOf } from './chart.ts'
import { type Coverage, cover, holesOf } from './coverage.ts'
import { mermaid } from './draw.ts'
import { simulate } from './simulation.ts'
import { differs, livesUnlike, type Staged } from './twins.ts'
import { limits } from './world.ts'

export type { PluginActor, PluginKit } from '../actors/plugins/actors.ts'

export interface PluginCases {
  /** Messages worth telling apart, beside the one of every town; who sends one may be any address. */
  messages?: readonly { from?: string; subject: string; body?: string }[]
  /** What its program may answer (`runPlugin`), beside an answer, silence and a failure. */
  answers?: readonly JsonObject[]
  /** Changes to its machine's input: limits that are too far away to be walked to, nearer. */
  input?: JsonObject
  /** Simulated towns it lives in; the first seed is fresh and told. */
  seeds?: number
}

export interface PluginProof {
  /** Every transition, and the paths that take them. */
  coverage: Coverage
  /**
   * Transitions no case takes and the machine does not call unreachable (`meta: { unreachable: 'why' }`). Should be
   * empty.
   */
  holes: string[]
  /** Where the pure machine, the real host and XState itself differ. Should be empty. */
  differences: string[]
  /**
   * What went wrong in simulated towns, with the seed that tells it again (`gt sim <file> --seed N --trace`). Should
   * be empty.
   */
  violations: string[]
  /** Its diagram. */
  mermaid: string
}

/** Proves a plugin's machine: every transition reached, the same everywhere, at peace in towns that crash. */
export async function prove(
  actor: PluginActor,
  { messages = [], answers = [], input = {}, seeds = 20 }: PluginCases = {},
): Promise<PluginProof> {
  const name = 'plugin'
  const role = pluginRole(rig, name, actor)
  const address = `${rig}/plugins/${name}`
  const facts = {
    rigs: () => [rig],
    rig: () => ({ ...limits, maxWorkers: 1, spawnDelayMs: 0 }),
    hasPlugin: () => true,
  }
  const kernel = bind({ facts, prefixOf: () => rig })
  const mail = [
    ...mailCases['message.sent'],
    ...messages.map(({ from = 'overseer', ...body }) => ({ from, body })),
  ].map(({ from, body }) => ({
    type: 'message.sent',
    from,
    body: mailSchemas['message.sent'].parse(body) as JsonObject,
  }))
  const effects = { runPlugin: [...effectCases.runPlugin, ...answers] as Json[] }
  const staged: Staged = {
    role,
    address,
    kernel,
    subject: {
      name,
      machine: role.machine,
      input: { ...role.input(address, 1), ...input },
      mail,
      effects,
      begins: role.accepts,
    },
  }
  const differences: string[] = []
  const coverage = covered(staged, differences)
  differences.push(...coverage.paths.flatMap((path) => differs(staged, path) ?? []))
  const violations: string[] = []
  const first = Date.now() % 1_000_000
  for (let seed = first; seed < first + seeds; seed++) {
    const unlike = await livesUnlike(staged, seed)
    if (unlike) differences.push(unlike)
    const { violation } = simulate({ seed, plugins: [pluginRole(rig, name, actor)] })
    if (violation) violations.push(`seed ${seed}: ${violation}`)
  }
  return { coverage, holes: holesOf(coverage), differences, violations, mermaid: mermaid(chartOf(role.machine)) }
}

/** A machine that throws cannot be walked: that is said, and nothing of it counts as covered. */
function covered({ subject }: Staged, differences: string[]): Coverage {
  try {
    return cover(subject)
  } catch (error) {
    differences.push(`the machine throws: ${(error as Error).message}`)
    return {
      machine: subject.name,
      states: 0,
      configurations: 0,
      transitions: 0,
      edges: [],
      covered: new Set(),
      paths: [],
    }
  }
}
