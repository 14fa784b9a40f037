// A town whose workers are a real agent of one make, with the scripted model for their service.
// Never: touches a person's own configuration; leaves a process or a file once disposed of.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import type { Script } from '../../examples/model/script.ts'
import { scriptedModel } from '../../examples/model/server.ts'
import { agentTown } from '../fixture/agent-town.ts'
import type { RealTownOptions } from '../fixture/real-town.ts'
import { type Cli, pathOf } from './clis.ts'

export async function townOf(
  cli: Cli,
  script: Script,
  options: Pick<RealTownOptions, 'gates' | 'session' | 'config' | 'env' | 'worker'> = {},
) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'home-')))
  const model = await scriptedModel({ script })
  const { env, files = {} } = cli.led(model.url)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), text)
  }
  const path = `${dirname(pathOf(cli))}:${process.env.PATH}`
  const town = agentTown({ ...options, agent: cli.preset, env: { ...env, HOME: home, PATH: path, ...options.env } })
  return {
    ...town,
    model,
    /** How often the user's words in one conversation have this, as the model has them. */
    timesSaid: (text: string) =>
      Math.max(0, ...model.requests.map(({ saidByUser = [] }) => saidByUser.join('\n').split(text).length - 1)),
    /** The same, also as what was put before the model beside the user's words. */
    timesHeard: (text: string) =>
      Math.max(
        0,
        ...model.requests.map(
          ({ saidByUser = [], system = '' }) => [...saidByUser, system].join('\n').split(text).length - 1,
        ),
      ),
    async [Symbol.asyncDispose]() {
      town[Symbol.dispose]()
      await model.close()
      rmSync(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
