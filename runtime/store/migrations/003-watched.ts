// Watched time of each turn, beside that of the clock on the wall.
export default `
ALTER TABLE journal ADD COLUMN watched_at INTEGER;
`
