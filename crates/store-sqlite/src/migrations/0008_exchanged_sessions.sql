-- Whether a session began with a token that somebody held, and not with a person who signed in.
ALTER TABLE upstream_sessions ADD COLUMN exchanged INTEGER NOT NULL DEFAULT 0;
