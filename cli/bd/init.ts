// `bd init`: a new store, here or where it is said.
// Never: touches one that is there.
import { basename } from 'node:path'
import process from 'node:process'
import { initBeads } from '../../actors/beads/file.ts'
import { command } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'init',
  summary: 'make a store for issues here',
  usage: '--prefix <prefix>',
  writes: true,
  options: { prefix: { kind: 'text', short: 'p', about: 'what ids begin with; else the folder’s name' } },
  run({ flags, place, print }) {
    const usual = basename(process.cwd())
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
    const prefix = (flags.prefix ?? usual).replace(/-+$/, '')
    if (!/^[a-z][a-z0-9]*$/.test(prefix))
      throw new Usage(`"${prefix}" cannot be a prefix; give one: bd init --prefix abc`)
    const { dir, file } = place()
    initBeads(dir, prefix, undefined, file)
    print(
      () => ({ prefix, path: file ?? dir }),
      () => ['bd initialized successfully!', `  Prefix: ${prefix}`],
    )
  },
})
