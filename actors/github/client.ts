// GitHub's REST API over HTTPS: questions with a token, lists page by page, and what is said when it refuses.
// Never: says the token to another host, prints it, or sends it in clear over a network; keeps more of an answer than
// its bound; waits longer than it was told.
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { BeadsError } from '../beads/contract.ts'

const answerBytesMax = 32 * 1024 * 1024
const answerWithinMs = 60_000
const pagesMax = 1000
/** A read that failed on the way is tried again so often. */
const triesMax = 3

export interface Api {
  /** `https://api.github.com`, without a slash at its end. */
  url: string
  /** undefined: public repositories can be read. */
  token: string | undefined
  /** How long a limit of GitHub's is waited for in all, in milliseconds. */
  waitMaxMs: number
  /** Told while it waits. */
  waits?(words: string): void
}

export interface Answer<T> {
  data: T
  etag: string | undefined
  /** When its first page was answered, by the clock there: milliseconds since the epoch. */
  at: number | undefined
}

/** This one thing is not there, or not taken, and why; what else is asked for may go well. */
export class Unprocessable extends BeadsError {
  override name = 'Unprocessable'
}

export type Client = ReturnType<typeof clientOf>

export function clientOf(api: Api) {
  let waitedMs = 0

  const send = async (method: Method, target: string, body?: object, etag?: string): Promise<Sent> => {
    for (let tries = 1; ; tries++) {
      const sent = await once(api, method, target, { body, etag }).catch((error: unknown) => {
        // Whether it was done nobody knows, unless it only reads.
        if (method === 'GET' && tries < triesMax) return undefined
        throw new BeadsError(`${hostOf(api)} cannot be reached: ${reasonOf(error)}; ${again}`)
      })
      if (sent === undefined || (sent.status >= 500 && method === 'GET' && tries < triesMax)) {
        await pause(200 * 2 ** tries)
        continue
      }
      const limitMs = limitedFor(sent)
      if (limitMs === undefined) return sent
      if (waitedMs + limitMs > api.waitMaxMs)
        throw new BeadsError(
          `${hostOf(api)} answers nothing more to us until ${new Date(Date.now() + limitMs).toISOString()} (its rate limit${api.token === undefined ? ', which is low without a token' : ''}); ${again}, or with --wait ${Math.ceil(limitMs / 60_000)}m`,
        )
      waitedMs += limitMs
      api.waits?.(`${hostOf(api)} has us wait for ${Math.ceil(limitMs / 1000)} s`)
      await pause(limitMs)
    }
  }
  const parsed = <S extends z.ZodType>(schema: S, { text }: Sent, target: string): z.output<S> => {
    let raw: unknown
    try {
      raw = JSON.parse(text)
    } catch {
      throw new BeadsError(`${hostOf(api)} answers ${pathOf(target)} with something that is not JSON; ${again}`)
    }
    const { data, error } = schema.safeParse(raw)
    if (error)
      throw new BeadsError(
        `${hostOf(api)} answers ${pathOf(target)} in a form that is not known here: ${z.prettifyError(error).split('\n')[0]}`,
      )
    return data as z.output<S>
  }
  const must = (sent: Sent, target: string): Sent => {
    if (sent.status < 300) return sent
    throw refusal(api, sent, target)
  }
  return {
    /** undefined: nothing is new since the answer with this mark. */
    async list<S extends z.ZodType>(path: string, item: S, etag?: string): Promise<Answer<z.output<S>[]> | undefined> {
      const all: z.output<S>[] = []
      let mark: string | undefined
      let at: number | undefined
      let next: string | undefined = `${api.url}${path}`
      for (let page = 1; next !== undefined; page++) {
        if (page > pagesMax) throw new BeadsError(`${pathOf(next)} has more than ${pagesMax} pages; nothing was done`)
        const sent: Sent = await send('GET', next, undefined, page === 1 ? etag : undefined)
        if (sent.status === 304) return undefined
        all.push(...parsed(z.array(item), must(sent, next), next))
        mark ??= sent.headers.get('etag') ?? undefined
        at ??= Date.parse(sent.headers.get('date') ?? '') || undefined
        next = nextIn(api, sent.headers.get('link'))
      }
      return { data: all, etag: mark, at }
    },
    async get<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
      const target = `${api.url}${path}`
      const sent = await send('GET', target)
      if (sent.status === 404 || sent.status === 410) throw new Unprocessable(`there is no ${pathOf(target)}`)
      return parsed(schema, must(sent, target), target)
    },
    /** Whether there is such a thing. */
    async has(path: string): Promise<boolean> {
      const target = `${api.url}${path}`
      const sent = await send('GET', target)
      return sent.status !== 404 && must(sent, target).status < 300
    },
    async write<S extends z.ZodType>(
      method: 'POST' | 'PATCH',
      path: string,
      body: object,
      schema: S,
    ): Promise<z.output<S>> {
      const target = `${api.url}${path}`
      return parsed(schema, must(await send(method, target, body), target), target)
    },
  }
}

type Method = 'GET' | 'POST' | 'PATCH'
interface Sent {
  status: number
  headers: Headers
  text: string
}

/** What is said of all that breaks off. */
const again = 'what is done so far is kept; say it again'

async function once(
  { token }: Api,
  method: Method,
  target: string,
  { body, etag }: { body: object | undefined; etag: string | undefined },
): Promise<Sent> {
  const response = await fetch(target, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      'user-agent': 'gastown-bd',
      'x-github-api-version': '2022-11-28',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    // A write that is led elsewhere might be done as a read. To another host no token goes along.
    redirect: method === 'GET' ? 'follow' : 'error',
    signal: AbortSignal.timeout(answerWithinMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.length
    if (bytes > answerBytesMax) throw new Error(`its answer is longer than ${answerBytesMax} bytes`)
    parts.push(part)
  }
  return { status: response.status, headers: response.headers, text: Buffer.concat(parts).toString() }
}

/** How long nothing more is answered, in milliseconds; undefined: this is no matter of limits. */
function limitedFor({ status, headers, text }: Sent): number | undefined {
  if (status !== 403 && status !== 429) return undefined
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  if (Number.isFinite(seconds)) return Math.max(0, seconds) * 1000
  const reset = Number(headers.get('x-ratelimit-reset') ?? Number.NaN)
  if (headers.get('x-ratelimit-remaining') === '0' && Number.isFinite(reset))
    return Math.max(1000, reset * 1000 - Date.now())
  // As its documentation has it of limits without a time.
  return status === 429 || /rate limit/i.test(text) ? 60_000 : undefined
}

/** The next page. Throws for one of another host: nothing leads us, and the token, elsewhere. */
function nextIn({ url }: Api, link: string | null): string | undefined {
  const [, said] = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(link ?? '') ?? []
  if (said === undefined) return undefined
  const next = URL.parse(said, url)
  if (next?.origin !== new URL(url).origin)
    throw new BeadsError(
      `${new URL(url).host} says its next page is at ${next?.host ?? said}, which is another host; nothing was taken in. If that is the one that is meant, name it as github.url`,
    )
  return next.href
}

const message = z.object({
  message: z.string(),
  errors: z
    .array(z.union([z.string(), z.looseObject({ field: z.string().optional(), message: z.string().optional() })]))
    .optional(),
})

function refusal(api: Api, { status, text }: Sent, target: string): BeadsError {
  const host = hostOf(api)
  const why = wordsIn(text)
  if (status === 401) return new BeadsError(`${host} does not know this token (${why}); give another as GITHUB_TOKEN`)
  if (status === 403) return new BeadsError(`${host} does not let this token do that: ${why}`)
  if (status === 404)
    return new BeadsError(
      `${host} has no ${pathOf(target)}${api.token === undefined ? ' for somebody without a token' : ', or this token may not see it'}`,
    )
  if (status === 410) return new BeadsError(`${host}: ${why} (issues are turned off there, or this one was deleted)`)
  if (status === 422) return new Unprocessable(why)
  return new BeadsError(`${host} answers ${pathOf(target)} with ${status}: ${why}; ${again}`)
}

function wordsIn(text: string): string {
  try {
    const { data } = message.safeParse(JSON.parse(text))
    if (data) {
      const more = (data.errors ?? []).map((each) =>
        typeof each === 'string' ? each : [each.field, each.message].filter(Boolean).join(' '),
      )
      return [data.message, ...more].join('; ').slice(0, 500)
    }
  } catch {
    // No JSON: its beginning is what there is.
  }
  return text.slice(0, 200) || 'without words'
}

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined
  return cause || (error instanceof Error ? error.message : String(error))
}
const hostOf = ({ url }: Api) => new URL(url).host
const pathOf = (target: string) => new URL(target).pathname
