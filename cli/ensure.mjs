// Installs the packages of the lockfile when they are missing or older than it. Plain JavaScript: it runs before
// there is a newer Node.
// Never: changes the lockfile. (`npm ci` refuses a lockfile that leaves out other platforms’ optional binaries; this
// takes the same versions.)
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const installed = `${root}node_modules/.package-lock.json`

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(`${root}package-lock.json`).mtimeMs) {
  const done = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], { cwd: root, stdio: 'inherit' })
  if (done.status !== 0) {
    console.error('The packages could not be installed: see npm’s words above, then run the command again.')
    process.exit(1)
  }
}
