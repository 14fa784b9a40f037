import process from 'node:process'
import type { LogEntry } from '../api.ts'
import { boardOf } from '../board.ts'
import { colour, command } from '../command.ts'

export default command({
  summary: 'polecats, queue, landings, escalations',
  usage: '[--watch]',
  examples: ['gt status', 'gt status --watch', 'gt status --json'],
  options: {
    watch: { type: 'boolean', short: 'w', about: 'again after every change, with the last words of the log' },
  },
  args: [0, 0],
  async run({ flags, ask, print, json }) {
    if (!flags.watch) {
      const status = await ask('status', {})
      print(status, () => boardOf(status))
      return 0
    }
    const board = process.stdout.isTTY === true && !json
    const words: string[] = []
    const hear = (entries: readonly LogEntry[]) => {
      words.push(
        ...entries.flatMap((entry) =>
          entry.notes.map(
            (note) =>
              `${colour(2, `${new Date(entry.at).toTimeString().slice(0, 8)}  ${entry.address}`)}  ${note.text}`,
          ),
        ),
      )
      words.splice(0, words.length - 10)
    }
    const show = async () => {
      const status = await ask('status', {})
      if (!board) print(status, () => boardOf(status))
      // Written over in place: home, each line cleared to its end, then what was below.
      else
        process.stdout.write(
          `\u001b[H${[...boardOf(status), '', ...words].map((line) => `${cut(line)}\u001b[K\n`).join('')}\u001b[J`,
        )
    }
    const past = await ask('log', { last: 200 })
    hear(past)
    if (board) process.stdout.write('\u001b[2J')
    await show()
    let busy = false
    let again = false
    await ask('follow', { after: past.at(-1)?.seq ?? 0 }, async (event) => {
      hear((event as { entries: LogEntry[] }).entries)
      again = true
      if (busy) return
      busy = true
      while (again) {
        again = false
        await show()
      }
      busy = false
    })
    return 0
  },
})

/** A line that would wrap would push the board down. Colour codes take no room. */
function cut(line: string): string {
  const columns = process.stdout.columns || 80
  let room = columns - 1
  return line.replaceAll(/(\u001b\[\d+m)|./gu, (part: string, code?: string) =>
    code === undefined && room-- <= 0 ? '' : part,
  )
}
