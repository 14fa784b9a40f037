// Which store this is: chance, drawn once, so that one is never taken for another.
export default `
CREATE TABLE identity (id TEXT NOT NULL) STRICT;
INSERT INTO identity VALUES (lower(hex(randomblob(16))));
`
