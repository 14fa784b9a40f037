// Names of a gate's places and logs.
// Never: names a place twice.
import { join } from 'node:path'
import process from 'node:process'
import { townLayout } from '../layout.ts'

let made = 0

export const newPlace = (pool: string, name: string): string =>
  join(pool, `${name}-${process.pid}-${Date.now().toString(36)}-${++made}`)

export const logOf = (town: string, name: string): string =>
  join(townLayout(town).gateLogs, `${name.replaceAll('/', '-')}.log`)
