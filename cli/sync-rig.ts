// The entry of the process that shares a rig's issues for the daemon: `sync-rig.cjs <town> <rig>`. The daemon has
// others to answer while thousands of issues are brought together.
// Never: started by hand (`bd sync` is).
import process from 'node:process'
import { syncRig } from '../actors/beads/sync/rig.ts'
import { json, raw } from './print.ts'

// Its gits go along.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))
const [town = '', rig = ''] = process.argv.slice(2)
syncRig(town, rig).then((told) => raw(`${json(told)}\n`))
