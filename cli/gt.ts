// `gt`'s entry: looks at what it runs on, then loads the command itself.
// Never: more than that; an older Node must still be able to read this file.
import process from 'node:process'

if (Number(process.versions.node.split('.')[0]) < 24)
  void import('./newer.ts').then(({ runWithNewer }) => runWithNewer('gt'))
else void import('./gt-main.ts').then(({ main }) => main())
