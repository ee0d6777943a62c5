-- Token Status Lists. Places below `taken` were given away, in an order that only the root key tells.
CREATE TABLE status_lists (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 8),
    bits       INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    taken      INTEGER NOT NULL CHECK (taken BETWEEN 0 AND size),
    created_at INTEGER NOT NULL,
    keep_until INTEGER NOT NULL
) STRICT;

-- The place of a session.
ALTER TABLE sessions ADD COLUMN status_list BLOB CHECK (length(status_list) = 8);
ALTER TABLE sessions ADD COLUMN status_index INTEGER CHECK ((status_list IS NULL) = (status_index IS NULL));

-- What a list says is read from these two alone: sessions that ended lately, and members of organisations.
CREATE INDEX sessions_ended_of_list ON sessions (status_list, ended_at, status_index)
    WHERE ended_at IS NOT NULL AND status_list IS NOT NULL;
CREATE INDEX users_of_organization ON users (org_id) WHERE org_id IS NOT NULL;
