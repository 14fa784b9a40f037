// Who keeps the town's issues keeps them as the town's hands need it (`town-issues.ts`): our own store always, real
// programs of `bd` where they are named (`npm run test:bd`).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { realKept } from '../fixture/real-bd.ts'
import { type Kept, townIssuesKeep } from './town-issues.ts'

describe('embedded', () => townIssuesKeep({ atOnce: 8, open: embedded }))

for (const path of (process.env.GT_BD ?? '').split(':').filter(Boolean))
  describe(path, () => townIssuesKeep({ atOnce: 8, open: () => realKept(path) }))

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
