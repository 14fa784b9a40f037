// A password or a token that somebody gave as part of an https address. It is kept in one file a rig, which only its
// user reads, and told to the town's own git by a helper that reads the file: neither configuration, nor a clone, nor a
// command line has it.
// Never: tells it to another host than the one it was given for; keeps it in the address.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { textAt, writeWhole } from '../files.ts'
import { rigLayout } from '../layout.ts'
import { type At, configured } from './at.ts'

export interface Credentials {
  username: string
  /** null: the address has none; a helper of the person's may know it. */
  password: string | null
}

/** What stands before the `@` of an https address, and the address without it. Others have nothing that git would use. */
export function parted(address: string): { url: string; credentials?: Credentials } {
  const [, scheme = '', inside, rest = ''] = /^(https?:\/\/)(?:([^/?#]*)@)?(.*)$/is.exec(address) ?? []
  if (inside === undefined) return { url: address }
  const [username = '', ...password] = inside.split(':')
  const credentials = {
    username: decoded(username),
    password: password.length === 0 ? null : decoded(password.join(':')),
  }
  return inside === '' ? { url: scheme + rest } : { url: scheme + rest, credentials }
}

export const withoutCredentials = (address: string): string => parted(address).url

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    // A `%` that begins no escape means itself.
    if (error instanceof URIError) return text
    throw error
  }
}

/** Why an address cannot be kept as it is, in words, with what can; undefined: it can. */
export function cannotKeep(address: string): string | undefined {
  const { credentials } = parted(address)
  if (credentials && /[\u0000-\u001f]/.test(`${credentials.username}${credentials.password ?? ''}`))
    return 'its user or its password has a line end in it'
  return !credentials && /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s]*@/i.test(address)
    ? 'a password in it is of use over https only; for ssh give a key to your ssh agent'
    : undefined
}

/** Keeps them for this rig; the file's lines are those that git asks its helpers for. */
export function keepCredentials(town: string, rig: string, { username, password }: Credentials): void {
  const path = rigLayout(town, rig).credentials
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeWhole(path, `username=${username}\n${password === null ? '' : `password=${password}\n`}`, 0o600)
}

export const forgetCredentials = (town: string, rig: string): void =>
  rmSync(rigLayout(town, rig).credentials, { force: true })

const written = z.looseObject({ git_url: z.string() })

/**
 * Keeps what a person wrote into the address in config.json, where it stays. True: there is something, which would be
 * better off without it.
 */
export function keepWritten(town: string, rig: string): boolean {
  const { data } = written.safeParse(JSON.parse(textAt(rigLayout(town, rig).config)))
  const { credentials } = parted(data?.git_url ?? '')
  if (credentials) keepCredentials(town, rig, credentials)
  return credentials !== undefined
}

/**
 * What git is told, as variables, so that it asks for this rig's credentials where they were given for: `url` names
 * the host. A password takes the place of the person's own helpers. A user alone asks them first, and is then tried
 * without a password, as some hosts want a token.
 */
export function asking(at: At, town: string, rig: string, url: string): At {
  const path = rigLayout(town, rig).credentials
  const [origin] = /^https?:\/\/[^/?#]+/i.exec(url) ?? []
  if (origin === undefined || !existsSync(path)) return at
  const text = textAt(path)
  const quoted = `'${path.replaceAll("'", `'\\''`)}'`
  const helper = (more: string) => `!f() { test "$1" = get && cat ${quoted}${more}; }; f`
  if (/^password=/m.test(text)) return configured(at, { [`credential.${origin}.helper`]: ['', helper('')] })
  const username = /^username=(.*)$/m.exec(text)?.[1] ?? ''
  return configured(at, {
    [`credential.${origin}.username`]: [username],
    [`credential.${origin}.helper`]: [helper(' && echo password=')],
  })
}
