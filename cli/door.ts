// The door: every request to the daemon is parsed, its caller identified, its right checked, and only then answered, by
// its word's own file.
// Never: lets a role do what is another's; answers before what it answers for is committed.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { answers } from './answers.ts'
import type { Request } from './api.ts'
import type { Answering } from './asking.ts'
import type { TownBehind } from './behind.ts'
import { identify } from './caller.ts'
import { Usage } from './errors.ts'

const requestShape = z.object({
  v: z.literal(1),
  id: z.string().min(1).max(100),
  method: z.string(),
  params: z.unknown(),
  caller: z.object({ address: z.string(), epoch: z.int(), token: z.string() }).nullable(),
  cwd: z.string(),
})

export type Door = (raw: unknown, emit: (event: unknown) => void, gone: AbortSignal) => Promise<unknown>

/** Carries out one request; throws Usage, Refusal, or what went wrong. */
export function openDoor(town: TownBehind): Door {
  return async (raw, emit, gone) => {
    const request = requestShape.safeParse(raw)
    if (!request.success) throw new Usage(`not a request this town understands: ${z.prettifyError(request.error)}`)
    const { id, method, caller, cwd, params: given } = request.data
    if (!Object.hasOwn(answers, method))
      throw new Usage(
        `this town knows no request "${method}"; is gt of another version than the daemon (${town.version})? \`gt down\`, then \`gt up\``,
      )
    const { may, shape, answer } = answers[method as keyof typeof answers] as Answering<z.ZodType, unknown>
    const from = identify(town, may, caller as Request['caller'], cwd)
    const params = shape.safeParse(given ?? {})
    if (!params.success) throw new Usage(z.prettifyError(params.error))
    return answer(params.data, { id, from, town, emit, gone })
  }
}

/** A fresh bead-shaped hash for a mail, the same for the same seed: a request sent twice is one mail. */
export function mailHash(seed: string): string {
  const digest = createHash('sha256').update(seed).digest()
  return digest.readBigUInt64BE(0).toString(36).padStart(8, '0').slice(-8)
}
