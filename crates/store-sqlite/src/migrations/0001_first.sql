-- Times are nanoseconds since 1970; lists and claims are JSON; ids of users and sessions are 16 bytes.

CREATE TABLE organizations (
    id           TEXT    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    suspended_at INTEGER
) STRICT;

CREATE TABLE users (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    username    TEXT    NOT NULL UNIQUE,
    email       TEXT    UNIQUE,
    org_id      TEXT    REFERENCES organizations (id),
    roles       TEXT    NOT NULL,
    claims      TEXT    NOT NULL,
    disabled_at INTEGER,
    password    TEXT,
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL
) STRICT;

-- A table with a rowid, although every look-up is by `id`: sessions that live are young ones, and in the order of their
-- birth they lie close together, so that a batch of rotations touches few pages.
CREATE TABLE sessions (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id         BLOB    NOT NULL REFERENCES users (id),
    client_id       TEXT    NOT NULL,
    device          TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    auth_time       INTEGER NOT NULL,
    amr             TEXT    NOT NULL,
    absolute_expiry INTEGER NOT NULL,
    idle_expiry     INTEGER NOT NULL,
    -- The session has not run out before this. A rotation moves `idle_expiry` alone, which is in no index; the clean-up
    -- looks here, and moves this on when it finds the session alive.
    check_expiry_at INTEGER NOT NULL,
    generation      INTEGER NOT NULL,
    branch          INTEGER NOT NULL,
    parent_branch   INTEGER,
    rotated_at      INTEGER NOT NULL,
    handed_out_at   INTEGER NOT NULL,
    confirmed       INTEGER NOT NULL,
    last_seen_at    INTEGER NOT NULL,
    ended_at        INTEGER,
    end_reason      TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;

CREATE INDEX sessions_active_of_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_active_by_expiry ON sessions (check_expiry_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE clients (
    id         TEXT    NOT NULL PRIMARY KEY,
    secret     TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    audiences  TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- The private part is sealed under the root key, which is not in the database.
CREATE TABLE keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    purpose    TEXT    NOT NULL,
    algorithm  TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,
    state      TEXT    NOT NULL,
    state_at   INTEGER,
    remove_at  INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

-- One row. A transaction that adds events updates it, so that the order of commits is the order of numbers.
CREATE TABLE revocation_log (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    epoch    INTEGER NOT NULL,
    seq      INTEGER NOT NULL
) STRICT;

-- Two logs never share an epoch: services that outlive a database see that the new one is another.
INSERT INTO revocation_log (only_row, epoch, seq) VALUES (1, unixepoch(), 0);

CREATE TABLE revocation_events (
    seq       INTEGER NOT NULL PRIMARY KEY,
    selector  TEXT    NOT NULL,
    target    TEXT,
    kind      TEXT    NOT NULL,
    reason    TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    forget_at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_entries (
    id         INTEGER NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    user_id    BLOB,
    session_id BLOB,
    actor      BLOB,
    address    TEXT,
    detail     TEXT
) STRICT;

CREATE INDEX audit_entries_of_user ON audit_entries (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_entries_by_time ON audit_entries (at);
