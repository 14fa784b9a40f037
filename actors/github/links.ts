// What a store remembers of issues that are on GitHub too: which is which, and what both said when they last agreed.
// It is among the store's settings, so that it is written in the transaction that it tells of.
// Never: believes what is not as it should be: then both are compared as if for the first time.
import process from 'node:process'
import { z } from 'zod'
import type { Beads } from '../beads/embedded.ts'
import { type Common, type Scalar, scalars } from './fields.ts'

const mark = z.string()
const link = z.object({
  id: z.string(),
  /** Each field by its mark: a text may be long. */
  said: z.record(z.string(), mark),
  labels: z.array(z.string()),
  /** Whom it is to be given to, whom GitHub does not know. */
  unknown: mark.optional(),
  /** Comments from here, by their ids, and what they are there. */
  comments: z.record(z.string(), z.int()).default({}),
  /** There is no such issue: a pull request has its number, or nothing. */
  none: z.literal(true).optional(),
})
export type Link = z.output<typeof link>

/** Up to when GitHub has been looked at and for which of its issues, and the mark of its answer to what is new since. */
const looked = z.object({ since: z.string().optional(), etag: z.string().optional(), state: z.string().optional() })
export type Looked = z.output<typeof looked>

const keyOf = (repository: string, number: number | 'seen' | `new:${string}`) =>
  `github.link:${repository.toLowerCase()}#${number}`

export function linksIn(beads: Beads, repository: string) {
  const begin = keyOf(repository, 'seen').replace(/seen$/, '')
  const links = new Map<number, Link>()
  // What is known already is not written again: whoever watches the store would look at it.
  const set = (key: string, value: string) => void (beads.config(key) === value || beads.setConfig(key, value))
  for (const { key, value } of beads.configs()) {
    const number = key.startsWith(begin) ? Number(key.slice(begin.length)) : Number.NaN
    const read = Number.isInteger(number) ? readAs(link, value) : undefined
    if (read) links.set(number, read)
  }
  return {
    links,
    looked: readAs(looked, beads.config(keyOf(repository, 'seen')) ?? '') ?? {},
    keep(number: number, one: Link): void {
      links.set(number, one)
      set(keyOf(repository, number), JSON.stringify(one))
    },
    /**
     * A word by which an issue that is about to be made there is known again, should the answer be lost. Nobody can
     * guess it: whoever writes an issue there could name one of ours.
     */
    expect(id: string): string {
      const key = keyOf(repository, `new:${id}`)
      const word = beads.config(key) ?? process.getBuiltinModule('node:crypto').randomBytes(9).toString('base64url')
      set(key, word)
      return `${id}/${word}`
    },
    isExpected(id: string, mark: string): boolean {
      const word = beads.config(keyOf(repository, `new:${id}`))
      return word !== undefined && mark === `${id}/${word}`
    },
    /** It is there, or will not be. */
    expectNoMore: (id: string) => void beads.unsetConfig(keyOf(repository, `new:${id}`)),
    keepLooked: (now: Looked) => set(keyOf(repository, 'seen'), JSON.stringify(now)),
  }
}
export type Links = ReturnType<typeof linksIn>

function readAs<S extends z.ZodType>(schema: S, text: string): z.output<S> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data as z.output<S> | undefined
  } catch {
    return undefined
  }
}

export const markOf = (value: string | number): string =>
  process.getBuiltinModule('node:crypto').hash('sha256', String(value), 'base64url').slice(0, 16)

/** All that was said, as it is remembered. */
export const saidOf = (common: Common): Record<Scalar, string> =>
  Object.fromEntries(scalars.map((field) => [field, markOf(common[field])])) as Record<Scalar, string>

/** By its address, as `gh-9` or as `owner/name#9`. */
const reference =
  /^(?:https?:\/\/[^/]+\/(?<address>[^/]+\/[^/]+)\/issues\/|gh-|(?<name>[^#/]+\/[^#/]+)#)(?<number>\d+)$/

/** The issues here that say by themselves which one they are there. */
export function localByNumber(beads: Beads, repository: string): Map<number, string> {
  const found = new Map<number, string>()
  for (const { id, external_ref: ref } of beads.list({ all: true })) {
    const { address, name = address, number } = reference.exec(ref ?? '')?.groups ?? {}
    if (number === undefined || (name !== undefined && name.toLowerCase() !== repository.toLowerCase())) continue
    if (!found.has(Number(number))) found.set(Number(number), id)
  }
  return found
}

/** What a comment of theirs is called here. */
export const theirComment = (id: number) => `gh-${id}`
export const isTheirs = (id: string) => /^gh-\d+$/.test(id)
