// The agents of this machine, as a person who makes a rig is told of them: those that are here, and whether the one
// that was chosen can be started.
// Never: decides that an agent will work; `gt agents try` has one do a turn.
import process from 'node:process'
import { doubts, installed, lacking } from '../actors/agents/installed.ts'
import { presetIn, presetTrouble, spokenIn } from '../actors/agents/own.ts'
import { Usage } from './errors.ts'
import { complain, tell } from './print.ts'

/** Throws with the words for it where no such agent could be started; what may be wrong is told. */
export async function startable(town: string, agent: string, worker: readonly string[] | undefined): Promise<void> {
  const trouble = presetTrouble(town, agent)
  if (trouble !== undefined) throw new Usage(trouble)
  const preset = await presetIn(town, agent)
  const launch = preset.launch({ worker, node: process.execPath })
  // What has no agent yet may be given one later.
  if (!preset.drive || 'why' in launch) return
  const why = lacking(preset, launch.argv, process.env.PATH ?? '')
  if (why !== undefined) throw new Usage(why)
  for (const doubt of await doubts(preset, launch.argv, process.env)) complain('warning', doubt)
}

/** Says which agents are here, each with what is typed to have it. */
export async function propose(town: string): Promise<void> {
  const all = await Promise.all(
    (await spokenIn(town)).map(async (preset) => ({ name: preset.name, ...(await installed(preset, process.env)) })),
  )
  for (const { name, path, version } of all)
    if (path !== null) tell(`${name}${version === null ? '' : ` ${version}`} is here: --agent ${name}`)
}
