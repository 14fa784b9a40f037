// The watched board: the town after every change, over a town that goes down, comes back, or is not up yet.
// Never: scrolls a terminal; ends because the town does.
import { once } from 'node:events'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogEntry, Status } from './api.ts'
import { boardOf, onScreen } from './board.ts'
import { TownUnreachable } from './errors.ts'
import { clock, colour, raw, tell } from './print.ts'
import type { Context } from './word.ts'

/** Words of the log beneath the board. */
const wordsMax = 10
/** How often a town that is down is looked for, in milliseconds. */
const lookEveryMs = 500

type Watched = Pick<Context, 'ask' | 'town' | 'print'>

/** Until it is interrupted. `board`: in place, on a terminal; else one picture after another. */
export async function watch(context: Watched, board: boolean): Promise<number> {
  const { ask, town, print } = context
  const root = town()
  const words: string[] = []
  let status: Status | undefined
  let down = ''
  const draw = () => {
    const { rows = 24, columns = 80 } = process.stdout
    const head = down ? [colour(31, down)] : []
    raw(onScreen([...head, ...(status ? boardOf(status) : [])], words, rows, columns))
  }
  const show = async () => {
    status = await ask('status', {})
    const now = status
    if (board) draw()
    else print(now, () => boardOf(now))
  }
  if (board) {
    raw('\u001b[2J')
    process.stdout.on('resize', draw)
  }
  for (;;) {
    try {
      await follow(context, words, show, () => {
        down = ''
      })
      down = `${root} went down; waiting for it …`
    } catch (error) {
      if (!(error instanceof TownUnreachable)) throw error
      down = error.silent ? `${error.message}; waiting …` : `${root} is not up; waiting for it (\`gt up\`) …`
    }
    if (board) draw()
    else tell(down)
    await backAgain(context)
  }
}

/** Shows the town after every change, until it goes down. */
async function follow({ ask }: Watched, words: string[], show: () => Promise<void>, up: () => void): Promise<void> {
  const hear = (entries: readonly LogEntry[]) => {
    words.push(
      ...entries.flatMap(({ at, address, notes }) =>
        notes.map(({ text }) => `${clock(at)}  ${colour(2, address)}  ${text}`),
      ),
    )
    words.splice(0, words.length - wordsMax)
  }
  const changes = new EventTarget()
  const past = await ask('log', { last: 200 })
  words.length = 0
  hear(past)
  up()
  await show()
  let changed = false
  let over = false
  const followed = ask(
    'follow',
    { after: past.at(-1)?.seq ?? 0 },
    {
      event: (event) => {
        hear((event as { entries: LogEntry[] }).entries)
        changed = true
        changes.dispatchEvent(new Event('change'))
      },
    },
  ).finally(() => {
    over = true
    changes.dispatchEvent(new Event('change'))
  })
  // Heard below, once what came before the end has been shown.
  followed.catch(() => undefined)
  while (!over) {
    if (!changed) await once(changes, 'change')
    if (!changed) continue
    changed = false
    await show()
  }
  await followed
}

async function backAgain({ ask }: Watched): Promise<void> {
  for (;;) {
    await sleep(lookEveryMs)
    try {
      await ask('ping', {})
      return
    } catch (error) {
      if (!(error instanceof TownUnreachable)) throw error
    }
  }
}
