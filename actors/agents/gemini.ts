// Gemini CLI: one long-lived process a session, over the Agent Client Protocol. Tried with 0.61.
// Never: relaunches itself; the process that is started is the agent. Goes on with a conversation in the minute in
// which that began or went on: Gemini would write over the file that it is about to read.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { textOf, writeWhole } from '../files.ts'
import { acp } from './acp.ts'
import type { Run } from './driver.ts'
import { preset } from './preset.ts'

export default preset({
  name: 'gemini',
  about: 'Gemini CLI, in the Agent Client Protocol',
  program: 'gemini',
  from: 'npm install --global @google/gemini-cli',
  tried: { from: '0.61', below: '0.62' },
  keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  passes: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GEMINI_BASE_URL', 'GEMINI_MODEL', 'GOOGLE_CLOUD_PROJECT'],
  launch: ({ worker }) => ({ argv: worker ?? ['gemini'] }),
  drive: acp({
    argv: ({ model }) => ['--acp', '--approval-mode', 'yolo', '--skip-trust', ...(model ? ['--model', model] : [])],
    env: () => ({ GEMINI_CLI_NO_RELAUNCH: 'true' }),
    tellsRole: false,
    ready: minuteOver,
  }),
  resumeByHand: (conversation) => [`--resume=${conversation}`],
  limits: [
    'it goes on with a conversation in the next minute at the soonest, and once: 0.61 then forgets it',
    'words for it wait for the end of its turn',
    'nothing tells how full its context is, or when a used-up allowance comes back',
    'nothing tells when it makes its context shorter: it does not hear once more who it is',
    'cached tokens are counted as tokens in',
    'it is told of its role by the first words of a conversation',
  ],
})

const minuteMs = 60_000

/** Waits out the minute in which this conversation was opened last: this one, where another run's folder has that. */
async function minuteOver({ dir, resumed }: Run): Promise<void> {
  const file = join(dir, 'gemini-opened')
  const next = (Math.floor(Number(textOf(file) ?? Date.now()) / minuteMs) + 1) * minuteMs
  if (resumed) await sleep(Math.min(minuteMs, Math.max(0, next - Date.now())), undefined, { ref: false })
  writeWhole(file, `${Date.now()}\n`)
}
