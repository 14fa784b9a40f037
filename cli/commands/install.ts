import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { initBeads } from '../../actors/beads/embedded.ts'
import { installTown } from '../../actors/install.ts'
import { command } from '../command.ts'

export default command({
  summary: 'make a town, or complete the one that is there',
  usage: '[path] [--name <name>] [--force]',
  examples: ['gt install ~/gt', 'gt install ~/gt --force    # repair what is missing; configuration stays'],
  options: {
    name: { type: 'string', about: 'what the town is called; the folder’s name if left out' },
    force: { type: 'boolean', about: 'make what is missing again; configuration stays' },
  },
  args: [0, 1],
  run({ args, flags, print }) {
    const { town, made } = installTown(resolve(args[0] ?? process.cwd()), {
      now: new Date(),
      initBeads,
      ...(typeof flags.name === 'string' ? { name: flags.name } : {}),
    })
    print({ town: realpathSync(town), made }, () => [
      made
        ? `A town at ${town}. Next: cd ${town} && gt rig add <name> <git-url> --gate 'test=npm test'`
        : `${town} is a town already; nothing was changed`,
    ])
    return 0
  },
})
