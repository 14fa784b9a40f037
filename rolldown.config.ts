// Bundles `gt` and `bd` into dist/: small entries, and a chunk for each command, so that a word loads only what it needs.
// CommonJS, because Node reads it in half the time of its ES module loader, and `gt` is called all day.
import { defineConfig } from 'rolldown'

export default defineConfig({
  input: { gt: 'cli/gt.ts', bd: 'cli/bd.ts' },
  platform: 'node',
  output: { dir: 'dist', format: 'cjs', minify: true, cleanDir: true, banner: '#!/usr/bin/env node', entryFileNames: '[name].cjs', chunkFileNames: 'chunks/[name]-[hash].cjs' },
})
