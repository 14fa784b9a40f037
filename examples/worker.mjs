#!/usr/bin/env node
// A scripted worker: what an AI agent would do in a polecat's session, without the AI. Reads its assignment, edits,
// commits, hands off.
// Never: writes outside its worktree; talks to the town through `gt` alone.
//
// It plays a day's usual troubles too, each once: titleCase is wrong on its first try, truncate and words edit the
// same line, slugify's first run crashes.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { filesOf, functions } from './kit.ts'

const { issue, attempt, returned } = JSON.parse(readFileSync(process.env.GT_ASSIGNMENT, 'utf8'))
const pauseMs = Number(process.env.WORKER_PAUSE_MS ?? 400)

const say = (text) => console.log(`${issue.id}: ${text}`)
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' })
const rest = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
const write = (path, text) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
const commit = (message) => {
  git('add', '--all')
  if (git('status', '--porcelain') !== '') git('commit', '--quiet', '--message', message)
}

function addFunction(name) {
  const [source, ...others] = filesOf(name, attempt)
  write(...source)
  rest()
  for (const file of others) write(...file)
  // truncate and words are written side by side, and both want this line of the README.
  if (name === 'truncate' || name === 'words') {
    const readme = readFileSync('README.md', 'utf8')
    if (!readme.includes(name)) write('README.md', readme.replace(/^Newest: .*$/m, `Newest: ${name}`))
  }
}

function exportEverything() {
  const names = readdirSync('src')
    .filter((file) => file !== 'index.js')
    .map((file) => file.replace('.js', ''))
    .sort()
  write('src/index.js', names.map((name) => `export { ${name} } from './${name}.js'\n`).join(''))
}

/** Merges main; where both sides changed the README's “Newest” line, both names stay. */
function mergeMain() {
  const main = git('rev-parse', '--abbrev-ref', 'origin/HEAD').trim()
  if (spawnSync('git', ['merge', '--no-edit', '--quiet', main]).status === 0) return
  const readme = readFileSync('README.md', 'utf8')
  const names = [...readme.matchAll(/^Newest: (.*)$/gm)].map((match) => match[1])
  write('README.md', readme.replace(/^<<<<<<<[\s\S]*^>>>>>>>.*$/m, `Newest: ${names.join(', ')}`))
  git('add', '--all')
  git('commit', '--quiet', '--no-edit')
}

say(`“${issue.title}”, try ${attempt}${returned ? `, because it ${returned.summary}` : ''}`)
rest()
if (returned?.kind === 'conflict') {
  say(`both sides changed ${returned.files.join(', ')}; merging main`)
  mergeMain()
}
const name = issue.title.replace(/^Add /, '')
if (functions[name]) addFunction(name)
else exportEverything()
rest()
commit(`${issue.title}\n\nIssue: ${issue.id}`)

// The crash is remembered in git's own folder of this worktree, so that it happens once.
const scar = git('rev-parse', '--git-path', 'worker-crashed-once').trim()
if (name === 'slugify' && !existsSync(scar)) {
  write(scar, '')
  say('crashes midway')
  process.exit(3)
}

const handoff = spawnSync('gt', ['handoff'], { encoding: 'utf8' })
process.stdout.write(handoff.stdout)
process.stderr.write(handoff.stderr)
if (handoff.status !== 0) process.exit(1)
// Bottom-up shutdown: do not exit; the Witness ends this session.
setInterval(() => {}, 60_000)
