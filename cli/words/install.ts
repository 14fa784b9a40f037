// `gt install`: a town's folder.
// Never: writes over what is there.
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { declare } from '../word.ts'

export const word = declare({
  name: 'install',
  group: 'town',
  summary: 'make a town, or complete the one that is there',
  usage: '[path] [--name <name>] [--force]',
  examples: ['gt install ~/gt', 'gt install ~/gt    # said again: makes what is missing; configuration stays'],
  options: {
    name: { kind: 'text', about: 'what the town is called; the folder’s name if left out' },
    force: {
      kind: 'flag',
      about: 'taken for old scripts: what is missing is made again without it too; configuration stays',
    },
  },
  args: { path: { kind: 'text', optional: true } },
  async run({ args, flags, print }) {
    const { initBeads } = await import('../../actors/beads/file.ts')
    const { installTown } = await import('../../actors/install.ts')
    const { closeToOthers } = await import('../../actors/umask.ts')
    closeToOthers()
    const { town, made } = installTown(resolve(args.path ?? process.cwd()), {
      now: new Date(),
      initBeads,
      ...(flags.name === undefined ? {} : { name: flags.name }),
    })
    print({ town: realpathSync(town), made }, () => [
      made
        ? `A town at ${town}. Next: cd ${town} && gt rig add <name> <git-url> --gate 'test=npm test'`
        : `${town} is a town already; what is there was left as it is`,
    ])
    return 0
  },
})
