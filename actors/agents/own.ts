// A town's own agent presets: `config/agents/<name>.json`, one file each, which says which of our drivers speaks with
// what program. They are found beside ours, by name, wherever a preset is.
// Never: runs code of that folder; lets a file take the name of one of ours.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { CommandRefused, splitCommand } from '../commands.ts'
import { ConfigUnusable, command, duration, presetName, readConfig, variable, variables } from '../config.ts'
import { homeOf } from '../environment.ts'
import { textAt } from '../files.ts'
import { townLayout } from '../layout.ts'
import { didYouMean } from '../nearest.ts'
import { acp, type Dialect } from './acp.ts'
import type { Driver, Run } from './driver.ts'
import type { AgentPreset } from './preset.ts'
import { isPreset, presetNames, presetOf, spokenPresets } from './presets.ts'

/** Arguments in which a placeholder stands for a value: `"--model {{model}}"`, or a list. */
const form = (placeholder: string) =>
  z
    .union([z.array(z.string()).min(1), z.string()])
    .transform((written, context) => {
      try {
        return typeof written === 'string' ? splitCommand(written, homeOf(process.env)).argv : written
      } catch (error) {
        if (!(error instanceof CommandRefused)) throw error
        context.addIssue(error.message)
        return z.NEVER
      }
    })
    .refine((words) => words.some((word) => word.includes(`{{${placeholder}}}`)), `says nowhere {{${placeholder}}}`)
const version = z.string().regex(/^\d+(\.\d+)*$/, 'a version is numbers with dots between them')
const sentence = z.string().min(1).max(300)
const names = z.array(variable).max(100).default([])

/** What a file says; but for `driver` all may be left out, and is then as the driver's own preset has it. */
const written = z
  .strictObject({
    driver: z.enum(['acp', ...presetNames]),
    about: sentence.optional(),
    /** Where its program comes from. */
    from: sentence.optional(),
    program: command.optional(),
    tried: z.strictObject({ from: version, below: version }).optional(),
    keys: z.array(variable).max(100).optional(),
    passes: names,
    env: variables.default({}),
    model: form('model').optional(),
    effort: form('effort').optional(),
    /** By which a person goes on with a conversation in their own terminal. */
    resume: form('conversation').optional(),
    limits: z.array(sentence).max(40).default([]),
    hang_after: duration.optional(),
    cycle_at: z.int().min(10).max(100).optional(),
  })
  .refine(({ driver, program }) => driver !== 'acp' || program !== undefined, {
    error: 'is missing: the driver acp has no program of its own',
    path: ['program'],
  })
type Written = z.infer<typeof written>

/** Those that can be used, as they are written, and what is wrong with the others, in words; by name. */
export function ownPresets(town: string): { sound: ReadonlyMap<string, Written>; broken: ReadonlyMap<string, string> } {
  const [sound, broken] = [new Map<string, Written>(), new Map<string, string>()]
  for (const file of filesIn(townLayout(town).agentPresets)) {
    const name = file.slice(0, -suffix.length)
    const path = ownPresetFile(town, name)
    try {
      const wrong = isPreset(name) ? 'Gas Town has a preset of this name itself' : wrongName(name)
      if (wrong !== undefined) throw new ConfigUnusable(`${path} cannot be used: ${wrong}; call the file otherwise`)
      sound.set(name, readConfig(path, written))
    } catch (error) {
      if (!(error instanceof ConfigUnusable)) throw error
      broken.set(name, error.message)
    }
  }
  return { sound, broken }
}

const suffix = '.json'
export const ownPresetFile = (town: string, name: string) => join(townLayout(town).agentPresets, `${name}${suffix}`)

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith(suffix) && !file.startsWith('.'))
      .sort()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

const wrongName = (name: string) => presetName.safeParse(name).error?.issues[0]?.message

/** Why there is no preset of this name here, in words; undefined: there is. `town`: absent where nobody is in one. */
export function presetTrouble(town: string | undefined, name: string): string | undefined {
  if (isPreset(name)) return undefined
  const { sound, broken } = town === undefined ? { sound: new Map(), broken: new Map() } : ownPresets(town)
  if (sound.has(name)) return undefined
  const all = [...presetNames, ...sound.keys(), ...broken.keys()]
  return broken.get(name) ?? `no agent preset "${name}"; there is: ${all.join(', ')}${didYouMean(name, all)}`
}

/** One of ours, or of this town; throws with the words for it where there is none. */
export async function presetIn(town: string | undefined, name: string): Promise<AgentPreset> {
  const why = presetTrouble(town, name)
  if (why !== undefined) throw new ConfigUnusable(why)
  const own = town === undefined || isPreset(name) ? undefined : ownPresets(town).sound.get(name)
  return own ? ownPreset(name, own) : presetOf(name)
}

/** As its file has it, for who drives it in another process. */
export const writtenOf = (town: string, name: string): unknown =>
  isPreset(name) ? null : JSON.parse(textAt(ownPresetFile(town, name)))

/** What `writtenOf` told, as a preset. */
export const presetFrom = (name: string, told: unknown): Promise<AgentPreset> => ownPreset(name, written.parse(told))

/** All that are spoken to: ours, and those of this town that can be used. */
export async function spokenIn(town: string | undefined): Promise<(AgentPreset & { isOwn: boolean })[]> {
  const own = town === undefined ? [] : [...ownPresets(town).sound]
  const all = await Promise.all(own.map(([name, written]) => ownPreset(name, written)))
  return [
    ...(await spokenPresets()).map((preset) => ({ ...preset, isOwn: false })),
    ...all.filter(({ drive }) => drive !== undefined).map((preset) => ({ ...preset, isOwn: true })),
  ]
}

async function ownPreset(name: string, own: Written): Promise<AgentPreset> {
  const { driver, hang_after, cycle_at, resume } = own
  const base = isPreset(driver) ? await presetOf(driver) : undefined
  const argv = own.program?.argv
  const keys = own.keys ?? base?.keys
  // Another program comes from elsewhere, and has other versions.
  const ofBase = argv ? {} : { from: base?.from, tried: base?.tried }
  const { from = ofBase.from, tried = ofBase.tried } = own
  const program = argv?.[0] ?? base?.program
  // Who names keys of its own is not given those of whoever its driver was made for.
  const ofOthers = (base?.passes ?? []).filter((name) => own.keys === undefined || !base?.keys?.includes(name))
  const resumeByHand = resume ? (conversation: string) => filled(resume, { conversation }) : base?.resumeByHand
  return {
    name,
    about: own.about ?? `this town’s own, spoken to as ${driver}`,
    ...(program === undefined ? {} : { program }),
    ...(from === undefined ? {} : { from }),
    ...(tried ? { tried } : {}),
    ...(keys ? { keys } : {}),
    passes: [...new Set([...ofOthers, ...own.passes, ...(keys ?? [])])],
    env: { ...own.program?.env, ...own.env },
    launch: ({ worker = argv, node }) => base?.launch({ worker, node }) ?? { argv: worker ?? [] },
    ...driven(own, base),
    ...(resumeByHand ? { resumeByHand } : {}),
    limits: [...(base?.limits ?? []), ...own.limits, ...(base || own.model ? [] : ['it is told of no model'])],
    ...(hang_after === undefined ? {} : { hangAfterMs: hang_after }),
    ...(cycle_at === undefined ? {} : { cycleAtPercent: cycle_at }),
  }
}

/** Model and effort stand among its arguments in the file's form, where that has one; else the driver says them. */
function driven(own: Written, base: AgentPreset | undefined): { drive?: Driver } {
  const said = ({ model, effort }: Run) => [
    ...(own.model && model !== null ? filled(own.model, { model }) : []),
    ...(own.effort && effort !== null ? filled(own.effort, { effort }) : []),
  ]
  if (!base) return { drive: acp({ ...plainAcp, argv: said }) }
  const { drive } = base
  if (!drive) return {}
  return {
    drive: (run, tell) =>
      drive(
        {
          ...run,
          argv: [...run.argv, ...said(run)],
          model: own.model ? null : run.model,
          effort: own.effort ? null : run.effort,
        },
        tell,
      ),
  }
}

const plainAcp: Omit<Dialect, 'argv'> = { env: () => ({}), tellsRole: false }

const filled = (words: readonly string[], values: Readonly<Record<string, string>>) =>
  words.map((word) => word.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole))
