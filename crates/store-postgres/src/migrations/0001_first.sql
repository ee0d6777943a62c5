-- Times are nanoseconds since 1970, as in the embedded store, so that what is moved between the two is the same to the last digit.
-- Lists and claims are JSON as text: `jsonb` knows no U+0000, and it writes numbers anew. Texts that are listed in order have the
-- order of their bytes, whatever the database's own language is.

CREATE TABLE organizations (
    id           text   COLLATE "C" NOT NULL PRIMARY KEY,
    name         text   NOT NULL,
    created_at   bigint NOT NULL,
    suspended_at bigint
);

CREATE TABLE users (
    id          uuid   NOT NULL PRIMARY KEY,
    username    text   COLLATE "C" NOT NULL CONSTRAINT users_username UNIQUE,
    email       text   COLLATE "C" CONSTRAINT users_email UNIQUE,
    org_id      text   COLLATE "C" CONSTRAINT users_organization REFERENCES organizations (id),
    roles       text   NOT NULL,
    claims      text   NOT NULL,
    disabled_at bigint,
    password    text,
    -- The upstream that an account was made through, whose word its address is. Nothing: an administrator made it.
    origin      text,
    created_at  bigint NOT NULL,
    version     bigint NOT NULL
);

CREATE INDEX users_of_organization ON users (org_id) WHERE org_id IS NOT NULL;

-- What is told of users beside their tokens, a JSON object each. Apart from `users`, which every refresh reads.
CREATE TABLE profiles (
    user_id uuid NOT NULL PRIMARY KEY REFERENCES users (id),
    members text NOT NULL
);

-- A rotation changes no column of any index, so that with some room in each page the new row lies beside the old one, and the page
-- is tidied by whoever comes next (HOT). The vacuum comes early: a table of sessions is all change.
CREATE TABLE sessions (
    id              uuid    NOT NULL PRIMARY KEY,
    user_id         uuid    NOT NULL REFERENCES users (id),
    client_id       text    NOT NULL,
    device          text    NOT NULL,
    created_at      bigint  NOT NULL,
    auth_time       bigint  NOT NULL,
    amr             text    NOT NULL,
    absolute_expiry bigint  NOT NULL,
    idle_expiry     bigint  NOT NULL,
    -- The session has not run out before this. A rotation moves `idle_expiry` alone, which is in no index; the clean-up looks
    -- here, and moves this on when it finds the session alive.
    check_expiry_at bigint  NOT NULL,
    generation      bigint  NOT NULL,
    branch          bigint  NOT NULL,
    parent_branch   bigint,
    rotated_at      bigint  NOT NULL,
    handed_out_at   bigint  NOT NULL,
    confirmed       boolean NOT NULL,
    last_seen_at    bigint  NOT NULL,
    -- The place in a status list.
    status_list     bytea   CHECK (length(status_list) = 8),
    status_index    bigint,
    -- Where a session comes from that was carried to another site, and to which. No reference: the one it comes from may be
    -- forgotten first.
    carried_from    uuid,
    carried_to      text,
    ended_at        bigint,
    end_reason      text,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK ((status_list IS NULL) = (status_index IS NULL)),
    CHECK ((carried_from IS NULL) = (carried_to IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

CREATE INDEX sessions_active_of_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_active_by_expiry ON sessions (check_expiry_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_active_carried ON sessions (carried_from) WHERE ended_at IS NULL AND carried_from IS NOT NULL;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
-- What a status list says is read from here, and from the members of organisations, without a look at the table.
CREATE INDEX sessions_ended_of_list ON sessions (status_list, ended_at, status_index)
    WHERE ended_at IS NOT NULL AND status_list IS NOT NULL;

-- Who is whom. A person at an upstream is one user, and a user is one person there.
CREATE TABLE upstream_links (
    upstream  text   COLLATE "C" NOT NULL,
    issuer    text   COLLATE "C" NOT NULL,
    sub       text   COLLATE "C" NOT NULL,
    user_id   uuid   NOT NULL REFERENCES users (id),
    linked_at bigint NOT NULL,
    PRIMARY KEY (upstream, issuer, sub),
    UNIQUE (user_id, upstream)
);

-- What stands beside a session that began at an upstream. The secret is sealed under the root key, which is not in the database.
CREATE TABLE upstream_sessions (
    session_id uuid    NOT NULL PRIMARY KEY REFERENCES sessions (id),
    upstream   text    COLLATE "C" NOT NULL,
    issuer     text    COLLATE "C" NOT NULL,
    sub        text    COLLATE "C" NOT NULL,
    sid        text    COLLATE "C",
    exchanged  boolean NOT NULL,
    secret     bytea,
    checked_at bigint  NOT NULL,
    asked_at   bigint
);

CREATE INDEX upstream_sessions_of_subject ON upstream_sessions (upstream, issuer, sub);
CREATE INDEX upstream_sessions_of_sid ON upstream_sessions (upstream, issuer, sid) WHERE sid IS NOT NULL;

-- However a session ends, nobody has a use for an upstream's token after that.
CREATE FUNCTION upstream_sessions_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM upstream_sessions WHERE session_id = NEW.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER upstream_sessions_end AFTER UPDATE OF ended_at ON sessions
    FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION upstream_sessions_end();

-- A client has a secret or public keys.
CREATE TABLE clients (
    id         text   COLLATE "C" NOT NULL PRIMARY KEY,
    secret     text,
    jwks       text,
    scopes     text   NOT NULL,
    audiences  text   NOT NULL,
    created_at bigint NOT NULL,
    CHECK ((secret IS NULL) <> (jwks IS NULL))
);

-- The private part is sealed under the root key, which is not in the database.
CREATE TABLE keys (
    id         text   COLLATE "C" NOT NULL PRIMARY KEY,
    purpose    text   NOT NULL,
    algorithm  text   NOT NULL,
    sealed     bytea  NOT NULL,
    state      text   NOT NULL,
    state_at   bigint,
    remove_at  bigint,
    created_at bigint NOT NULL
);

-- One row. A transaction that adds events updates it, so that the order of commits is the order of numbers. A number from a
-- PostgreSQL sequence would be given out before its commit: a later one could become visible first, and readers would skip the
-- earlier one for ever.
CREATE TABLE revocation_log (
    only_row boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch    bigint  NOT NULL,
    seq      bigint  NOT NULL,
    -- Which database cluster, and which line of its history, the epoch was begun on. A restored backup and a failover continue on
    -- another line.
    system   bigint,
    timeline bigint
) WITH (fillfactor = 10);

-- Two logs never share an epoch: services that outlive a database see that the new one is another.
INSERT INTO revocation_log (epoch, seq) VALUES (extract(epoch FROM clock_timestamp())::bigint, 0);

CREATE TABLE revocation_events (
    seq       bigint NOT NULL PRIMARY KEY,
    selector  text   NOT NULL,
    target    text,
    kind      text   NOT NULL,
    reason    text   NOT NULL,
    at        bigint NOT NULL,
    forget_at bigint NOT NULL,
    -- Whose the tokens of the event are, where that is known.
    user_id   uuid,
    org_id    text
);

-- The epochs that the log goes on from, each with its last number, for as long as tokens of it may live.
CREATE TABLE revocation_epochs (
    epoch     bigint NOT NULL PRIMARY KEY,
    last_seq  bigint NOT NULL,
    forget_at bigint NOT NULL
);

-- Token Status Lists. Places below `taken` were given away, in an order that only the root key tells.
CREATE TABLE status_lists (
    id         bytea  NOT NULL PRIMARY KEY CHECK (length(id) = 8),
    bits       bigint NOT NULL,
    size       bigint NOT NULL,
    taken      bigint NOT NULL CHECK (taken BETWEEN 0 AND size),
    created_at bigint NOT NULL,
    keep_until bigint NOT NULL
);

-- What each process of a service last said about itself. `client_id` is empty where anybody may follow the feed.
CREATE TABLE verifier_reports (
    client_id   text   COLLATE "C" NOT NULL,
    instance    text   COLLATE "C" NOT NULL,
    kids        text   NOT NULL,
    epoch       bigint NOT NULL,
    seq         bigint NOT NULL,
    lag_ms      bigint NOT NULL,
    reported_at bigint NOT NULL,
    PRIMARY KEY (client_id, instance)
);

CREATE INDEX verifier_reports_by_time ON verifier_reports (reported_at);

-- What may be used once, until nobody would take it anyway.
CREATE TABLE used_ids (
    purpose    text   COLLATE "C" NOT NULL,
    id         text   COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (purpose, id)
);

CREATE INDEX used_ids_by_expiry ON used_ids (expires_at);

CREATE TABLE audit_entries (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         bigint NOT NULL,
    kind       text   NOT NULL,
    user_id    uuid,
    session_id uuid,
    actor      uuid,
    address    text,
    detail     text
);

CREATE INDEX audit_entries_of_user ON audit_entries (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_entries_by_time ON audit_entries (at);
