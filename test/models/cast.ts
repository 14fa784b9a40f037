// Every role of the town as a subject of model tests: its machine, its input in a small town, and the cases its mail
// and effects declare.
import { bind } from '../../actors/binding.ts'
import { effectCases, mailCases, rig } from '../../machines/cases.ts'
import { mailSchemas } from '../../machines/mail.ts'
import type { Staged } from '../../proof/twins.ts'
import type { Json, JsonObject } from '../../runtime/contract.ts'

const facts = {
  rigs: () => [rig],
  rig: () => ({
    maxWorkers: 2,
    spawnDelayMs: 0,
    sessionTries: 2,
    reminders: 1,
    cycles: 1,
    mergeTries: 2,
    retireTries: 2,
    gated: true,
    redMain: 'wait' as const,
    tellForeign: true,
    judgedBy: '',
  }),
  hasPlugin: () => true,
}
const kernel = bind({ facts, prefixOf: () => rig })

const addresses: Record<string, string> = {
  mayor: 'mayor/',
  overseer: 'overseer',
  witness: `${rig}/witness`,
  refinery: `${rig}/refinery`,
  polecat: `${rig}/polecats/Nux`,
  session: `${rig}/polecats/Nux/session`,
  keeper: `${rig}/witness/Nux`,
  plugin: `${rig}/plugins/oracle`,
}

/** Limits that are too far away to be walked to, nearer. */
const smaller: Record<string, JsonObject> = { plugin: { waitingMax: 1 } }

export const cast: Staged[] = kernel.roles.map((role) => {
  const address = addresses[role.name]
  if (!address) throw new Error(`a new role, ${role.name}: give it an address here`)
  const mail = [...new Set([...role.accepts, ...role.ignores])].flatMap((type) =>
    mailCases[type as keyof typeof mailCases].map(({ from, body }) => ({
      type,
      from,
      body: mailSchemas[type as keyof typeof mailSchemas].parse(body) as JsonObject,
    })),
  )
  const input = { ...role.input(address, 1), ...smaller[role.name] }
  return {
    role,
    address,
    kernel,
    subject: {
      name: role.name,
      machine: role.machine,
      input,
      mail,
      effects: effectCases as unknown as Record<string, Json[]>,
      begins: role.begins ?? role.accepts,
    },
  }
})
