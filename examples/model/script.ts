// What a script is: steps, one for each answer, or rules that choose between several lists of steps.
// README.md tells it to people.
// Never: takes a script that it does not understand whole; its error names the step.
import { z } from 'zod'

/** A list of steps, or of rules. A step that is a text is a command for the agent's shell. */
export type Script = readonly StepSource[] | readonly RuleSource[]
export type StepSource = string | z.input<Kinds[keyof Kinds]>

export interface RuleSource {
  /** A regular expression that the conversation's text must meet; none is met by every text. */
  match?: string
  /** Requests without tools take steps too: for agents that edit by text, as aider does. */
  withoutTools?: boolean
  script: readonly StepSource[]
}

export interface Rule {
  match: RegExp
  withoutTools: boolean
  steps: readonly Step[]
}

export interface Step {
  /** Where it stands in its script, for people: “step 3”. */
  name: string
  /** How many requests it answers. */
  times: number
  delayMs: number
  headers: Readonly<Record<string, string>>
  does: Answers | Fails
}

export interface Answers {
  kind: 'answers'
  calls: readonly Use[]
  say: string | undefined
  think: string | undefined
  /** What is reported, in tokens; what is missing here is counted. */
  usage: { input?: number | undefined; cached?: number | undefined; output?: number | undefined }
  /** Text that comes before all else: so many pieces, with a pause between the answer’s events. */
  stream: { pieces: number; pauseMs: number }
  /** How the answer ends in its middle. */
  breaks: 'cut' | 'hang' | { error: string } | undefined
}

export interface Fails {
  kind: 'fails'
  error: z.output<Kinds['error']>
}

/** One use of a tool that the agent has. */
export type Use = z.output<Uses[keyof Uses]>

type Uses = typeof uses
const uses = {
  run: z.strictObject({ run: z.string().min(1) }),
  write: z.strictObject({ write: z.string().min(1), text: z.string().default('') }),
  tool: z.strictObject({
    tool: z.string().min(1),
    input: z.union([z.record(z.string(), z.unknown()), z.string()]).default({}),
  }),
}
type UseSource = string | z.input<Uses[keyof Uses]>

const tokens = z.int().nonnegative().optional()
const pacing = {
  times: z.union([z.int().positive(), z.literal('always')]).default(1),
  delayMs: z.number().nonnegative().default(0),
  headers: z.record(z.string(), z.string()).default({}),
}
const answering = {
  ...pacing,
  say: z.string().min(1).optional(),
  think: z.string().min(1).optional(),
  usage: z.strictObject({ input: tokens, cached: tokens, output: tokens }).default({}),
  stream: z
    .strictObject({ pieces: z.int().positive().max(100_000), pauseMs: z.number().nonnegative().default(0) })
    .default({ pieces: 0, pauseMs: 0 }),
  breaks: z.union([z.enum(['cut', 'hang']), z.strictObject({ error: z.string() })]).optional(),
}

/** By the word that says what a step does. */
const kinds = {
  run: uses.run.extend(answering),
  write: uses.write.extend(answering),
  tool: uses.tool.extend(answering),
  parallel: z.strictObject({ ...answering, parallel: z.array(z.custom<UseSource>()).min(2) }),
  say: z.strictObject({ ...answering, say: z.string().min(1) }),
  error: z.strictObject({
    ...pacing,
    error: z.union([z.int().min(400).max(599), z.enum(['usage_limit', 'prompt_too_long'])]),
    message: z.string().optional(),
    type: z.string().optional(),
    code: z.string().optional(),
    body: z.unknown().optional(),
    /** Of a usage limit: when it is lifted. */
    resetsInS: z.int().nonnegative().default(60),
  }),
}
type Kinds = typeof kinds

/** A script that cannot be followed; the message names the step, and what it may be. */
export class ScriptUnusable extends Error {
  override name = 'ScriptUnusable'
}

export function parseScript(source: unknown): Rule[] {
  if (!Array.isArray(source)) throw new ScriptUnusable('a script is a list of steps, or of rules { match, script }')
  const isRule = (part: unknown) => typeof part === 'object' && part !== null && 'script' in part
  if (!source.some(isRule)) return [{ match: /(?:)/, withoutTools: false, steps: stepsOf(source, '') }]
  const other = source.findIndex((part) => !isRule(part))
  if (other >= 0) throw new ScriptUnusable(`a list of rules has rules only; its part ${other + 1} has no \`script\``)
  return source.map(ruleOf)
}

const RuleShape = z.strictObject({
  match: z.string().default(''),
  withoutTools: z.boolean().default(false),
  script: z.array(z.unknown()),
})

function ruleOf(source: unknown, index: number): Rule {
  const where = `rule ${index + 1}`
  const { match, withoutTools, script } = parsed(RuleShape, source, where)
  return { match: patternOf(match, where), withoutTools, steps: stepsOf(script, `${where}, `) }
}

function patternOf(match: string, where: string): RegExp {
  try {
    return new RegExp(match)
  } catch (error) {
    throw new ScriptUnusable(`${where}: match is no regular expression: ${(error as Error).message}`)
  }
}

const stepsOf = (sources: readonly unknown[], within: string) =>
  sources.map((source, index) => stepOf(source, `${within}step ${index + 1}`))

function stepOf(source: unknown, name: string): Step {
  const kind = kindOf(source, kinds, name)
  const step = parsed(kinds[kind], typeof source === 'string' ? { run: source } : source, name)
  const { delayMs, headers } = step
  const times = step.times === 'always' ? Number.POSITIVE_INFINITY : step.times
  const paced = { name, times, delayMs, headers }
  if ('error' in step) return { ...paced, does: { kind: 'fails', error: step } }
  const { say, think, usage, stream, breaks } = step
  return { ...paced, does: { kind: 'answers', calls: usesIn(step, name), say, think, usage, stream, breaks } }
}

function usesIn(step: z.output<Kinds['run' | 'write' | 'tool' | 'parallel' | 'say']>, name: string): Use[] {
  if ('parallel' in step) return step.parallel.map((source, index) => useOf(source, `${name}, call ${index + 1}`))
  if ('run' in step) return [{ run: step.run }]
  if ('write' in step) return [{ write: step.write, text: step.text }]
  return 'tool' in step ? [{ tool: step.tool, input: step.input }] : []
}

const useOf = (source: unknown, where: string): Use =>
  parsed(uses[kindOf(source, uses, where)], typeof source === 'string' ? { run: source } : source, where)

/** The one word in it that says what it does; `say` may stand beside another. */
function kindOf<Kind extends string>(source: unknown, known: Readonly<Record<Kind, unknown>>, where: string): Kind {
  const names = Object.keys(known) as Kind[]
  const has = typeof source === 'string' ? ['run' as Kind] : names.filter((name) => Object(source)[name] !== undefined)
  const does = has.length > 1 ? has.filter((name) => name !== 'say') : has
  const [kind] = does
  if (kind !== undefined && does.length === 1) return kind
  const found = does.length > 1 ? does.join(' and ') : JSON.stringify(source)
  throw new ScriptUnusable(`${where} has one of ${names.join(', ')}, or is a command; this one has ${found}`)
}

function parsed<Schema extends z.ZodType>(schema: Schema, source: unknown, where: string): z.output<Schema> {
  const { data, error } = schema.safeParse(source)
  if (!error) return data
  throw new ScriptUnusable(`${where}: ${problemsIn(error)}`)
}

/** What a schema finds wrong, on one line: where in it, and what. */
export const problemsIn = (error: z.ZodError) =>
  error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ')
