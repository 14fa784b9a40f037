// A polecat as a word names it, and its session as its folder shows it: for words that need no daemon.
// Never: asks the town.
import { type LastRun, lastRunOf } from '../actors/sessions/last-run.ts'
import { whereabouts } from '../machines/address.ts'
import { Usage } from './errors.ts'

/** Usage for who is no polecat; an error, in words, for one that never had a session here. */
export function placeOf(town: string, who: string): { rig: string; name: string; run: LastRun } {
  const at = whereabouts(who)
  if (at?.role !== 'polecat') throw new Usage(`${who} is no polecat; say <rig>/<polecat>`)
  const { rig, name } = at
  const run = lastRunOf(town, rig, name)
  if (!run) throw new Error(`${who} never had a session here; \`gt session list\` shows who has one`)
  return { rig, name, run }
}

/** What its agent's own program is run with, by a person: in whosever terminal, it is a part of that session. */
export async function agentPlace(town: string, { rig, name, run }: ReturnType<typeof placeOf>) {
  const { readTown, rigIn } = await import('../actors/facts.ts')
  const { chosen } = await import('../actors/agents/choice.ts')
  const { presetIn } = await import('../actors/agents/own.ts')
  const { presetOfRun } = await import('../actors/agents/supervisor.ts')
  const { agentBeside } = await import('../actors/sessions/beside.ts')
  const read = readTown(town)
  const config = rigIn(town, read.rigs, rig)
  // Whatever is said by now, this is whose conversation it is.
  const agent = presetOfRun(run.dir)
  const { worker, ...choice } = chosen('polecat', agent === undefined ? [] : [`agent:${agent}`], config, read.config)
  const preset = await presetIn(town, choice.agent)
  const program = preset.launch({ worker: worker?.argv, node: process.execPath })
  const place = { town, rig: config, polecat: name, run, env: process.env, agent: { ...preset, worker } }
  return { preset, program, ...agentBeside(place) }
}
