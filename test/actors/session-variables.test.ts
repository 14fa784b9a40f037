// What a worker finds around it: git that asks nobody, signs only where that is wished, and leaves the Overseer's own
// configuration alone.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rigConfig } from '../../actors/config.ts'
import { townLayout } from '../../actors/layout.ts'
import { sessionHands } from '../../actors/sessions/hands.ts'
import { processBackend } from '../../actors/sessions/process.ts'
import type { EffectCall } from '../../runtime/contract.ts'
import { systemClock } from '../../runtime/open.ts'

let dir: string
let home: string
let worktree: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'variables-')))
  home = join(dir, 'home "quo\\ted"')
  worktree = join(dir, 'town/w/polecats/Nux')
  mkdirSync(home)
  mkdirSync(townLayout(join(dir, 'town')).sessions, { recursive: true })
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', worktree])
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

let runs = 0
/** Runs a worker to its end; what it printed. */
async function worked(script: string, config: Record<string, unknown> = {}, env: Record<string, string> = {}) {
  writeFileSync(join(dir, 'worker.sh'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const base = { type: 'rig', version: 1, name: 'w', git_url: 'x', default_branch: 'main', beads: { prefix: 'w' } }
  const rig = rigConfig.parse({ ...base, no_gate: true, worker: [join(dir, 'worker.sh')], ...config })
  const daemon = { PATH: process.env.PATH, HOME: home, EDITOR: 'vi', ...env }
  const hands = sessionHands({
    town: join(dir, 'town'),
    rig: () => rig,
    ofTown: () => ({ roles: {} }),
    textsOf: async (of, id) => ({ description: `what ${of} knows of ${id} now`, acceptance: '', labels: [] }),
    backend: () => processBackend,
    secret: 'secret',
    supervisor: '',
    env: daemon,
    node: process.execPath,
    clock: systemClock,
  })
  const call = { signal: new AbortController().signal } as EffectCall
  const place = { rig: 'w', polecat: 'Nux', incarnation: 1, branch: 'polecat/Nux-1' as const, worktree }
  const issue = { id: 'w-1', title: 'One', priority: 2 }
  const who = { id: `gt-w-Nux-1-${++runs}`, address: 'w/polecats/Nux', epoch: 1, attempt: 1, returned: null }
  const started = await hands.startSession(
    { ...place, ...who, issue, conversation: null, account: '', begunUnder: '' } as never,
    call,
  )
  if (started.kind !== 'started') throw new Error(started.why)
  const watched = {
    rig: 'w',
    session: started.session,
    worktree,
    stallMatters: true,
    since: 0,
    fullMatters: true,
    lastedMs: null,
    pause: null,
  }
  const ended = await hands.watchSession(watched, call)
  return {
    ...(ended as typeof ended & { kind: 'ended' }),
    output: readFileSync(join(started.session.dir, 'output.log'), 'utf8'),
  }
}

const asked = `
git commit --quiet --allow-empty -m one
git tag -m tagged v1
git commit --quiet --allow-empty --amend
git checkout --quiet -b side && git commit --quiet --allow-empty -m two && git checkout --quiet main
git commit --quiet --allow-empty -m three
git merge --quiet side
git rebase --quiet -i HEAD~1
git log --format='%an %s'
`

test('git asks nobody: no key, no editor, no pager', async () => {
  const signing = '[commit]\n\tgpgsign = true\n[tag]\n\tgpgsign = true\n[core]\n\tpager = false\n\teditor = false\n'
  writeFileSync(join(home, '.gitconfig'), signing)
  const { output, exitCode } = (await worked(asked)) as { output: string; exitCode: number }
  expect({ output, exitCode }).toMatchObject({ exitCode: 0 })
  expect(output).toContain('Nux (w) one\n')
  expect(output).not.toMatch(/gpg|error/)
})

test('who wishes for signed commits has them', async () => {
  writeFileSync(join(home, 'sign'), `#!/bin/sh\necho asked for >> '${dir}/signed'; exit 1\n`, { mode: 0o755 })
  const program = join(home, 'sign').replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  writeFileSync(join(home, '.gitconfig'), `[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = "${program}"\n`)
  expect(await worked('git commit --quiet --allow-empty -m one', { sign: true })).toMatchObject({ exitCode: 128 })
  expect(readFileSync(join(dir, 'signed'), 'utf8')).toBe('asked for\n')
})

test('the Overseer’s git configuration is read, and cannot be written', async () => {
  mkdirSync(join(home, '.config/git'), { recursive: true })
  writeFileSync(join(home, '.config/git/config'), '[alias]\n\tfirst = rev-parse --git-dir\n')
  writeFileSync(join(home, '.gitconfig'), '[alias]\n\tsecond = rev-parse --git-dir\n')
  const script =
    'git first && git second && git config --global user.email evil@example.invalid && git config user.email'
  expect(await worked(script)).toMatchObject({ exitCode: 0, output: '.git\n.git\nevil@example.invalid\n' })
  expect(readFileSync(join(home, '.gitconfig'), 'utf8')).toBe('[alias]\n\tsecond = rev-parse --git-dir\n')
})

test('variables: what a rig names or sets, with what its worker is given; who the session is stays', async () => {
  const config = {
    extra_env: ['MODEL_KEY', 'EDITOR'],
    env: { OWN: "it's\ntwo lines", PATH: '/usr/bin:/bin' },
  }
  const script = 'printf "%s|" "$MODEL_KEY" "$EDITOR" "$OWN" "$GIT_EDITOR" "${LEAKED:-}" "$GT_ISSUE" "$PATH"'
  const { output } = await worked(script, config, { MODEL_KEY: 'k', LEAKED: 'x' })
  const shims = townLayout(join(dir, 'town')).shims
  expect(output).toBe(`k|vi|it's\ntwo lines|:||w-1|${shims}:/usr/bin:/bin|`)
  const worker = { run: [join(dir, 'worker.sh')], env: { MODEL: 'small' } }
  expect((await worked('echo $MODEL', { worker })).output).toBe('small\n')
})

test('the assignment has the issue with its description as it is when the session starts', async () => {
  const { output } = await worked('cat "$GT_ASSIGNMENT"')
  expect(JSON.parse(output)).toMatchObject({
    issue: { id: 'w-1', title: 'One', description: 'what w knows of w-1 now' },
    attempt: 1,
  })
})
