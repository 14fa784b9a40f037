// Every path of a town and its rigs (spec: Directory Structure). Nothing else in the project knows a path.
// Never: touches the disk; names that reach it have been parsed.
import { join } from 'node:path'
import process from 'node:process'

export function townLayout(town: string) {
  return {
    root: town,
    instructions: join(town, 'CLAUDE.md'),
    store: storeIn(town, undefined),
    copies: copiesIn(town, undefined),
    /** What was found in the place of something else, or replaced: kept, each a folder; mode 0700. */
    aside: join(town, 'daemon/aside'),
    /** Rigs that were removed, each a folder. */
    removed: join(town, 'removed'),
    config: join(town, 'config'),
    /** What agents of a role are told in every rig, in a person's own words. */
    roleText: (role: string) => join(town, 'config/roles', `${role}.md`),
    /** Agent presets of the town's own, one file each. */
    agentPresets: join(town, 'config/agents'),
    mayor: join(town, 'mayor'),
    townJson: townJsonIn(town),
    rigsJson: join(town, 'mayor/rigs.json'),
    mayorState: join(town, 'mayor/state.json'),
    daemon: join(town, 'daemon'),
    db: join(town, 'daemon/town.db'),
    /** Which town.db this town goes by, and how often it was opened: outside `daemon/`, which somebody may lose. */
    dbMark: join(town, 'config/town-db.json'),
    /** There while a daemon has town.db: how many turns it has written, of which the last may be in its `-wal` only. */
    dbOpen: join(town, 'daemon/town.db-open'),
    /** Copies of town.db, each called by its day; mode 0700. No rig can be called daemon. */
    dbCopies: join(town, 'daemon/copies/daemon'),
    /** pid, start time and socket of the running daemon; evidence, never truth: the lease in town.db is. */
    daemonJson: join(town, 'daemon/daemon.json'),
    daemonLog: join(town, 'daemon/daemon.log'),
    /** 32 random bytes, mode 0600; session tokens are derived from it. */
    secret: join(town, 'daemon/secret'),
    /** Accounts of agents, a file each, mode 0600 (`accounts.ts`). */
    accounts: join(town, 'daemon/accounts'),
    get socket() {
      return socketPath(town)
    },
    /** Where sessions ask: each socket takes in one at a time, and whoever looks does not wait behind eighty at work. */
    get workSocket() {
      return socketPath(town).replace(/sock$/, 'work')
    },
    /** Which plugins the Overseer lets run, and what they were then; mode 0600. */
    enabledPlugins: join(town, 'daemon/plugins.json'),
    /** What came of the last try of each agent. */
    agentsJson: join(town, 'daemon/agents.json'),
    /** What agents have used, in tokens and money; mode 0600. */
    costs: join(town, 'daemon/costs.db'),
    /** There when it may lack what evidence tells, for it could not be used for a while. */
    costsBehind: join(town, 'daemon/costs.db-behind'),
    costsCopies: join(town, 'daemon/copies/daemon/costs'),
    sessions: join(town, 'daemon/sessions'),
    gateLogs: join(town, 'daemon/gates'),
    /** The town's own views of repositories that agents can write, one a rig (`git/lens.ts`); mode 0700. */
    lenses: join(town, 'daemon/lens'),
    /** What the town remembers of each worker's place; mode 0700. */
    places: join(town, 'daemon/places'),
    /** Index and HEAD of what is checked out for gates, where no gate can write; mode 0700. */
    checkouts: join(town, 'daemon/checkouts'),
    /** Shims named `gt` and `bd`, first on the PATH of every session. */
    shims: join(town, 'daemon/bin'),
    /** Socket name for `tmux -L`: private to this town. */
    get tmuxSocket() {
      return `gt-${townId(town)}`
    },
  }
}

export function rigLayout(town: string, rig: string) {
  const root = join(town, rig)
  const [beads = '', cloneBeads = ''] = storeLinksIn(town, rig)
  return {
    root,
    config: join(root, 'config.json'),
    /** The same in this rig. */
    roleText: (role: string) => join(root, 'roles', `${role}.md`),
    beads,
    store: storeIn(town, rig),
    copies: copiesIn(town, rig),
    mayor: join(root, 'mayor'),
    clone: join(root, 'mayor/rig'),
    cloneBeads,
    mayorState: join(root, 'mayor/state.json'),
    refinery: join(root, 'refinery'),
    refineryClone: join(root, 'refinery/rig'),
    /** A bare repository, by which the rig's issues are shared (`beads/sync/`). */
    refineryIssues: join(root, 'refinery/issues.git'),
    refineryState: join(root, 'refinery/state.json'),
    /** What the Refinery knows of submodules: a bare repository for each address. */
    modules: join(root, 'refinery/modules'),
    /** The `.gitattributes` of main, and nothing else: what merges honour. */
    attributes: join(root, 'refinery/attributes'),
    /** Every commit the Refinery built, one a line. */
    built: join(root, 'refinery/built'),
    /** Which commit of the Refinery's brings whose work: two commits a line. */
    brought: join(root, 'refinery/brought'),
    lens: join(townLayout(town).lenses, rig),
    /** User and password of its origin, where the address had some (`git/credentials.ts`); mode 0600. */
    credentials: join(townLayout(town).daemon, 'credentials', rig),
    placeRecord: (polecat: string) => join(townLayout(town).places, rig, `${polecat}.json`),
    /** Places of gates: a new folder each run, with a repository and a home of its own. */
    gatePool: join(root, 'refinery/pool'),
    /** Of setups and gates, kept from run to run (`GT_CACHE`). */
    gateCache: join(root, 'refinery/cache'),
    witness: join(root, 'witness'),
    witnessState: join(root, 'witness/state.json'),
    crew: join(root, 'crew'),
    polecats: join(root, 'polecats'),
    /** Worktrees that are being made, and what was removed, until it is deleted: on the polecats' own disk. */
    staging: join(root, 'polecats/.staging'),
    trash: join(root, 'polecats/.trash'),
    polecat: (name: string) => join(root, 'polecats', name),
    plugins: join(root, 'plugins'),
    plugin: (name: string) => join(root, 'plugins', name),
  }
}

// What `bd` needs of all this, which is too short a command to make all of it.

/** The file by which a folder is a town. */
export const townJsonIn = (town: string) => join(town, 'mayor/town.json')

/**
 * Links to where issues are kept, a rig's or (undefined) the town's own. The rig's second one, in the Mayor's clone, is
 * not there where the project tracks a `.beads` itself.
 */
export const storeLinksIn = (town: string, rig: string | undefined): string[] =>
  rig === undefined ? [join(town, '.beads')] : ['.beads', 'mayor/rig/.beads'].map((path) => join(town, rig, path))

/**
 * Where issues are kept, a rig's or (undefined) the town's own: out of reach of any clone's `git clean`; mode 0700.
 * No rig can be called mayor.
 */
export const storeIn = (town: string, rig: string | undefined) => join(town, 'daemon/stores', rig ?? 'mayor')

/** Of a real `bd` that keeps a rig's issues: its store, where it has none elsewhere, and a home that is nobody's. */
export const realIn = (town: string, rig: string) => join(storeIn(town, rig), 'bd')

/** What was read long ago of the mail of a rig, or (undefined) of the town itself, a file a month (`2026-01`); 0600. */
export const archiveIn = (town: string, rig: string | undefined, month: string) =>
  join(town, 'daemon/mail', `${rig ?? 'mayor'}-${month}.jsonl`)

/** Their copies, each a folder called by its day; mode 0700. */
export const copiesIn = (town: string, rig: string | undefined) => join(town, 'daemon/copies', rig ?? 'mayor')

/** Short and stable for a town's real path; tells two towns of one host apart. */
function townId(town: string): string {
  // Loaded here only: node:crypto takes longer to load than most commands take to run.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256').update(town).digest('hex').slice(0, 12)
}

/**
 * Unix socket paths end at 107 bytes; a deep town keeps its socket in a folder of its user's instead
 * (`socket-folder.ts`). Not below TMPDIR: the daemon's may be another one than that of who asks.
 */
function socketPath(town: string): string {
  const inside = join(town, 'daemon/gt.sock')
  if (Buffer.byteLength(inside) <= 100) return inside
  return join('/tmp', `gastown-${process.getuid?.()}`, `${townId(town)}.sock`)
}
