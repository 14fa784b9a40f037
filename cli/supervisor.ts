// The entry of a session's supervisor: `supervisor.cjs <folder of the session>`, started by the session's launcher.
// Never: started by hand.
import process from 'node:process'
import { supervise } from '../actors/agents/supervisor.ts'

supervise(process.argv[2] ?? '', Date.now, (text) => process.stdout.write(text)).then(
  // Its program may be there still, and deaf: with the session all of it ends.
  (exitCode) => process.exit(exitCode),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  },
)
