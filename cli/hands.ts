// What the town does in the world: each hand, with what it needs.
// Never: decides anything; it connects.
import { dirname, extname, join } from 'node:path'
import { unreadOf } from '../actors/agents/prime-facts.ts'
import { beadsHands, holdOn } from '../actors/beads/hands.ts'
import { handlersOf } from '../actors/binding.ts'
import { sessionEnv } from '../actors/environment.ts'
import { gateHands } from '../actors/gates/hands.ts'
import { gitHands } from '../actors/git/hands.ts'
import { landedOf, preservedOf } from '../actors/git/pin.ts'
import type { RigGit } from '../actors/git/rig.ts'
import { townLayout } from '../actors/layout.ts'
import { budgetsOf, counted } from '../actors/ledger/budgets.ts'
import { type Ledger, usedIn } from '../actors/ledger/ledger.ts'
import { metaOf } from '../actors/ledger/sessions.ts'
import { pluginHands } from '../actors/plugins/hands.ts'
import { backends } from '../actors/sessions/backends.ts'
import { sessionHands } from '../actors/sessions/hands.ts'
import { writeShims } from '../actors/sessions/identity.ts'
import { systemClock } from '../runtime/open.ts'
import type { PluginDesk } from './plugins.ts'
import type { Rigs } from './rigs.ts'
import type { Shelves } from './shelves.ts'
import type { DaemonOptions } from './word.ts'

/** Makes `gt` and `bd` as sessions find them, where they are not there or are others. */
export const makeShimsOf =
  ({ town, entry: { node, gt, bd } }: Pick<DaemonOptions, 'town' | 'entry'>) =>
  () =>
    writeShims(townLayout(town).shims, node, { gt, bd })

/** What programs are started with that are no session. */
export const bareEnv = ({ env }: Pick<DaemonOptions, 'env'>) => ({
  ...sessionEnv(env),
  PATH: env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
})

const weekMs = 7 * 24 * 3_600_000

interface Rooms {
  rigs: Rigs
  shelves: Shelves
  plugins: PluginDesk
  git: RigGit
  secret: string
  ledger: Ledger
  /** Has the Witness of a rig look how things stand. */
  look(rig: string): void
}

/** What the town does in the world, each hand with what it needs. */
export function handsOf(
  { town, env, entry, report }: DaemonOptions & { report(error: unknown): void },
  { rigs, shelves, plugins, git, secret, ledger, look }: Rooms,
) {
  const rig = rigs.get
  const bare = bareEnv({ env })
  const gits = gitHands(git)
  const backend = backends(townLayout(town).tmuxSocket, bare)
  return handlersOf({
    ...beadsHands({
      of: shelves.keeper,
      wait: shelves.wait,
      preservedOf: (name, issue) => preservedOf(git, name, issue),
      landedOf: (name, issue) => landedOf(git, name, issue),
      budgets: (name) => budgetsOf(name, rig(name).budgets, ledger, systemClock.now),
      usedUnder(account, since) {
        // Nobody knows a service's windows: what was used longer ago counts no more.
        const { input, output, cached } = ledger.spent({ account, since: Math.max(since, systemClock.now() - weekMs) })
        return input + output + cached
      },
      secret,
      unreadMax: () => rigs.ofTown().mail.unread_max,
    }),
    ...gits,
    ...gateHands({ town, rig, env, report: (words) => report(words) }),
    ...sessionHands({
      town,
      makeShims: makeShimsOf({ town, entry }),
      rig,
      ofTown: rigs.ofTown,
      async textsOf(name, id) {
        const [shelf, none] = [shelves.keeper(name), '']
        const issue = await shelf.get(id)
        const { description = none, acceptance_criteria: acceptance = none } = issue ?? {}
        return { description, acceptance, labels: issue ? await shelf.labels(id) : [] }
      },
      unread: (name, address) => unreadOf(town, shelves.of(name), secret, address),
      placeOf: gits.inspectWorktree,
      backend,
      secret,
      env,
      node: entry.node,
      heard(dir, facts) {
        const meta = usedIn(facts).length > 0 ? metaOf(dir) : undefined
        if (!meta) return
        const budgets = budgetsOf(meta.rig, rigs.all().get(meta.rig)?.budgets ?? {}, ledger, systemClock.now)
        const part = { issue: meta.issue, within: meta.within }
        if (counted(budgets, part, () => ledger.note(meta, facts))) look(meta.rig)
      },
      beats: async (name, issue, worker) => holdOn(shelves.keeper(name), issue, worker),
      supervisor: join(dirname(entry.gt), `supervisor${extname(entry.gt)}`),
      clock: systemClock,
    }),
    ...pluginHands({ town, env: bare, plugins, now: systemClock.now }),
  })
}
