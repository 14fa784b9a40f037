// The addresses that can be told from disk, for when there is no daemon to ask.
// Never: says who is alive.
import { existsSync, readdirSync } from 'node:fs'
import { closest } from 'fastest-levenshtein'
import { readConfig, rigsConfig } from '../actors/config.ts'
import { rigLayout, townLayout } from '../actors/layout.ts'

export function knownAddresses(town: string): string[] {
  const rigs = Object.keys(readConfig(townLayout(town).rigsJson, rigsConfig).rigs)
  const inside = (path: string) => (existsSync(path) ? readdirSync(path).filter((name) => !name.startsWith('.')) : [])
  return [
    'mayor/',
    'overseer',
    ...rigs.flatMap((rig) => {
      const layout = rigLayout(town, rig)
      return [
        `${rig}/witness`,
        `${rig}/refinery`,
        ...inside(layout.polecats).map((name) => `${rig}/polecats/${name}`),
        ...inside(layout.plugins).map((name) => `${rig}/plugins/${name}`),
        ...inside(layout.crew).map((name) => `${rig}/crew/${name}`),
      ]
    }),
  ]
}

export const nearest = (text: string, known: readonly string[]) => closest(text, known)
