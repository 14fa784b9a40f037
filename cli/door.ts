// The door: every request to the daemon is parsed, its caller identified, its right checked, and only then answered, by
// its word's own file.
// Never: lets a role do what is another's; answers before what it answers for is committed.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { whereabouts } from '../machines/address.ts'
import { answers } from './answers.ts'
import type { Answering } from './asking.ts'
import type { TownBehind } from './behind.ts'
import { whoAsks } from './caller.ts'
import { Usage } from './errors.ts'
import { paced } from './pace.ts'
import type { Proves } from './peer.ts'

const requestShape = z.object({
  v: z.literal(1),
  id: z.string().min(1).max(100),
  method: z.string(),
  params: z.unknown(),
  caller: z.object({ address: z.string(), epoch: z.int(), token: z.string() }).nullable(),
  // An older gt says none: it may look, and is told the rest in words.
  pid: z.int().default(0),
  cwd: z.string(),
})

/** `proves` says whether a process is the one at the other end. */
export type Door = (raw: unknown, emit: (event: unknown) => void, gone: AbortSignal, proves: Proves) => Promise<unknown>

/** Carries out one request; throws Usage, Refusal, or what went wrong. */
export function openDoor(town: TownBehind): Door {
  const turnOf = paced()
  return async (raw, emit, gone, proves) => {
    const request = requestShape.safeParse(raw)
    if (!request.success) throw new Usage(`not a request this town understands: ${z.prettifyError(request.error)}`)
    const { id, method, params: given } = request.data
    if (!Object.hasOwn(answers, method))
      throw new Usage(
        `this town knows no request "${method}"; is gt of another version than the daemon (${town.version})? \`gt down\`, then \`gt up\``,
      )
    const { word, shape, answer } = answers[method as keyof typeof answers] as Answering<z.ZodType, unknown>
    const from = await whoAsks(town, word, request.data, proves)
    const params = shape.safeParse(given ?? {})
    if (!params.success) throw new Usage(z.prettifyError(params.error))
    if (whereabouts(from)?.role === 'polecat') await turnOf(from, gone)
    return answer(params.data, { id, from, town, emit, gone })
  }
}

/** A fresh bead-shaped hash for a mail, the same for the same seed: a request sent twice is one mail. */
export function mailHash(seed: string): string {
  const digest = createHash('sha256').update(seed).digest()
  return digest.readBigUInt64BE(0).toString(36).padStart(8, '0').slice(-8)
}
