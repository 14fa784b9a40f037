// A small world for the kernel's tests: a counter that can be told to fail, wait, work and call others.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assign, fromPromise, setup } from 'xstate'
import type { EffectSpec, HostOptions, Role } from '../../runtime/contract.ts'
import { openHost, openSqliteStore, seededRandom, virtualClock } from '../../runtime/open.ts'

const machine = setup({
  types: {
    context: {} as { count: number; trouble: string },
    events: {} as { type: string; n?: number; to?: string; from?: string; mailId?: string },
  },
  actors: { work: fromPromise<number, { n: number }>(async () => 0) },
  actions: {
    mail: (_, _p: unknown) => {},
    reply: (_, _p: unknown) => {},
    note: (_, _p: unknown) => {},
    claimSlot: (_, _p: unknown) => {},
    freeSlot: (_, _p: unknown) => {},
    acceptCapacity: (_, _p: unknown) => {},
    tell: (_, _p: unknown) => {},
  },
}).createMachine({
  id: 'counter',
  context: { count: 0, trouble: '' },
  initial: 'idle',
  on: {
    add: {
      actions: [
        assign({ count: ({ context, event }) => context.count + (event.n ?? 1) }),
        {
          type: 'reply',
          params: ({ context, event }: { context: { count: number }; event: { mailId?: string } }) => ({
            to: event.mailId,
            ok: true,
            text: String(context.count),
          }),
        },
      ],
    },
    pass: {
      actions: {
        type: 'mail',
        params: ({ event }: { event: { to?: string; n?: number } }) => ({
          to: event.to,
          type: 'add',
          body: { n: event.n ?? 1 },
        }),
      },
    },
    fail: {
      actions: assign(() => {
        throw new Error('told to fail')
      }),
    },
    slot: {
      actions: {
        type: 'claimSlot',
        params: ({ event }: { event: { to?: string } }) => ({ pool: 'pool', holder: event.to }),
      },
    },
    /** Counts, tells another, and wants a place: three things of one turn. */
    spree: {
      actions: [
        assign({ count: ({ context }) => context.count + 1 }),
        { type: 'mail', params: { to: 'c/2', type: 'add', body: { n: 1 } } },
        { type: 'claimSlot', params: { pool: 'pool', holder: 'spree' } },
      ],
    },
    free: {
      actions: {
        type: 'freeSlot',
        params: ({ event }: { event: { to?: string } }) => ({ pool: 'pool', holder: event.to }),
      },
    },
    shrink: {
      actions: {
        type: 'acceptCapacity',
        params: ({ event }: { event: { n?: number } }) => ({ pool: 'pool', places: event.n }),
      },
    },
    tell: { actions: { type: 'tell', params: { n: 1 } } },
  },
  states: {
    idle: { on: { work: 'working', wait: 'waiting', end: 'ended' } },
    waiting: {
      after: { 1000: { target: 'idle', actions: assign({ count: ({ context }) => context.count + 100 }) } },
      on: { stop: 'idle' },
    },
    working: {
      invoke: {
        id: 'w',
        src: 'work',
        input: ({ context }) => ({ n: context.count }),
        onDone: { target: 'idle', actions: assign({ count: ({ event }) => event.output }) },
        onError: {
          target: 'idle',
          actions: assign({ trouble: ({ event }) => String((event.error as { message: string }).message) }),
        },
      },
      on: { stop: 'idle' },
    },
    ended: { type: 'final' },
  },
})

const accepts = ['add', 'pass', 'fail', 'slot', 'spree', 'free', 'shrink', 'tell', 'work', 'wait', 'stop', 'end']

export function counterRole(more: Partial<Role> = {}): Role {
  return {
    name: 'counter',
    owns: (address) => address.startsWith('c/'),
    machine,
    version: 1,
    input: () => ({}),
    intensity: { crashesMax: 1, periodMs: 60_000 },
    accepts,
    ignores: ['hello'],
    mailboxLengthMax: 50,
    ...more,
  }
}

const spec = (more: Partial<EffectSpec> = {}): EffectSpec => ({
  parseInput: (input) => input as { n: number },
  parseOutput: (output) => {
    if (typeof output !== 'number') throw new Error('not a number')
    return output
  },
  lane: () => 'lane',
  laneLimit: 1,
  starts: true,
  ...more,
})

/** `work` is awaited, one at a time; nobody waits for `tell`. */
export const effects = { work: spec(), tell: spec({ lane: () => null, starts: false }) }

/** A store in a folder of its own, hosts opened on it one after the other; `dispose` removes it. */
export function world() {
  const dir = mkdtempSync(join(tmpdir(), 'kernel-'))
  const path = join(dir, 'store.db')
  const clock = virtualClock(1_000_000)
  let holders = 0
  const open = (more: Partial<HostOptions> = {}) => {
    const options: HostOptions = {
      store: openSqliteStore(path),
      clock,
      random: seededRandom(++holders),
      roles: [counterRole()],
      effects,
      parseMail: (_type, body) => body as never,
      newMailId: (_to, random) => `m-${random.uint32().toString(36)}-${holders}`,
      slotCapacity: () => 2,
      holder: `holder-${holders}`,
      holderGone: () => true,
      ...more,
    }
    return openHost(options)
  }
  const drain = (host: ReturnType<typeof openHost>) => {
    while (host.run(1) > 0);
  }
  return { dir, path, clock, effects, open, drain, dispose: () => rmSync(dir, { recursive: true, force: true }) }
}
