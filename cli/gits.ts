// The entry of the process that starts the daemon's gits.
// Never: started by hand; the daemon starts it, and it ends with the daemon.
import { serveGits } from '../actors/git/apart.ts'

serveGits()
