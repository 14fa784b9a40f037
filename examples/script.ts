// The script by which a real agent does the demo's epic with the scripted model: real files and commits by its own
// shell. titleCase fails its gate once and is mended, and words is not handed over until the agent is told.
// Never: does what its issue does not ask for.
import { filesOf } from './kit.ts'
import type { RuleSource, StepSource } from './model/script.ts'

const titles = ['titleCase', 'truncate', 'words', 'slugify', 'countWords', 'headline'] as const

export function scriptOfDemo(): RuleSource[] {
  const done: StepSource[] = ['gt handoff', { say: 'Handed over.' }]
  const last = [
    'for f in $(cd src; ls | grep -v index.js); do echo "export { ${f%.js} } from \'./$f\'"; done > src/index.js',
    committed('Export every function'),
  ]
  return [
    { match: whose(1, '[\\s\\S]*It came back: a gate failed'), script: [...adds('titleCase', 2), ...done] },
    ...titles.map((name, n) => ({
      match: whose(n + 1),
      script: [...adds(name, 1), ...(name === 'words' ? [{ say: 'I have added it.' }] : []), ...done],
    })),
    { match: whose(7), script: [last.join(' && '), ...done] },
  ]
}

/** Of the conversation that is about this issue of the epic. */
const whose = (n: number, more = '') => `Your issue: tt-kit\\.${n} ${more}`

const adds = (name: string, attempt: number): StepSource[] => [
  filesOf(name, attempt)
    .map(([path, text]) => `mkdir -p ${path.split('/')[0]} && cat > ${path} <<'END'\n${text}END`)
    .join('\n'),
  committed(`Add ${name}`),
]

const committed = (message: string) => `git add --all && git commit --quiet --message '${message}'`
