// Bundles the commands and the daemon into dist/. A word's file has two halves: what is asked and printed goes into a
// chunk of `gt` that is read only when the word is said, what the daemon answers into the daemon. Each build drops the
// other half, so that `gt` starts without the libraries of the daemon.
// CommonJS, because Node reads it in half the time of its ES module loader, and `gt` is called all day. What draws is
// an ES module (its library waits at its top level), loaded by the words that draw.
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'rolldown'

/** Loaded by some words only, and built by themselves. */
const apart: Record<string, string> = { 'page.ts': 'page.mjs', 'daemon.ts': 'daemon.cjs' }
const isApart = (id: string) => /(^\.\.?|\/cli)\/(page|daemon)\.ts$/.test(id)

/** Nothing in the tree does anything by being imported, but for the entries; these calls only describe. */
const treeshake = { moduleSideEffects: false, manualPureFunctions: ['z', 'declare', 'answering'] }
const nothing = fileURLToPath(new URL('cli/nothing.ts', import.meta.url))
const cjs = {
  dir: 'dist',
  format: 'cjs',
  minify: true,
  entryFileNames: '[name].cjs',
} as const

export default defineConfig([
  {
    input: { gt: 'cli/gt.ts', bd: 'cli/bd.ts' },
    platform: 'node',
    treeshake,
    external: isApart,
    output: {
      ...cjs,
      cleanDir: true,
      banner: '#!/usr/bin/env node',
      chunkFileNames: 'chunks/[name]-[hash].cjs',
      // What every word reads is one file, what `bd` reads of it another: opening a file costs more than reading it.
      codeSplitting: {
        groups: [
          {
            name: 'values',
            test: /rolldown\/runtime|\/(cli\/(around|errors|here|kinds|word|print|rights)|machines\/(address|texts)|actors\/(ancestry|layout|plain|proc))\.ts$/,
          },
          { name: 'core', test: /\/(cli\/(gt-main|client|words)|actors\/socket-folder)\.ts$/ },
          {
            name: 'bd',
            test: /\/(cli\/(bd-(main|command|commands)|writer)|actors\/(transaction|files)|actors\/beads\/(claims|comments|contract|deletion|edges|embedded|feed|file|find|ids|jsonl|labels|limits|memories|messages|parts|queries|renaming|room|routes|row-json|rows|schema|tiers))\.ts$/,
          },
          { name: 'mail', test: /\/actors\/(secret|beads\/(mail|town-mail))\.ts$/ },
          { name: 'told', test: /\/actors\/agents\/(prime(-facts)?|roles|role-text)\.ts$/ },
        ],
      },
      paths: (id) => (isApart(id) ? `./${apart[basename(id)]}` : id),
    },
  },
  {
    input: { daemon: 'cli/daemon.ts' },
    platform: 'node',
    treeshake,
    // For words that ask no daemon; it would be a chunk that nothing reads.
    external: (id) => id.endsWith('/town-mail.ts'),
    output: { ...cjs, chunkFileNames: 'chunks/daemon-[name]-[hash].cjs' },
  },
  {
    input: { gits: 'cli/gits.ts' },
    platform: 'node',
    treeshake,
    output: { ...cjs, codeSplitting: false },
  },
  {
    input: { 'sync-rig': 'cli/sync-rig.ts' },
    platform: 'node',
    treeshake,
    output: { ...cjs, codeSplitting: false },
  },
  // One a session: it reads what drives its own agent, and no more. `ws` would load what it speaks TLS with, five
  // megabytes; its sockets here are files of this machine.
  {
    input: { supervisor: 'cli/supervisor.ts' },
    platform: 'node',
    resolve: { alias: { https: nothing, tls: nothing } },
    treeshake,
    output: { ...cjs, chunkFileNames: 'chunks/supervisor-[name]-[hash].cjs' },
  },
  // The kit for plugin authors: `gastown/proof`.
  {
    input: 'proof/kit.ts',
    platform: 'node',
    output: { file: 'dist/proof.mjs', format: 'es', minify: true, codeSplitting: false },
  },
  {
    input: 'cli/page.ts',
    platform: 'node',
    output: { file: 'dist/page.mjs', format: 'es', minify: true, codeSplitting: false },
  },
  // The live page's script, which the page carries.
  {
    input: 'cli/browser/live-page.ts',
    platform: 'browser',
    output: { file: 'dist/live-page.js', format: 'iife', minify: true },
  },
])
