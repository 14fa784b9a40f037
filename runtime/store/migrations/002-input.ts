// What an actor's life began with, in the journal row of its first turn: what a role would give it now may be something else.
export default `
ALTER TABLE journal ADD COLUMN input TEXT;
`
