// Bundles `gt` and `bd` into dist/: small entries, and a chunk for each command, so that a word loads only what it needs.
import { defineConfig } from 'rolldown'

export default defineConfig({
  input: { gt: 'cli/gt.ts', bd: 'cli/bd.ts' },
  platform: 'node',
  output: { dir: 'dist', format: 'esm', minify: true, cleanDir: true, banner: '#!/usr/bin/env node', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
})
