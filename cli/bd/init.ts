// `bd init`: a new store, here or where it is said.
// Never: touches one that is there; changes a file of the project's, its hooks or its history.
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import process from 'node:process'
import { BeadsError } from '../../actors/beads/contract.ts'
import { hasStore, initBeads } from '../../actors/beads/file.ts'
import { command } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'init',
  summary: 'make a store for issues here',
  usage: '--prefix <prefix>',
  writes: true,
  options: {
    prefix: { kind: 'text', short: 'p', about: 'what ids begin with; else the folder’s name' },
    branch: { kind: 'text', short: 'b', about: 'nothing to do here: bd sync has a branch of its own' },
    stealth: { kind: 'flag', about: 'nothing to do here: no file of the project is touched' },
    'skip-hooks': { kind: 'flag', about: 'nothing to do here: there are no hooks' },
    'skip-agents': { kind: 'flag', about: 'nothing to do here: no file of the project is touched' },
    'skip-merge-driver': { kind: 'flag', about: 'nothing to do here' },
    'non-interactive': { kind: 'flag', about: 'nothing to do here: nothing is asked' },
    contributor: { kind: 'flag', about: 'nothing to do here' },
    team: { kind: 'flag', about: 'nothing to do here' },
    force: { kind: 'flag', about: 'nothing to do here: one that is there stays' },
    server: { kind: 'flag', about: 'nothing to do here: a file is the database, for many at once' },
  },
  run({ flags, place, print }) {
    const prefix = (flags.prefix ?? basename(process.cwd())).replace(/-+$/, '')
    if (!/^\w[\w.-]*$/.test(prefix) || prefix.includes('..'))
      throw new Usage(`"${prefix}" cannot be a prefix; give one: bd init --prefix abc`)
    const { dir, file } = place()
    if (file === undefined ? hasStore(dir) : existsSync(file))
      throw new BeadsError(`already initialized: there are issues in ${file ?? dir}; bd list shows them`)
    initBeads(dir, prefix, undefined, file)
    print(
      () => ({ prefix, path: file ?? join(dir) }),
      () => ['bd initialized successfully!', `  Prefix: ${prefix}`],
    )
  },
})
