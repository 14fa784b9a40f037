// GitHub's Copilot CLI: one long-lived process a session, over the Agent Client Protocol. Tried with 1.0.
// Never: takes an error for the end of a good turn, though Copilot says them alike; it tells no tokens of the error.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeWhole } from '../files.ts'
import { acp } from './acp.ts'
import type { Run } from './driver.ts'
import { preset } from './preset.ts'

export default preset({
  name: 'copilot',
  about: 'Copilot CLI, in the Agent Client Protocol',
  program: 'copilot',
  from: 'npm install --global @github/copilot',
  tried: { from: '1.0', below: '1.1' },
  keys: ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN', 'COPILOT_PROVIDER_API_KEY'],
  passes: [
    ...['COPILOT_GITHUB_TOKEN', 'COPILOT_PROVIDER_API_KEY', 'COPILOT_PROVIDER_BASE_URL', 'COPILOT_PROVIDER_TYPE'],
    ...['COPILOT_PROVIDER_WIRE_API', 'COPILOT_MODEL', 'COPILOT_OFFLINE'],
  ],
  launch: ({ worker }) => ({ argv: worker ?? ['copilot'] }),
  drive: acp({
    argv: ({ model, effort }) => [
      ...['--acp', '--allow-all', '--no-auto-update', '--no-ask-user'],
      ...(model ? ['--model', model] : []),
      ...(effort ? ['--reasoning-effort', effort] : []),
    ],
    env: (run) => (run.role ? { COPILOT_CUSTOM_INSTRUCTIONS_DIRS: instructions(run) } : {}),
    tellsRole: true,
    aside: (said) => {
      const [, kind, words = ''] = /^(Error|Info): (.*)$/s.exec(said) ?? []
      if (kind === 'Error') return { error: words }
      return kind === 'Info' && /retrying/i.test(words) ? { retries: words } : undefined
    },
    sumsTokens: true,
  }),
  resumeByHand: (conversation) => [`--resume=${conversation}`],
  limits: [
    'words for it wait for the end of its turn',
    'nothing tells when a used-up allowance comes back',
    'nothing tells when it makes its context shorter: it does not hear once more who it is',
    'errors are known by their words only',
  ],
})

/** A folder with instructions of its own, which Copilot reads beside those of the repository. */
function instructions({ dir, env, role }: Run): string {
  const folder = join(dir, 'copilot')
  const instructions = join(folder, '.github/instructions')
  mkdirSync(instructions, { recursive: true, mode: 0o700 })
  writeWhole(join(instructions, 'role.instructions.md'), `---\napplyTo: "**"\n---\n${role}\n`)
  const { COPILOT_CUSTOM_INSTRUCTIONS_DIRS: persons } = env
  return persons ? `${persons},${folder}` : folder
}
