// What an actor's life began with, in the journal row of its first turn, and the version that played each: what a
// role would give or do now may be something else.
// And how many places a pool was last accepted to have.
export default `
ALTER TABLE journal ADD COLUMN input TEXT;
ALTER TABLE journal ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
CREATE TABLE pool (name TEXT PRIMARY KEY, places INTEGER NOT NULL) STRICT;
`
