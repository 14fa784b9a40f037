// Bundles `gt` and `bd` into dist/: small entries, and a chunk for each command, so that a word loads only what it
// needs.
// CommonJS, because Node reads it in half the time of its ES module loader, and `gt` is called all day. What draws is
// an ES module (its library waits at its top level), loaded by the words that draw.
import { defineConfig } from 'rolldown'

const drawing = { input: 'cli/page.ts', built: 'page.mjs' }

export default defineConfig([
  {
    input: { gt: 'cli/gt.ts', bd: 'cli/bd.ts' },
    platform: 'node',
    external: (id) => id.endsWith('/page.ts'),
    output: {
      dir: 'dist',
      format: 'cjs',
      minify: true,
      cleanDir: true,
      banner: '#!/usr/bin/env node',
      entryFileNames: '[name].cjs',
      chunkFileNames: 'chunks/[name]-[hash].cjs',
      paths: (id) => (id.endsWith('/page.ts') ? `./${drawing.built}` : id),
    },
  },
  // The kit for plugin authors: `gastown/proof`.
  {
    input: 'proof/kit.ts',
    platform: 'node',
    output: { file: 'dist/proof.mjs', format: 'es', minify: true, codeSplitting: false },
  },
  {
    input: drawing.input,
    platform: 'node',
    output: { file: `dist/${drawing.built}`, format: 'es', minify: true, codeSplitting: false },
  },
])
