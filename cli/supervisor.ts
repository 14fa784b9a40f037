// The entry of a session's supervisor: `supervisor.cjs <folder of the session>`, started by the session's launcher.
// Never: started by hand.
import process from 'node:process'
import { supervise } from '../actors/agents/supervisor.ts'

process.exitCode = await supervise(process.argv[2] ?? '', Date.now)
