//! A limited number of rows at a time. Replicas clean up side by side: each leaves out what another has in hand. Rows that were
//! found and locked are deleted by their place in the table (`ctid`): no plan can take another way to them.

statements! {
    /// Ends sessions that have run out, with an audit entry each, and moves the next look at the others to their expiry of today.
    /// Says how many were looked at, and how many have ended.
    END_EXPIRED = "WITH due AS (\
                       SELECT id, user_id, least(absolute_expiry, idle_expiry) AS expiry FROM sessions \
                       WHERE ended_at IS NULL AND check_expiry_at <= $1 ORDER BY check_expiry_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED\
                   ), again AS (\
                       UPDATE sessions SET check_expiry_at = due.expiry FROM due WHERE sessions.id = due.id AND due.expiry > $1\
                   ), over AS (\
                       UPDATE sessions SET ended_at = $1, end_reason = $3 FROM due WHERE sessions.id = due.id AND due.expiry <= $1 \
                       RETURNING sessions.id, sessions.user_id\
                   ), noted AS (\
                       INSERT INTO audit_entries (at, kind, user_id, session_id, detail) SELECT $1, $4, user_id, id, $3 FROM over\
                   ) \
                   SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM over)";
    /// Forgets sessions that ended long ago.
    FORGET_SESSIONS = "DELETE FROM sessions WHERE ctid = ANY(ARRAY(\
                           SELECT ctid FROM sessions WHERE ended_at < $1 ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED))";
    /// Forgets status lists whose last token is dead.
    FORGET_STATUS_LISTS = "DELETE FROM status_lists WHERE ctid = ANY(ARRAY(\
                               SELECT ctid FROM status_lists WHERE keep_until <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";
    /// Forgets reports of processes that are gone.
    FORGET_REPORTS = "DELETE FROM verifier_reports WHERE ctid = ANY(ARRAY(\
                          SELECT ctid FROM verifier_reports WHERE reported_at < $1 ORDER BY reported_at LIMIT $2 \
                          FOR UPDATE SKIP LOCKED))";
    /// Forgets ids that nobody would take any more.
    FORGET_USED_IDS = "DELETE FROM used_ids WHERE ctid = ANY(ARRAY(\
                           SELECT ctid FROM used_ids WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))";
    /// Forgets old audit entries.
    FORGET_AUDIT = "DELETE FROM audit_entries WHERE ctid = ANY(ARRAY(\
                        SELECT ctid FROM audit_entries WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED))";
}
