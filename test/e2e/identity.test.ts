// Who asks: what belongs to a session is that session's, whatever it unsets, says or pretends; the Overseer's words are
// the Overseer's, whether there is a daemon to ask or not.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rightOf } from '../../cli/rights.ts'
import { words } from '../../cli/words.ts'
import { eventually, hasTmux, isWritten, type RealTown, realTown } from '../fixture/real-town.ts'

const hasProc = existsSync('/proc/self/comm')

/** A worker that keeps what each of its tries said, and how it ended, in a file of the try's name beside the town. */
const trying = (tries: Readonly<Record<string, string>>) => `#!/bin/sh
evidence=$(dirname "$GT_TOWN")/evidence; town=$GT_TOWN; mkdir -p "$evidence"; export town evidence
try() { name=$1; shift; "$@" > "$evidence/$name.part" 2>&1; echo "exit $?" >> "$evidence/$name.part"; mv "$evidence/$name.part" "$evidence/$name"; }
${Object.entries(tries)
  .map(([name, text]) => `try '${name.replaceAll('/', ' ')}' sh -c '${text.replaceAll("'", `'\\''`)}'`)
  .join('\n')}
echo all > "$evidence/done"
exec sleep 1000
`
const said = (t: RealTown, name: string) => readFileSync(join(t.dir, 'evidence', name.replaceAll('/', ' ')), 'utf8')
const isDone = (t: RealTown) => isWritten(join(t.dir, 'evidence/done'))

/** Ways to leave behind who one is. */
const ways = {
  'without its token': 'cd / && exec env -u GT_TOKEN -u GT_ADDRESS -u GT_EPOCH -u GT_SESSION',
  'with an empty environment': 'cd / && exec env -i PATH="$PATH" HOME="$HOME"',
  'in a kernel session of its own': 'cd / && exec env -i PATH="$PATH" setsid',
  'below something of another name': 'cd / && exec env -i PATH="$PATH" GT_SESSION=/nowhere sh -c \'"$@"; exit $?\' x',
  'as the run of a plugin': 'cd / && exec env -i PATH="$PATH" GT_RUN="$town/wyvern/plugins/p#1"',
}
/** Words of the Overseer, each of which would be seen to have been carried out. */
const orders = [
  'stop --all',
  'down',
  'rig set wyvern max_workers=9',
  'spawn --issue wy-2',
  'session stop wyvern/Nux',
  'rig remove wyvern --force',
  'up',
  'session attach wyvern/Nux',
]

test.runIf(hasProc).each([...(hasTmux ? ['tmux' as const] : []), 'process' as const])(
  'a worker in %s is not the Overseer, in whatever way it asks',
  { timeout: 120_000 },
  async (session) => {
    const tries = Object.entries(ways).flatMap(([way, leave], n) =>
      (n === 0 ? orders : orders.slice(0, 3)).map((order) => [
        `${way}: ${order}`,
        `${leave} gt ${order} --town "$town"`,
      ]),
    )
    using t = realTown({ session, worker: trying(Object.fromEntries(tries)) })
    t.issues(2)
    t.ok('up')
    t.ok('spawn', '--issue', 'wy-1')
    await eventually(() => isDone(t))
    for (const [name = ''] of tries)
      expect(said(t, name), name).toMatch(/wyvern\/polecats\/Nux may not do that; ask wyvern\/witness[\s\S]*exit 1\n$/)
    expect(t.alive()).toHaveLength(1)
    expect(t.json<{ rigs: { workers: object; wanted: object }[] }>('status').rigs[0]).toMatchObject({
      workers: { busy: 1, max: 4 },
      wanted: { issues: ['wy-1'] },
    })
  },
)

test.runIf(hasProc)('a worker speaks and writes under its own name, whatever it says', async () => {
  const bare = 'cd / && exec env -i PATH="$PATH" BEADS_DIR="$town/wyvern/.beads"'
  using t = realTown({
    maxWorkers: 1,
    worker: trying({
      mail: `${bare} gt send overseer -s "From whom?" --town "$town"`,
      witness: `${bare} GT_ADDRESS=wyvern/witness BD_ACTOR=wyvern/witness bd update wy-2 --claim`,
      actor: `${bare} bd update wy-2 --notes x --actor overseer`,
      queue: `${bare} gt merge-queue add wyvern Toast --town "$town"`,
      own: 'gt status > /dev/null && bd ready --json > /dev/null && bd update "$GT_ISSUE" --notes mine',
      handoff: `${bare} gt handoff --no-change "it is so" --town "$town"`,
    }),
  })
  t.issues(2)
  t.ok('up')
  const id = /[\w-]+/.exec(t.ok('send', 'overseer', '-s', 'Mine'))?.[0] ?? ''
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => t.okBd('show', 'wy-1').includes('it is so'))
  const mail = () => t.json<{ from: string; subject: string }[]>('mail', 'inbox')
  expect(mail()).toContainEqual(expect.objectContaining({ subject: 'From whom?', from: 'wyvern/polecats/Nux' }))
  expect(JSON.parse(t.okBd('show', 'wy-2', '--json'))).toMatchObject([{ assignee: 'wyvern/polecats/Nux' }])
  expect(said(t, 'actor')).toMatch(/writes under its own name, not as overseer[\s\S]*exit 1/)
  expect(said(t, 'queue')).toMatch(/may hand over its own work only[\s\S]*exit 1/)
  expect(said(t, 'own')).toMatch(/exit 0/)
  // The Overseer's mail is out of the inbox when the Overseer has read it.
  t.ok('mail', 'read', id)
})

test.runIf(hasProc)('nobody is another process by saying its number', async () => {
  const children: ChildProcess[] = []
  using t = realTown()
  t.ok('up')
  const ask = (pid: number, shows: boolean) =>
    new Promise<{ error: { message: string } }>((resolve) => {
      const socket = connect(t.layout.socket)
      const send = (line: object) => socket.write(`${JSON.stringify(line)}\n`)
      socket.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split('\n').filter(Boolean)) {
          const answer = JSON.parse(line) as { prove?: string; beat?: true; error: { message: string } }
          if (answer.prove !== undefined && shows) send({ proved: answer.prove })
          else if ('ok' in answer) {
            socket.destroy()
            resolve(answer)
          }
        }
      })
      send({ v: 1, id: 'x', method: 'stop', params: {}, caller: null, pid, cwd: '/' })
    })
  const overseers = spawn('sleep', ['1000'])
  children.push(overseers)
  try {
    for (const pid of [overseers.pid ?? 0, process.pid, t.daemonPid(), 1, 0, -1])
      expect(await ask(pid, true)).toMatchObject({
        ok: false,
        error: { message: expect.stringContaining('cannot be seen') },
      })
    expect(await ask(overseers.pid ?? 0, false)).toMatchObject({ ok: false })
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
  expect(t.json<{ town: { stopped: boolean } }>('status').town.stopped).toBe(false)
  t.ok('stop', '--all')
  expect(t.json<{ town: { stopped: boolean } }>('status').town.stopped).toBe(true)
})

test.runIf(hasProc)('what a session leaves behind asks for nothing once it is over, nor for the next one', async () => {
  // Without a daemon, and without its token: its ancestors tell.
  const left = 'while [ ! -e "$evidence/go" ]; do sleep 0.1; done; gt rig set wyvern max_workers=9; gt stop --all'
  using t = realTown({
    worker: trying({ left: `cd / && exec env -i PATH="$PATH" evidence="$evidence" GT_TOWN="$town" sh -c '${left}'` }),
  })
  t.issues(1)
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => t.alive().length === 1)
  t.ok('down', '--keep-sessions')
  mkdirSync(join(t.dir, 'evidence'), { recursive: true })
  t.writeScript('evidence/go', '')
  await eventually(() => isDone(t))
  expect(said(t, 'left').match(/wyvern\/polecats\/Nux may not do that/g)).toHaveLength(2)
  t.ok('up')
  expect(t.json<{ rigs: { workers: object }[] }>('status').rigs[0]?.workers).toEqual({ busy: 1, max: 4 })
})

test.runIf(hasProc)('a gate and a setup may look, and change nothing', async () => {
  const gate =
    'sh -c "gt status --town $T > $T/../looked; gt stop --all --town $T 2> $T/../gate; BEADS_DIR=$T/wyvern/.beads bd close wy-2 2> $T/../bd; true"'
  using t = realTown({
    worker: '#!/bin/sh\necho x > x; git add x; git commit -qm x; gt handoff; exec sleep 1000\n',
    gates: ['test=true'],
  })
  t.ok(
    'rig',
    'set',
    'wyvern',
    `gate.test=${gate.replaceAll('$T', t.town)}`,
    `env.PATH=${t.layout.shims}:${process.env.PATH}`,
  )
  t.issues(2)
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  expect(t.gt('wait', 'wy-1', '--timeout', '60')).toMatchObject({ status: 0 })
  expect(readFileSync(join(t.dir, 'looked'), 'utf8')).toContain('wyvern')
  expect(readFileSync(join(t.dir, 'gate'), 'utf8')).toMatch(/may only look|cannot be seen/)
  expect(readFileSync(join(t.dir, 'bd'), 'utf8')).toMatch(/may only look/)
})

test('every word is on the list, or the Overseer’s; the list names no word there is not', async () => {
  const known = new Set(await Promise.all(Object.values(words).map(async ({ load }) => (await load()).name)))
  const source = readFileSync(join(import.meta.dirname, '../../cli/rights.ts'), 'utf8')
  const listed = [...source.matchAll(/^ {2}'([^']+)',$/gm)].map(([, name = '']) => name)
  expect(listed.filter((name) => !known.has(name))).toEqual([])
  for (const name of [
    'stop',
    'down',
    'up',
    'rig set',
    'rig add',
    'spawn',
    'recover',
    'session attach',
    'session resume',
    'capture',
  ])
    expect(rightOf(name)).toBe('overseer')
  expect(rightOf('a word that is new')).toBe('overseer')
})

test('nothing is left for later where anybody could leave it', () => {
  using t = realTown()
  expect(t.gt('send', 'mayor/', '-s', 'Later')).toMatchObject({ status: 3, stderr: expect.stringContaining('gt up') })
  expect(readdirSync(t.layout.daemon)).not.toContain('intake')
  mkdirSync(join(t.layout.daemon, 'intake'))
  t.writeScript(
    'gt/daemon/intake/1.json',
    JSON.stringify({
      v: 1,
      id: 'x',
      method: 'send',
      params: { to: 'mayor/', subject: 'Left', body: '' },
      caller: null,
      pid: 1,
      cwd: '/',
    }),
  )
  t.ok('up')
  expect(t.ok('mail', 'inbox', 'mayor')).not.toContain('Left')
})
