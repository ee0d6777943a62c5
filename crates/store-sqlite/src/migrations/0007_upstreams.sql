-- The upstream that an account was made through, whose word its address is. Nothing: an administrator made it.
ALTER TABLE users ADD COLUMN origin TEXT;

-- Who is whom. A person at an upstream is one user, and a user is one person there.
CREATE TABLE upstream_links (
    upstream  TEXT    NOT NULL,
    issuer    TEXT    NOT NULL,
    sub       TEXT    NOT NULL,
    user_id   BLOB    NOT NULL REFERENCES users (id),
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (upstream, issuer, sub),
    UNIQUE (user_id, upstream)
) STRICT, WITHOUT ROWID;

-- What stands beside a session that began at an upstream. The secret is sealed under the root key, which is not in the database.
CREATE TABLE upstream_sessions (
    session_id BLOB    NOT NULL PRIMARY KEY REFERENCES sessions (id),
    upstream   TEXT    NOT NULL,
    issuer     TEXT    NOT NULL,
    sub        TEXT    NOT NULL,
    sid        TEXT,
    secret     BLOB,
    checked_at INTEGER NOT NULL,
    asked_at   INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX upstream_sessions_of_subject ON upstream_sessions (upstream, issuer, sub);
CREATE INDEX upstream_sessions_of_sid ON upstream_sessions (upstream, issuer, sid) WHERE sid IS NOT NULL;

-- However a session ends, nobody has a use for an upstream's token after that. The statement that ends it stays one statement.
CREATE TRIGGER upstream_sessions_end AFTER UPDATE OF ended_at ON sessions WHEN NEW.ended_at IS NOT NULL BEGIN
    DELETE FROM upstream_sessions WHERE session_id = NEW.id;
END;
