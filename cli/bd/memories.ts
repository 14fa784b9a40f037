// `bd memories`: what is remembered.
// Never: changes it.
import { command } from '../bd-command.ts'
import { body } from '../print.ts'

export default command({
  name: 'memories',
  summary: 'what is remembered, all or what contains some words',
  usage: '["words"]',
  writes: false,
  args: { words: { kind: 'text', many: true } },
  run({ args, beads, print }) {
    const words = args.words.join(' ')
    const found = beads.memories(words)
    print(
      () => Object.fromEntries(found.map(({ key, value }) => [key, value])),
      () =>
        found.length === 0
          ? [words === '' ? 'Nothing is remembered' : `No memories matching "${words}"`]
          : [
              words === '' ? `Memories (${found.length}):` : `Memories matching "${words}":`,
              ...found.flatMap(({ key, value }) => ['', `  ${key}`, body(value)]),
            ],
    )
  },
})
