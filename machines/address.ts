// Addresses: who a mail is from and to. One parser for every address that enters the town.
// Never: touches a path, a database or the network; an address that parses is well formed, not necessarily alive.

/**
 * `mayor/` · `overseer` · `daemon` · `<rig>/witness` · `<rig>/witness/<Polecat>` (the Witness’s keeper of that
 * polecat) ·
 * `<rig>/refinery` · `<rig>/polecats/<Polecat>` · `<rig>/polecats/<Polecat>/session` · `<rig>/plugins/<plugin>` ·
 * `<rig>/crew/<name>`.
 * (spec: Agents, Mail, Plugins)
 */
export type Address = string & { readonly __brand: 'Address' }

export type Whereabouts =
  | { role: 'mayor' | 'overseer' | 'daemon' }
  | { role: 'witness' | 'refinery'; rig: string }
  | { role: 'keeper' | 'polecat' | 'session' | 'plugin' | 'crew'; rig: string; name: string }

/** What rigs and their members may be called: no `/`, `..`, spaces or leading `-`. */
const named = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/
export const isMemberName = (text: string) => named.test(text)
/** Words of the town are taken. */
export const isRigName = (text: string) => named.test(text) && !reservedRigNames.has(text.toLowerCase())

const reservedRigNames = new Set([
  'mayor',
  'overseer',
  'daemon',
  'config',
  'logs',
  'plugins',
  'crew',
  'witness',
  'refinery',
  'polecats',
  'removed',
])

export const addressExamples =
  'mayor/, overseer, wyvern/witness, wyvern/refinery, wyvern/polecats/Nux, wyvern/plugins/merge-oracle'

/** Takes an address apart; undefined when it is not one. */
export function whereabouts(text: string): Whereabouts | undefined {
  if (text === 'mayor/' || text === 'mayor') return { role: 'mayor' }
  if (text === 'overseer' || text === 'daemon') return { role: text }
  const [rig, kind, name, part, ...rest] = text.split('/')
  if (rest.length > 0 || rig === undefined || !isRigName(rig)) return undefined
  if (name === undefined) return kind === 'witness' || kind === 'refinery' ? { role: kind, rig } : undefined
  if (!isMemberName(name)) return undefined
  if (part !== undefined) return kind === 'polecats' && part === 'session' ? { role: 'session', rig, name } : undefined
  const role = membersRole[kind ?? '']
  return role ? { role, rig, name } : undefined
}

/**
 * An address as people say it: `mayor` for `mayor/`, `wyvern/Nux` for `wyvern/polecats/Nux`. Any other text stays as
 * it is.
 */
export function spelledOut(text: string): string {
  if (text === 'mayor') return mayor
  const [rig, name, ...rest] = text.split('/')
  if (rig === undefined || name === undefined || rest.length > 0 || whereabouts(text)) return text
  return isRigName(rig) && isMemberName(name) ? polecatOf(rig, name) : text
}

const membersRole: Record<string, 'keeper' | 'polecat' | 'plugin' | 'crew'> = {
  witness: 'keeper',
  polecats: 'polecat',
  plugins: 'plugin',
  crew: 'crew',
}

/**
 * Groups that mail may be sent to, of those who read mail: everybody, or those of a role. `<rig>/` is everybody of that
 * rig.
 */
export const groups = {
  '@town': () => true,
  '@witnesses': (role: Whereabouts['role']) => role === 'witness',
  '@refineries': (role: Whereabouts['role']) => role === 'refinery',
  '@polecats': (role: Whereabouts['role']) => role === 'polecat',
  '@crew': (role: Whereabouts['role']) => role === 'crew',
} as const

export const mayor = 'mayor/' as Address
export const overseer = 'overseer' as Address
export const daemon = 'daemon' as Address
export const witnessOf = (rig: string) => `${rig}/witness` as Address
export const refineryOf = (rig: string) => `${rig}/refinery` as Address
export const polecatOf = (rig: string, name: string) => `${rig}/polecats/${name}` as Address
export const sessionOf = (rig: string, name: string) => `${rig}/polecats/${name}/session` as Address
export const keeperOf = (rig: string, name: string) => `${rig}/witness/${name}` as Address
export const pluginOf = (rig: string, name: string) => `${rig}/plugins/${name}` as Address

/** The rig an address lives in; undefined for those of the town itself. */
export function rigOf(text: string): string | undefined {
  const at = whereabouts(text)
  return at && 'rig' in at ? at.rig : undefined
}
