// Whole processes of `gt` and `bd` against a bare Node of the same version.
import process from 'node:process'
import { bdScript, gtScript, realTown } from '../fixture/real-town.ts'
import { type Benchmark, interleaved, must } from './measure.ts'

export const commands: Benchmark = async (size) => {
  using town = realTown()
  town.issues(100)
  town.ok('up')
  const call =
    (script: string, ...args: string[]) =>
    () =>
      must(process.execPath, [script, ...args], { cwd: town.rig, env: town.env })
  const subjects = {
    'node -e 0': () => must(process.execPath, ['-e', '0']),
    'gt --help': call(gtScript, '--help'),
    'gt help spawn': call(gtScript, 'help', 'spawn'),
    'gt rig add --help': call(gtScript, 'rig', 'add', '--help'),
    'gt status': call(gtScript, 'status'),
    'gt mail inbox': call(gtScript, 'mail', 'inbox'),
    'gt prime': call(gtScript, 'prime'),
    'bd ready': call(bdScript, 'ready'),
    'bd create': call(bdScript, 'create', 'One more'),
  }
  await interleaved(2, subjects)
  const { 'node -e 0': bare = 1, ...times } = await interleaved(size === 'full' ? 41 : 3, subjects)
  return Object.entries(times).map(([name, ms]) => ({
    name,
    value: ms / bare,
    unit: '×',
    target: { most: name === 'bd create' ? 1.7 : 1.5 },
    detail: `${ms.toFixed(1)} ms; node -e 0 takes ${bare.toFixed(1)} ms`,
  }))
}
