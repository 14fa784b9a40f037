// What a person would want to see of a tool's input: the command, or the file; as the agents call them.
// Never: the input as a whole, which may be long.
import { z } from 'zod'
import { short } from './evidence.ts'

const text = z.string().optional().catch(undefined)
const known = z.looseObject({
  command: text,
  file_path: text,
  filePath: text,
  path: text,
  pattern: text,
  query: text,
})

export function onWhat(input: unknown): string {
  const { data } = known.safeParse(input)
  return short(
    data?.command ?? data?.file_path ?? data?.filePath ?? data?.path ?? data?.pattern ?? data?.query ?? '',
    300,
  )
}
