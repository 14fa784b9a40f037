// `gt`'s entry: says what it needs, keeps compiled code for the next call, then loads the command itself.
// Never: more than that; an older Node must still be able to read this file.
import module from 'node:module'
import process from 'node:process'

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`gt needs Node 24 or newer; this is ${process.versions.node}\n`)
  process.exit(1)
}
module.enableCompileCache?.()
await import('./gt-main.ts')
