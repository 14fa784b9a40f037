import process from 'node:process'
import type { Outlook } from '../api.ts'
import { command } from '../command.ts'

export default command({
  summary: 'wait until an epic or issue has landed, or needs you',
  usage: '<id> [--timeout <seconds>]',
  examples: ['gt wait wyv-1    # 0: every child has landed; 1: something needs the Overseer'],
  options: { timeout: { type: 'string', about: 'seconds to wait at most' } },
  args: [1, 1],
  async run({ args, flags, ask, print, json }) {
    const id = String(args[0])
    let said = ''
    let last: Outlook | undefined
    const look = async () => {
      last = await ask('outlook', { id })
      if (!json && last.text !== said) process.stderr.write(`${last.text}\n`)
      said = last.text
      return last.kind !== 'working'
    }
    const limit = flags.timeout === undefined ? undefined : Date.now() + Number(flags.timeout) * 1000
    const over = await new Promise<boolean>((resolve, reject) => {
      let busy = false
      let again = false
      const check = async () => {
        again = true
        if (busy) return
        busy = true
        while (again) {
          again = false
          if (await look()) return resolve(true)
        }
        busy = false
      }
      ask('follow', {}, () => void check().catch(reject)).then(() => reject(new Error('the town went down')), reject)
      // However short the time, one look is taken.
      check().then(
        () => limit !== undefined && setTimeout(() => resolve(false), Math.max(0, limit - Date.now())).unref(),
        reject,
      )
    })
    print(last, () =>
      [
        over ? '' : `${id} is not done within ${flags.timeout} s`,
        ...(last?.needs ?? []).flatMap((need) => [need.subject, need.body]),
      ].filter(Boolean),
    )
    return over && last?.kind === 'landed' ? 0 : 1
  },
})
