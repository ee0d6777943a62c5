-- A client has a secret or public keys. A column cannot lose its NOT NULL, so the small table is made anew.
CREATE TABLE clients_made_anew (
    id         TEXT    NOT NULL PRIMARY KEY,
    secret     TEXT,
    jwks       TEXT,
    scopes     TEXT    NOT NULL,
    audiences  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK ((secret IS NULL) <> (jwks IS NULL))
) STRICT;

INSERT INTO clients_made_anew (id, secret, scopes, audiences, created_at)
    SELECT id, secret, scopes, audiences, created_at FROM clients;
DROP TABLE clients;
ALTER TABLE clients_made_anew RENAME TO clients;

-- What may be used once, until nobody would take it anyway.
CREATE TABLE used_ids (
    purpose    TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (purpose, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX used_ids_by_expiry ON used_ids (expires_at);
