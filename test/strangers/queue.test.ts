// The merge queue: what cannot land is set aside and told, what can goes on, and every word of a person frees it.
import process from 'node:process'
import { expect } from 'vitest'
import { story, stranger, until } from './story.ts'
import { oneFile, type Stranger } from './town.ts'

const orphan = `if [ "$(title)" = orphan ]; then b=$(git branch --show-current); git checkout -q --orphan o; git rm -rfq .; echo 1 > orphan.txt; commit; git branch -M o "$b"; else ${oneFile}; fi`
const queueOf = (t: Stranger) => t.gt('merge-queue', 'list', 'r', '--json').stdout

story('one item that git cannot merge at all: the others land, and it is told', { share: true }, () => {
  const t = stranger({ worker: orphan })
  const bad = t.give('orphan')
  until(() => /orphan|set aside|cannot|unrelated/.test(`${queueOf(t)}${t.log()}`), 'it is in the queue')
  t.lands(t.give('One'))
  t.lands(t.give('Two'))
  const { landed } = t.ends(bad, 20)
  expect([landed, t.on('orphan.txt')]).toEqual([false, undefined])
})

/** An issue whose push origin always refuses. */
function refusedOne(more: Parameters<typeof stranger>[0] = {}) {
  const t = stranger(more)
  t.hook(
    'pre-receive',
    '[ -e "$E/open" ] && exit 0; while read a b c; do git diff --name-only "$a" "$b" | grep -q bad && { echo "closed today" >&2; exit 1; }; done; exit 0',
  )
  const bad = t.give('bad')
  t.stands(bad, /closed today/)
  return { t, bad }
}

story('gt merge-queue remove takes an item out, keeps its work, and lets the issue begin anew', {}, () => {
  const { t, bad } = refusedOne()
  expect(t.gt('merge-queue', 'remove', 'r', bad)).toMatchObject({ status: 0 })
  expect(queueOf(t)).not.toContain(bad)
  expect(t.gt('recover', bad).status).toBe(0)
  t.lands(t.give('One'))
  t.sh(t.dir, 'touch "$E/open"')
  t.ok('spawn', '--issue', bad)
  t.lands(bad, 20)
})

story('gt merge-queue remove of what is not there is refused in words', {}, () => {
  const t = stranger()
  const id = t.issue('One')
  expect(t.gt('merge-queue', 'remove', 'r', id)).toMatchObject({ status: 1 })
  expect(t.gt('merge-queue', 'remove', 'r', id).stderr).toContain(id)
})

story('closing an issue takes it out of the queue, and what was asked of it is answered', {}, () => {
  const { t, bad } = refusedOne()
  t.bd('close', bad, '--reason', 'not wanted')
  until(() => !queueOf(t).includes(bad), 'it is out of the queue')
  t.sh(t.dir, 'touch "$E/open"')
  t.gt('refinery', 'process', 'r')
  t.lands(t.give('One'))
  expect(t.on('bad.txt')).toBe(undefined)
  until(() => !JSON.stringify(JSON.parse(t.gt('status', '--json').stdout).escalations).includes(bad), 'no escalation')
})

for (const [how, free] of [
  ['a poke', (t: Stranger) => t.ok('refinery', 'process', 'r')],
  ['a restart and a poke', (t: Stranger) => [t.ok('down'), t.up(), t.ok('refinery', 'process', 'r')]],
  [
    'kill -9 and a poke',
    (t: Stranger) => [process.kill(t.daemonPid(), 'SIGKILL'), t.up(), t.ok('refinery', 'process', 'r')],
  ],
] as const)
  story(`what origin refused lands after ${how}, once origin takes it`, {}, () => {
    const { t, bad } = refusedOne()
    t.sh(t.dir, 'touch "$E/open"')
    free(t)
    t.lands(bad, 20)
    expect(t.subjects().filter((subject) => subject.includes(bad))).toHaveLength(1)
  })

story('three that are refused and three that are not, in turns: the good land, the bad are each told', {}, () => {
  const t = stranger({ add: ['--max-workers', '6'] })
  t.hook(
    'pre-receive',
    'while read a b c; do git diff --name-only "$a" "$b" | grep -q bad && { echo "closed today" >&2; exit 1; }; done; exit 0',
  )
  const ids = ['bad-1', 'One', 'bad-2', 'Two', 'bad-3', 'Three'].map((title) => [title, t.give(title)] as const)
  for (const [title, id] of ids) if (!title.startsWith('bad')) t.lands(id, 25)
  for (const [title, id] of ids) if (title.startsWith('bad')) expect(t.ends(id, 25).said).toContain(id)
  expect(['One', 'Two', 'Three'].map((name) => t.on(`${name}.txt`))).toEqual(['One\n', 'Two\n', 'Three\n'])
})

story('commits on main that are not the queue’s are noted with their author', {}, () => {
  const t = stranger({ settings: { foreign_commits: 'allow' } })
  t.lands(t.give('One'))
  t.push('theirs.txt', 'theirs\n')
  t.lands(t.give('Two'))
  expect(t.log()).toMatch(/Ann/)
  expect(t.told()).toBe('')
})

story('commits on main that no gate has seen: one escalation, however many come', {}, () => {
  const t = stranger({ gate: 'exit 0' })
  t.lands(t.give('One'))
  for (const n of [1, 2, 3]) {
    t.push(`theirs-${n}.txt`, 'theirs\n')
    t.lands(t.give(`Next ${n}`))
  }
  const { escalations } = JSON.parse(t.gt('status', '--json').stdout) as { escalations: { body: string }[] }
  expect(escalations).toHaveLength(1)
  expect(escalations[0]?.body).toMatch(/Ann/)
})

story('six workers change one file, nothing declared: all land without the Overseer', {}, () => {
  const t = stranger({
    files: { 'list.txt': 'head\n', 'README.md': 'hello\n' },
    add: ['--max-workers', '6'],
    worker: `if [ "$(attempt)" -gt 1 ]; then git merge -q --no-edit main >/dev/null || { git checkout -q --theirs list.txt; echo "$(title)" >> list.txt; commit; }; grep -q "^$(title)$" list.txt || { echo "$(title)" >> list.txt; commit; }; else sleep 1; echo "$(title)" >> list.txt; commit; fi`,
  })
  const names = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6']
  const ids = names.map((name) => t.give(name))
  for (const id of ids) t.lands(id, 40)
  expect(t.on('list.txt')?.trim().split('\n').sort()).toEqual([...names, 'head'])
  expect(t.told()).toBe('')
})

story('workers on different files, main moving under them: nobody is sent back', {}, () => {
  const t = stranger({ worker: `echo run >> "$E/runs"; touch "$E/began-$(title)"; until_there go; ${oneFile}` })
  const ids = ['One', 'Two', 'Three'].map((title) => t.give(title))
  for (const title of ['One', 'Two', 'Three']) until(() => t.evidenceOf(`began-${title}`) !== undefined, 'all begin')
  t.push('theirs.txt', 'theirs\n')
  t.sh(t.dir, 'touch "$E/go"')
  for (const id of ids) t.lands(id)
  expect(t.evidenceOf('runs')).toBe('run\nrun\nrun\n')
})

story('a worker’s own fetches and the town’s never meet: ten that fetch without end, all land', {}, () => {
  const t = stranger({
    add: ['--max-workers', '4'],
    worker: `(while :; do git fetch -q origin 2>> "$E/errors" || echo failed >> "$E/errors"; done) & p=$!; sleep 1; ${oneFile}; kill $p; wait $p 2>/dev/null; true`,
  })
  const ids = Array.from({ length: 8 }, (_, n) => t.give(`F${n}`))
  for (const id of ids) t.lands(id, 40)
  expect(t.evidenceOf('errors') ?? '').not.toMatch(/cannot lock ref|bad object|failed/)
  expect(t.told()).toBe('')
})

story('an issue that is opened again after it landed is done again, and lands beside its first', {}, () => {
  const t = stranger({ worker: 'echo "$(date +%N)" >> again.txt; commit' })
  const id = t.give('One')
  t.lands(id)
  until(() => t.isCleared(), 'the place is cleared')
  t.bd('reopen', id)
  t.ok('spawn', '--issue', id)
  until(() => t.on('again.txt')?.trim().split('\n').length === 2, 'it has landed again')
})
