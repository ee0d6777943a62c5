statements! {
    /// Begins a transaction that sees one moment, however long it takes to look.
    BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; \
                      SET LOCAL idle_in_transaction_session_timeout = 0";
    /// Begins a transaction that may wait for its source, and that nobody else writes beside.
    BEGIN_IMPORT = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; \
                    LOCK TABLE organizations, users, profiles, upstream_links, clients, keys, status_lists, sessions, \
                    upstream_sessions, revocation_log, revocation_epochs, revocation_events, used_ids, verifier_reports, \
                    audit_entries IN EXCLUSIVE MODE";
    /// How many rows there are, in the order in which they are moved.
    COUNTS = "SELECT (SELECT count(*) FROM organizations), (SELECT count(*) FROM users), (SELECT count(*) FROM profiles), \
              (SELECT count(*) FROM upstream_links), (SELECT count(*) FROM clients), (SELECT count(*) FROM keys), \
              (SELECT count(*) FROM status_lists), (SELECT count(*) FROM sessions), (SELECT count(*) FROM upstream_sessions), \
              (SELECT count(*) FROM revocation_epochs), (SELECT count(*) FROM revocation_events), (SELECT count(*) FROM used_ids), \
              (SELECT count(*) FROM verifier_reports), (SELECT count(*) FROM audit_entries)";
    /// Every user.
    USERS = concat!("SELECT ", user_columns!(), " FROM users");
    /// Every profile, after whose it is.
    PROFILES = "SELECT user_id, members FROM profiles";
    /// Every link.
    LINKS = "SELECT upstream, issuer, sub, user_id, linked_at FROM upstream_links";
    /// Every session.
    SESSIONS = concat!("SELECT ", session_columns!(), " FROM sessions");
    /// All that stands beside sessions.
    UPSTREAM_SESSIONS = "SELECT session_id, upstream, issuer, sub, sid, exchanged, secret, checked_at, asked_at FROM upstream_sessions";
    /// Every epoch that the log goes on from.
    EPOCHS = "SELECT epoch, last_seq, forget_at FROM revocation_epochs ORDER BY epoch";
    /// Every event, in order.
    EVENTS = concat!("SELECT ", event_columns!(), " FROM revocation_events ORDER BY seq");
    /// Everything that was used once.
    USED_IDS = "SELECT purpose, id, expires_at FROM used_ids";
    /// Every audit entry, oldest first.
    AUDIT = "SELECT at, kind, user_id, session_id, actor, address, detail FROM audit_entries ORDER BY id";
    /// Adds a profile where there is none.
    ADD_PROFILE = "INSERT INTO profiles (user_id, members) VALUES ($1, $2)";
    /// Adds a report of a process that there is none of.
    ADD_REPORT = "INSERT INTO verifier_reports (client_id, instance, kids, epoch, seq, lag_ms, reported_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// Adds an event under its number.
    ADD_EVENT = concat!("INSERT INTO revocation_events (", event_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    /// Lets the log go on from where another stood. The line of history stays our own, unless that one was known to have lost its end: then
    /// it is one that we are not on, so that another epoch begins.
    SET_LOG = "UPDATE revocation_log SET epoch = $1, seq = $2, system = CASE WHEN $3 THEN 0 ELSE system END, \
               timeline = CASE WHEN $3 THEN 0 ELSE timeline END WHERE only_row";
}
