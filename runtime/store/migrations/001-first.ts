// The first schema. Snapshot is truth, journal is evidence.
export default `
CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL) STRICT;
CREATE TABLE hold (scope TEXT PRIMARY KEY) STRICT;
CREATE TABLE actor (
  address TEXT PRIMARY KEY, role TEXT NOT NULL, version INTEGER NOT NULL, incarnation INTEGER NOT NULL, revision INTEGER NOT NULL,
  status TEXT NOT NULL, snapshot TEXT NOT NULL, crashes TEXT NOT NULL DEFAULT '[]', updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE mail (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, from_address TEXT NOT NULL, to_address TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
  sent_at INTEGER NOT NULL, cause_id TEXT, attempt INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'new',
  effect_key TEXT, timer_id TEXT, reason TEXT, handled_at INTEGER
) STRICT;
CREATE INDEX mail_waiting ON mail (to_address, seq) WHERE state = 'new';
CREATE INDEX mail_new ON mail (seq) WHERE state = 'new';
CREATE INDEX mail_dead ON mail (seq) WHERE state = 'dead';
CREATE TABLE timer (address TEXT NOT NULL, id TEXT NOT NULL, due_at INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (address, id)) STRICT;
CREATE INDEX timer_due ON timer (due_at);
CREATE TABLE effect (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, address TEXT NOT NULL, invoke_id TEXT, name TEXT NOT NULL, input TEXT NOT NULL, lane TEXT,
  state TEXT NOT NULL DEFAULT 'pending', attempt INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL, due_at INTEGER NOT NULL DEFAULT 0, reason TEXT
) STRICT;
CREATE INDEX effect_open ON effect (seq) WHERE state IN ('pending', 'started');
CREATE INDEX effect_of ON effect (address, invoke_id) WHERE state IN ('pending', 'started');
CREATE TABLE slot (pool TEXT NOT NULL, place INTEGER NOT NULL, holder TEXT NOT NULL, PRIMARY KEY (pool, place), UNIQUE (pool, holder)) STRICT;
CREATE TABLE reply (mail_id TEXT PRIMARY KEY, reply TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, address TEXT NOT NULL, incarnation INTEGER NOT NULL, revision INTEGER NOT NULL, mail_id TEXT NOT NULL,
  mail_type TEXT NOT NULL, from_address TEXT NOT NULL, cause_id TEXT, before TEXT NOT NULL, after TEXT NOT NULL, notes TEXT NOT NULL, promised TEXT NOT NULL
) STRICT;
`
