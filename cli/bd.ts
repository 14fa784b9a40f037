// `bd`'s entry: says what it needs, then loads the command itself.
// Never: more than that; an older Node must still be able to read this file.
import process from 'node:process'

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`bd needs Node 24 or newer; this is ${process.versions.node}\n`)
  process.exit(1)
}
void import('./bd-main.ts').then(({ main }) => main())
