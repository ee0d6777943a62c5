-- The epochs that the log goes on from, each with its last number, for as long as tokens of it may live.
CREATE TABLE revocation_epochs (
    epoch     INTEGER NOT NULL PRIMARY KEY,
    last_seq  INTEGER NOT NULL,
    forget_at INTEGER NOT NULL
) STRICT;

-- Whose the tokens of an event are, where that is known.
ALTER TABLE revocation_events ADD COLUMN user_id BLOB;
ALTER TABLE revocation_events ADD COLUMN org_id TEXT;
