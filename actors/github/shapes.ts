// What GitHub's REST API tells, as far as it counts here.
// Never: believes more of an answer than its shape.
import { z } from 'zod'

const user = z.object({ login: z.string() })
const label = z.union([z.string(), z.object({ name: z.string().default('') })])

export const remoteIssue = z.object({
  number: z.int().min(1),
  html_url: z.string(),
  title: z.string(),
  body: z.string().nullish(),
  state: z.enum(['open', 'closed']),
  state_reason: z.string().nullish(),
  labels: z.array(label).default([]),
  /** Some organizations have kinds of their own. */
  type: z.object({ name: z.string() }).nullish(),
  assignee: user.nullish(),
  assignees: z.array(user).nullish(),
  user: user.nullish(),
  comments: z.int().default(0),
  created_at: z.iso.datetime({ offset: true }),
  updated_at: z.iso.datetime({ offset: true }),
  /** Only pull requests have it: to GitHub they are issues, too. */
  pull_request: z.unknown().optional(),
})
export type RemoteIssue = z.output<typeof remoteIssue>

export const remoteComment = z.object({
  id: z.int(),
  issue_url: z.string(),
  body: z.string().nullish(),
  user: user.nullish(),
  created_at: z.iso.datetime({ offset: true }),
})
export type RemoteComment = z.output<typeof remoteComment>

export const labelNames = ({ labels }: Pick<RemoteIssue, 'labels'>): string[] =>
  labels.map((each) => (typeof each === 'string' ? each : each.name)).filter(Boolean)
