// Who keeps the town's issues keeps them as the town's hands need it (`town-issues.ts`): our own store always, real
// programs of `bd` where `npm run test:bd` names them, else what bd 1.3.0 answered when this suite was recorded.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { byStandIn } from '../fixture/classic-stand-in.ts'
import { byProgram, byRecording, programsHere, realKept } from '../fixture/real-bd.ts'
import { type Kept, townIssuesKeep } from './town-issues.ts'

describe('embedded', () => townIssuesKeep({ atOnce: 8, open: embedded }))

const { GT_BD_RECORD: record } = process.env
const recording = join(import.meta.dirname, 'recorded/town-issues-1.3.0.jsonl')

for (const { path, text, tells } of programsHere())
  describe(`bd ${text}`, () => {
    const open = () => realKept(byProgram(path, record))
    townIssuesKeep({ atOnce: 8, open, tells, isRecorded: record !== undefined })
  })

if (programsHere().length === 0)
  describe('RECORDED, no real bd: 1.3.0', () =>
    townIssuesKeep({ atOnce: 1, open: () => realKept(byRecording(recording)), isRecorded: true }))

// What the recordings of classic ones show is too little to answer a suite from.
for (const version of ['0.30.7', '0.49.6'] as const)
  describe(`a STAND-IN, no real bd: ${version}`, () =>
    townIssuesKeep({ atOnce: 8, open: () => realKept(byStandIn(version)), tells: false }))

async function embedded(): Promise<Kept> {
  const dir = mkdtempSync(join(tmpdir(), 'town-issues-'))
  initBeads(dir, 'w')
  const [issues, elsewhere, other] = [openBeads(dir), openBeads(dir), openBeads(dir)]
  return {
    issues,
    make: async (issue) => elsewhere.create(issue, 'ann').id,
    close: async (id, reason, actor) => void elsewhere.closeIssue(id, reason, actor, true),
    // Workers of two towns have two stores of ours; here they differ by name.
    other: async () => ({ ...other, claim: (id, holder, from) => other.claim(id, `${holder}-2`, from), get: nameless }),
    again: async () => other,
    async dispose() {
      for (const each of [issues, elsewhere, other]) each.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
  function nameless(id: string) {
    const issue = other.get(id)
    return issue && { ...issue, assignee: issue.assignee?.replace(/-2$/, '') ?? null }
  }
}
