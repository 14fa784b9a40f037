// The town's secret: sessions' tokens and the seals of mail are derived from it.
// Never: what somebody cut or wrote over.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { textOf, writeWhole } from './files.ts'
import { townLayout } from './layout.ts'

/** Undefined when it is missing, or is not as `newSecret` makes one. */
export function secretOf(town: string): string | undefined {
  const text = textOf(townLayout(town).secret)?.trim() ?? ''
  return /^[0-9a-f]{64}$/.test(text) ? text : undefined
}

/** 32 random bytes. */
export function newSecret(): string {
  // Loaded here only: `gt mail inbox` reads a secret and makes none, and node:crypto is slow to load.
  const { randomBytes } = process.getBuiltinModule('node:crypto')
  return randomBytes(32).toString('hex')
}

/** Writes it where another one is, or none; says whether that was so. */
export function keepSecret(town: string, secret: string): boolean {
  const { secret: path } = townLayout(town)
  if (secretOf(town) === secret) return false
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeWhole(path, secret, 0o600)
  return true
}
