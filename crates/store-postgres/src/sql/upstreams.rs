/// The columns of a link in the order that `read::upstreams::decode_link` takes them.
macro_rules! links {
    () => {
        "SELECT upstream, issuer, sub, user_id, linked_at FROM upstream_links"
    };
}

/// The columns of what stands beside a session in the order that `read::upstreams::decode_session` takes them.
macro_rules! sessions {
    () => {
        "SELECT session_id, upstream, issuer, sub, sid, exchanged, secret, checked_at, asked_at FROM upstream_sessions"
    };
}

statements! {
    /// Who somebody at an upstream is here.
    LINK = concat!(links!(), " WHERE upstream = $1 AND issuer = $2 AND sub = $3");
    /// The links of a user.
    LINKS_OF = concat!(links!(), " WHERE user_id = $1 ORDER BY upstream");
    /// What stands beside a session.
    SESSION = concat!(sessions!(), " WHERE session_id = $1");
    /// What stands beside the sessions of one session at an upstream.
    BY_SID = concat!(sessions!(), " WHERE upstream = $1 AND issuer = $2 AND sid = $3 ORDER BY session_id");
    /// What stands beside the sessions of one person at an upstream.
    BY_SUBJECT = concat!(sessions!(), " WHERE upstream = $1 AND issuer = $2 AND sub = $3 ORDER BY session_id");
    /// Links a user.
    ADD_LINK = "INSERT INTO upstream_links (upstream, issuer, sub, user_id, linked_at) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT DO NOTHING";
    /// Removes a link.
    REMOVE_LINK = "DELETE FROM upstream_links WHERE user_id = $1 AND upstream = $2";
    /// Whose an active session is. Until the end of the transaction nobody ends it.
    LOCK_SESSION = "SELECT user_id FROM sessions WHERE id = $1 AND ended_at IS NULL FOR NO KEY UPDATE";
    /// Whom somebody is linked to. Until the end of the transaction nobody removes the link.
    LOCK_LINK = "SELECT 1 FROM upstream_links WHERE upstream = $1 AND issuer = $2 AND sub = $3 AND user_id = $4 FOR SHARE";
    /// Puts something beside a session.
    REMEMBER = "INSERT INTO upstream_sessions (session_id, upstream, issuer, sub, sid, secret, checked_at, asked_at, exchanged) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (session_id) DO NOTHING";
    /// Notes that an upstream is asked or has answered, if it was last asked as it was read.
    CHECK = "UPDATE upstream_sessions SET secret = $4, checked_at = $5, asked_at = $6 \
             WHERE session_id = $1 AND checked_at = $2 AND asked_at IS NOT DISTINCT FROM $3";
}
