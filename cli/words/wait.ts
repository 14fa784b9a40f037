// `gt wait`: until an epic or issue has landed, or nothing more comes without the Overseer.
// Never: asks again and again; it looks after every commit.
import { z } from 'zod'
import { issueId } from '../../machines/mail.ts'
import { Refusal } from '../../runtime/open.ts'
import type { Outlook } from '../api.ts'
import { answering, rigOfIssue } from '../asking.ts'
import { TownUnreachable } from '../errors.ts'
import { body, tell } from '../print.ts'
import { outlook } from '../status.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'wait',
  group: 'work',
  summary: 'wait until an epic or issue has landed, or needs you',
  usage: '<id> [--timeout <duration>]',
  examples: [
    'gt wait wyv-1    # 0: all has landed, or needed no change; 1: something was closed without, or needs you',
    'gt wait wyv-1 --timeout 30m',
  ],
  options: { timeout: { kind: 'duration', about: 'how long to wait at most: 90s, 10m, 2h, or a number of seconds' } },
  args: { id: { kind: 'text' } },
  async run({ args: { id }, flags, ask, town, print, json }) {
    let last: Outlook | undefined
    const look = async () => {
      const said = last?.text
      last = await ask('outlook', { id })
      if (!json && last.text !== said) tell(last.text)
      return last.kind !== 'working'
    }
    const follow = async (event: () => void) => {
      await ask('follow', {}, { event })
      throw new TownUnreachable('the town went down', { town: town() })
    }
    const over = await afterEach(look, follow, flags.timeout)
    print(last, () => [
      ...(over ? [] : [`${id} is not done within ${(flags.timeout ?? 0) / 1000} s`]),
      ...(last?.needs ?? []).flatMap((need) => [need.subject, ...(need.body === '' ? [] : [body(need.body)])]),
    ])
    return over && (last?.kind === 'landed' || last?.kind === 'unchanged') ? 0 : 1
  },
})

/** Looks now and after every event until a look says so; false when time is over. However short, one look is taken. */
async function afterEach(
  look: () => Promise<boolean>,
  follow: (event: () => void) => Promise<never>,
  withinMs: number | undefined,
): Promise<boolean> {
  const until = withinMs === undefined ? undefined : performance.now() + withinMs
  return new Promise<boolean>((resolve, reject) => {
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
    follow(() => void check().catch(reject)).catch(reject)
    check().then(() => {
      if (until !== undefined) setTimeout(() => resolve(false), Math.max(0, until - performance.now())).unref()
    }, reject)
  })
}

export const answers = {
  /** Where an epic or issue stands; asked again after every event of `follow`. */
  outlook: answering({
    word: 'wait',
    shape: z.object({ id: issueId }),
    answer: async ({ id }, { town }) => {
      const rig = rigOfIssue(town, id)
      const found = await outlook(town.host, town.issues, rig, id)
      if (!found) throw new Refusal(`no issue ${id} in ${rig}`)
      return found
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
