// The kernel's door: opens what `contract.ts` describes, and reads a store that no host has open. Layers above import
// these two files only.
// Never: imported by anything beneath it.
export { type Causes, causes } from './causes.ts'
export { afterWatched, type Limit, systemClock, virtualClock, type Watch, watchEvery } from './clock.ts'
export { type DriverOptions, openDriver } from './driver.ts'
export { isPassing, LeaseLost, Refusal, StoreBusy, StoreUnusable } from './errors.ts'
export { openHost } from './host.ts'
export { seededRandom, systemRandom } from './random.ts'
export { type ReplayResult, replay } from './replay.ts'
export { readActors } from './store/actors.ts'
export { readIdentity, type StoreIdentity } from './store/identity.ts'
export { readJournal, shownAt } from './store/journal.ts'
export { holdUnhosted } from './store/lease.ts'
export { openSqliteStore, type SqliteOptions } from './store/sqlite.ts'
export { statePath } from './turn.ts'
