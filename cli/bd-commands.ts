// The commands of `bd`, each with the file that is loaded only when it is said.
// Never: edited; generated from bd/ by `npm run reference`.
import type { Command } from './bd-command.ts'

interface Entry {
  summary: string
  usage: string
  /** Another name for one that is listed. */
  isAlias?: true
  load(): Promise<Command>
}

export const commands: Readonly<Record<string, Entry>> = {
  ready: {
    summary: 'what can be worked on now: open, and nothing it waits for is open',
    usage: '[--parent <epic>] [--claim]',
    load: () => import('./bd/ready.ts').then((file) => file.default),
  },
  create: {
    summary: 'file an issue',
    usage: '"Title" [-t <type>] [-p 0-4] [-d "…"] [--parent <id>] [--deps <id>,…]',
    load: () => import('./bd/create.ts').then((file) => file.default),
  },
  new: {
    summary: 'file an issue',
    usage: '"Title" [-t <type>] [-p 0-4] [-d "…"] [--parent <id>] [--deps <id>,…]',
    isAlias: true,
    load: () => import('./bd/create.ts').then((file) => file.default),
  },
  list: {
    summary: 'issues that are not closed',
    usage: '[--status open,in_progress] [--parent <id>] [--all]',
    load: () => import('./bd/list.ts').then((file) => file.default),
  },
  show: {
    summary: 'an issue with all it holds',
    usage: '<id> …',
    load: () => import('./bd/show.ts').then((file) => file.default),
  },
  update: {
    summary: 'change issues, all of them or none',
    usage: '<id> … [--status …] [--claim] [--notes …] [--priority …]',
    load: () => import('./bd/update.ts').then((file) => file.default),
  },
  close: {
    summary: 'close issues, all of them or none',
    usage: '<id> … [--reason "…"]',
    load: () => import('./bd/close.ts').then((file) => file.default),
  },
  done: {
    summary: 'close issues, all of them or none',
    usage: '<id> … [--reason "…"]',
    isAlias: true,
    load: () => import('./bd/close.ts').then((file) => file.default),
  },
  reopen: {
    summary: 'open closed issues again, all of them or none',
    usage: '<id> … [--reason "…"]',
    load: () => import('./bd/reopen.ts').then((file) => file.default),
  },
  'dep add': {
    summary: 'an issue waits for another',
    usage: '<later> <earlier> [-t <kind>]',
    load: () => import('./bd/dep-add.ts').then((file) => file.default),
  },
  'dep remove': {
    summary: 'an issue does not wait for another any more',
    usage: '<later> <earlier>',
    load: () => import('./bd/dep-remove.ts').then((file) => file.default),
  },
  'dep rm': {
    summary: 'an issue does not wait for another any more',
    usage: '<later> <earlier>',
    isAlias: true,
    load: () => import('./bd/dep-remove.ts').then((file) => file.default),
  },
  export: {
    summary: 'every issue as a JSON line',
    usage: '[-o <file>]',
    load: () => import('./bd/export.ts').then((file) => file.default),
  },
  import: {
    summary: 'take in issues from JSON lines; older news changes nothing',
    usage: '[file]',
    load: () => import('./bd/import.ts').then((file) => file.default),
  },
  init: {
    summary: 'make a store for issues here',
    usage: '--prefix <prefix>',
    load: () => import('./bd/init.ts').then((file) => file.default),
  },
}
