// Who may say which word of `gt`: the one list. A word that is on none is the Overseer's alone.
// Never: asks who somebody is (caller.ts).

/**
 * `anyone`: also agents, plugins, gates and setups, and from anywhere, for it changes nothing of the town; `agents`:
 * a polecat in its session and a plugin while it runs, each for itself, and the Overseer; `overseer`: nobody else.
 */
export type Right = 'anyone' | 'agents' | 'overseer'

/** What looks, or has no town to change. */
const anyone = [
  'account list',
  'agents',
  'completion',
  'costs',
  'install',
  'log',
  'mail dead',
  'mail inbox',
  'mail search',
  'mail sent',
  'mail thread',
  'merge-queue list',
  'plugin status',
  'plugins',
  'polecats',
  'prime',
  'replay',
  'rig show',
  'rigs',
  'session list',
  'session logs',
  'session peek',
  'sim',
  'status',
  'version',
  'viz',
  'wait',
  'why',
] as const

/** What a session may do besides looking: this, and `bd` under its own name. */
const agents = [
  'ask',
  'handoff',
  'mail ack',
  'mail archive',
  'mail read',
  'mail reply',
  'mail send',
  'merge-queue add',
] as const

export const rightOf = (word: string): Right =>
  (anyone as readonly string[]).includes(word)
    ? 'anyone'
    : (agents as readonly string[]).includes(word)
      ? 'agents'
      : 'overseer'
