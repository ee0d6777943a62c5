-- Times are microseconds since 1970. Ids of users and sessions are their 16 bytes.

CREATE TABLE organizations (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    suspended_at INTEGER,
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id          BLOB PRIMARY KEY,
    username    TEXT NOT NULL UNIQUE,
    email       TEXT UNIQUE,
    org_id      TEXT REFERENCES organizations (id),
    roles       TEXT NOT NULL,
    claims      TEXT NOT NULL,
    disabled_at INTEGER,
    password    TEXT,
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A rotation changes one row of this tree and no index: nothing that moves with it is indexed.
CREATE TABLE sessions (
    id              BLOB PRIMARY KEY,
    user_id         BLOB NOT NULL REFERENCES users (id),
    client_id       TEXT NOT NULL,
    device          TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    auth_time       INTEGER NOT NULL,
    amr             TEXT NOT NULL,
    absolute_expiry INTEGER NOT NULL,
    idle_expiry     INTEGER NOT NULL,
    generation      INTEGER NOT NULL,
    branch          INTEGER NOT NULL,
    parent_branch   INTEGER,
    rotated_at      INTEGER NOT NULL,
    handed_out_at   INTEGER NOT NULL,
    confirmed       INTEGER NOT NULL,
    last_seen_at    INTEGER NOT NULL,
    ended_at        INTEGER,
    end_reason      TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_active ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE keys (
    id         TEXT PRIMARY KEY,
    purpose    TEXT NOT NULL,
    algorithm  TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    state      TEXT NOT NULL,
    state_at   INTEGER,
    remove_at  INTEGER,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
    id         TEXT PRIMARY KEY,
    secret     TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    audiences  TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The number of an event comes from this row, in the transaction that writes the event: the order of commits is the order of
-- numbers.
CREATE TABLE log_head (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,
    seq   INTEGER NOT NULL
) STRICT;

INSERT INTO log_head (one, epoch, seq) VALUES (1, 1, 0);

CREATE TABLE events (
    seq       INTEGER PRIMARY KEY,
    selector  TEXT NOT NULL,
    value     TEXT NOT NULL,
    kind      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    at        INTEGER NOT NULL,
    forget_at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    user_id    BLOB,
    session_id BLOB,
    actor      BLOB,
    address    TEXT,
    detail     TEXT
) STRICT;

CREATE INDEX audit_user ON audit (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_at ON audit (at);
