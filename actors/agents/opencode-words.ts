// What is understood of the events of OpenCode's server; all else is passed over.
// Never: more than the driver uses; a field that may be missing is not asked for.
import { z } from 'zod'

const failure = z.looseObject({
  name: z.string(),
  data: z.looseObject({ message: z.string().default(''), statusCode: z.number().nullish() }),
})
export type Failure = z.infer<typeof failure>
const tokens = z.looseObject({
  input: z.int().default(0),
  output: z.int().default(0),
  reasoning: z.int().default(0),
  cache: z.looseObject({ read: z.int().default(0), write: z.int().default(0) }),
})
export type Tokens = z.infer<typeof tokens>
const part = z.looseObject({
  id: z.string(),
  messageID: z.string(),
  sessionID: z.string(),
  type: z.string(),
  text: z.string().nullish(),
  time: z.looseObject({ end: z.number().nullish() }).nullish(),
  tool: z.string().nullish(),
  state: z.looseObject({ status: z.string(), input: z.unknown() }).nullish(),
  tokens: tokens.nullish(),
  cost: z.number().nullish(),
})
export type Part = z.infer<typeof part>
const message = z.looseObject({
  id: z.string(),
  role: z.string(),
  parentID: z.string().nullish(),
  providerID: z.string().nullish(),
  modelID: z.string().nullish(),
})
const status = z.looseObject({ type: z.string(), message: z.string().default(''), next: z.number().nullish() })
export type Status = z.infer<typeof status>

const event = <Name extends string, Properties extends z.ZodRawShape>(type: Name, properties: Properties) =>
  z.looseObject({
    type: z.literal(type),
    properties: z.looseObject({ sessionID: z.string().default(''), ...properties }),
  })

export const words = z.discriminatedUnion('type', [
  event('message.updated', { info: message }),
  event('message.part.updated', { part }),
  event('session.status', { status }),
  event('session.error', { error: failure.optional() }),
  event('session.compacted', {}),
])
