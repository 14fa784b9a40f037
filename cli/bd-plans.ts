// What an issue of each type should say, and how a Markdown file says several at once.
// Never: makes one.
import { BeadsError, type Issue, type NewIssue } from '../actors/beads/contract.ts'
import { asOneLine } from '../machines/texts.ts'

/** Headings that the description of each type should have; acceptance criteria may have a field of their own. */
const sections: Readonly<Record<string, readonly string[]>> = {
  bug: ['Steps to Reproduce', 'Acceptance Criteria'],
  task: ['Acceptance Criteria'],
  feature: ['Acceptance Criteria'],
  story: ['Acceptance Criteria'],
  epic: ['Success Criteria'],
}

/** Those that it has not: `## Acceptance Criteria`. */
export function lacking({
  issue_type: type = 'task',
  description = '',
  acceptance_criteria: criteria = '',
}: Partial<Pick<Issue, 'issue_type' | 'description' | 'acceptance_criteria'>>): string[] {
  const headings = [...description.matchAll(/^#+\s*(.+?)\s*$/gm)].map(([, heading]) => heading?.toLowerCase())
  return (sections[type] ?? [])
    .filter((name) => !headings.includes(name.toLowerCase()))
    .filter((name) => !(criteria.trim() !== '' && /criteria/i.test(name)))
    .map((name) => `## ${name}`)
}

type Plan = Pick<
  NewIssue,
  'title' | 'description' | 'design' | 'acceptance_criteria' | 'priority' | 'issue_type' | 'assignee'
> & {
  labels: string[]
}
const fields: Readonly<Record<string, keyof Plan>> = {
  priority: 'priority',
  type: 'issue_type',
  description: 'description',
  design: 'design',
  'acceptance criteria': 'acceptance_criteria',
  acceptance: 'acceptance_criteria',
  assignee: 'assignee',
  labels: 'labels',
}

/** Issues of a Markdown file: `## Title`, then what it is about, and `### Priority`, `### Type`, `### Labels`, … */
export function plansIn(markdown: string): Plan[] {
  const plans = markdown
    .split(/^## +/m)
    .slice(1)
    .map((text) => planOf(text))
  if (plans.length === 0) throw new BeadsError('the file has no issue: each begins with “## Title”; nothing was made')
  return plans
}

function planOf(text: string): Plan {
  const [head = '', ...parts] = text.split(/^### +/m)
  const [title = '', ...about] = head.split('\n')
  const plan: Plan = { title: asOneLine(title), labels: [], description: about.join('\n').trim() }
  for (const part of parts) {
    const [name = '', ...lines] = part.split('\n')
    const [field, value] = [fields[name.trim().toLowerCase()], lines.join('\n').trim()]
    if (field === undefined) plan.description = `${plan.description}\n\n### ${part.trim()}`.trim()
    else if (field === 'labels') plan.labels = value.split(/[\s,]+/).filter(Boolean)
    else if (field === 'priority') plan.priority = Number(value.replace(/^[Pp]/, ''))
    else plan[field] = value
  }
  return plan
}
