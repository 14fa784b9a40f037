// Any program as an agent: started in its worktree, told by its environment ($GT_ISSUE, $GT_ASSIGNMENT), done when it
// says `gt handoff`.
// Never: a shell between the town and the program; arguments reach it as they are.
import { preset } from './preset.ts'

export default preset({
  name: 'shell',
  about: 'any program, told by its environment',
  launch({ worker, node }) {
    if (!worker) return { why: 'the rig has no worker; set "worker" in its config.json' }
    // A script needs no mark of its own: it is run with the town's Node.
    return { argv: /\.(mjs|cjs|js|ts)$/.test(worker[0] ?? '') ? [node, ...worker] : worker }
  },
})
