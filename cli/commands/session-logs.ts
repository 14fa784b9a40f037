import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Context, command } from '../command.ts'

export default command({
  summary: 'print a live session’s output',
  usage: '<rig>/<polecat>',
  examples: ['gt session logs wyvern/Nux'],
  args: [1, 1],
  async run({ args, ask, print }) {
    const session = await sessionOf(String(args[0]), ask)
    const log = join(session.dir, 'output.log')
    const text = existsSync(log) ? readFileSync(log, 'utf8') : ''
    print({ text }, () => [text.trimEnd()])
    return 0
  },
})

async function sessionOf(who: string, ask: Context['ask']) {
  const sessions = await ask('sessions', {})
  const found = sessions.find((session) => session.address === who || session.address.replace('/polecats/', '/') === who)
  if (!found) throw new Error(`${who} has no live session; \`gt session list\` shows who has`)
  return found
}
