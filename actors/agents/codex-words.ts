// What is understood of the words of Codex's app-server; all else is passed over.
// Never: more than the driver uses; a field that may be missing is not asked for.
import { z } from 'zod'

const failure = z.looseObject({
  message: z.string(),
  codexErrorInfo: z.unknown(),
  additionalDetails: z.string().nullish(),
})
const sum = z.looseObject({
  totalTokens: z.int().default(0),
  inputTokens: z.int().default(0),
  cachedInputTokens: z.int().default(0),
  outputTokens: z.int().default(0),
})
export type Sum = z.infer<typeof sum>
const item = z.looseObject({
  type: z.string(),
  id: z.string(),
  text: z.string().nullish(),
  clientId: z.string().nullish(),
  command: z.string().nullish(),
  changes: z.array(z.looseObject({ path: z.string() })).nullish(),
  tool: z.string().nullish(),
  query: z.string().nullish(),
})
export type Item = z.infer<typeof item>
const quota = z.looseObject({
  usedPercent: z.number(),
  windowDurationMins: z.number().nullish(),
  resetsAt: z.number().nullish(),
})
export type Quota = z.infer<typeof quota>
const turn = z.looseObject({ id: z.string(), status: z.string(), error: failure.nullish() })
export type Turn = z.infer<typeof turn>

const notification = <Name extends string, Params extends z.ZodRawShape>(method: Name, params: Params) =>
  z.looseObject({ method: z.literal(method), params: z.looseObject({ threadId: z.string(), ...params }) })

export const words = z.discriminatedUnion('method', [
  notification('turn/started', { turn }),
  notification('turn/completed', { turn }),
  notification('item/started', { item }),
  notification('item/completed', { item }),
  notification('error', { error: failure, willRetry: z.boolean() }),
  notification('thread/tokenUsage/updated', {
    turnId: z.string(),
    tokenUsage: z.looseObject({ total: sum, last: sum, modelContextWindow: z.int().nullish() }),
  }),
  notification('account/rateLimits/updated', {
    threadId: z.string().optional(),
    rateLimits: z.looseObject({ primary: quota.nullish(), secondary: quota.nullish() }),
  }),
])
export type Used = Extract<z.infer<typeof words>, { method: 'thread/tokenUsage/updated' }>['params']

export const opened = z.looseObject({ thread: z.looseObject({ id: z.string() }), model: z.string().default('') })
