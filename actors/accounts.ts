// Accounts: sets of variables by which agents of one preset are somebody's, each in a file that only its user reads
// (`daemon/accounts/<preset>/<name>.json`). They are the person's, and all rigs share them.
// Never: prints a value, or leaves one where any other process could see it; a session has them in its environment.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { accountId } from '../machines/account-mail.ts'
import { chosen, type TownChoice } from './agents/choice.ts'
import type { AgentPreset } from './agents/preset.ts'
import { type RigConfig, variables } from './config.ts'
import { textOf, writeWhole } from './files.ts'
import { townLayout } from './layout.ts'

type Variables = Record<string, string>
const accountFile = z.object({ env: variables })

/** `claude/work` in its parts; throws with words for what is no account's name. */
export function partsOf(account: string): { preset: string; name: string } {
  const [preset = '', name = ''] = account.split('/')
  if (account === '' || !accountId.safeParse(account).success)
    throw new Error(`"${account}" is no account’s name; one is called <preset>/<name>, such as claude/work`)
  return { preset, name }
}

const pathOf = (town: string, account: string) => {
  const { preset, name } = partsOf(account)
  return join(townLayout(town).accounts, preset, `${name}.json`)
}

export function keepAccount(town: string, account: string, env: Variables): void {
  const path = pathOf(town, account)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeWhole(path, JSON.stringify(accountFile.parse({ env })), 0o600)
}

/** Says whether there was one. */
export function forgetAccount(town: string, account: string): boolean {
  const isThere = accountsIn(town).includes(account)
  rmSync(pathOf(town, account), { force: true })
  return isThere
}

/** Its variables; undefined: there is no such account. Throws without a value in its words. */
export function variablesOf(town: string, account: string): Variables | undefined {
  const path = pathOf(town, account)
  const text = textOf(path)
  if (text === undefined) return undefined
  try {
    return accountFile.parse(JSON.parse(text)).env
  } catch {
    throw new Error(`${path} is not as \`gt account add\` writes it; say that again for ${account}`)
  }
}

/** All there are, in the order of their names. */
export function accountsIn(town: string): string[] {
  const root = townLayout(town).accounts
  return namesIn(root)
    .flatMap((preset) => namesIn(join(root, preset)).map((file) => `${preset}/${file.replace(/\.json$/, '')}`))
    .filter((account) => accountId.safeParse(account).success)
    .sort()
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

const agentOf = (config: RigConfig, ofTown: TownChoice) => chosen('polecat', [], config, ofTown).agent

const namedBy = (config: RigConfig, ofTown: TownChoice) =>
  (config.accounts ?? []).map((name) => (name.includes('/') ? name : `${agentOf(config, ofTown)}/${name}`))

/**
 * Those a rig may use: of each preset those that it names, or else all. Where none of those it names is there, it waits
 * for them: what the environment says is not what it was confined to.
 */
function usableBy(config: RigConfig, ofTown: TownChoice, all: readonly string[]) {
  const named = namedBy(config, ofTown)
  const isOf = (account: string) => (one: string) => one.startsWith(`${partsOf(account).preset}/`)
  const usable = all.filter((account) => named.includes(account) || !named.some(isOf(account)))
  return [...usable, ...named.filter((account) => !usable.some(isOf(account)))]
}

/** What a rig's Witness is told of them. */
export function entitlementOf(town: string, rigs: ReadonlyMap<string, RigConfig>, name: string, ofTown: TownChoice) {
  const all = accountsIn(town)
  const config = rigs.get(name)
  if (!config) return { agent: '', accounts: [], sharers: [] }
  const accounts = usableBy(config, ofTown, all)
  const sharers = [...rigs].flatMap(([other, each]) =>
    other !== name && usableBy(each, ofTown, all).some((account) => accounts.includes(account)) ? [other] : [],
  )
  return { agent: agentOf(config, ofTown), accounts, sharers }
}

/** An environment as it is under this account: none of its preset's keys but its own count. */
export function underAccount(env: Variables, { keys = [] }: Pick<AgentPreset, 'keys'>, account: Variables): Variables {
  const others = Object.entries(env).filter(([name]) => !keys.includes(name))
  return { ...Object.fromEntries(others), ...account }
}

/** Whether a conversation that began under one goes on under the other: their programs keep it in the same place. */
export function shareTranscripts(one: Variables, other: Variables): boolean {
  const places = [...Object.keys(one), ...Object.keys(other)].filter((name) => /(HOME|DIR)$/.test(name))
  return places.every((name) => one[name] === other[name])
}

/** Rigs that name an account which is not there, in words. */
export const unknownIn = (town: string, rigs: ReadonlyMap<string, RigConfig>, ofTown: TownChoice): string[] =>
  [...rigs].flatMap(([name, config]) => {
    const why = unknownAmong(town, config, ofTown)
    return why === undefined ? [] : [`${name}: ${why}`]
  })

/** Rigs that name this account. */
export const naming = (rigs: ReadonlyMap<string, RigConfig>, ofTown: TownChoice, account: string): string[] =>
  [...rigs].filter(([, config]) => namedBy(config, ofTown).includes(account)).map(([name]) => name)

/** A rig that names an account which is not there, in words; undefined: it does not. */
export function unknownAmong(town: string, config: RigConfig, ofTown: TownChoice): string | undefined {
  const all = accountsIn(town)
  const missing = namedBy(config, ofTown).find((name) => !all.includes(name))
  return missing && `there is no account ${missing}; there is: ${all.join(', ') || 'none yet (`gt account add`)'}`
}
