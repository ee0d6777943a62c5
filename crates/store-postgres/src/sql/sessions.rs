statements! {
    /// A session by id.
    BY_ID = concat!("SELECT ", session_columns!(), " FROM sessions WHERE id = $1");
    /// A user's sessions that are active and have not run out, newest first.
    LIVE = concat!(
        "SELECT ", session_columns!(), " FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND absolute_expiry > $2 AND idle_expiry > $2 \
         ORDER BY created_at DESC, id DESC"
    );
    /// How many of them there are, without those that were carried from one.
    COUNT_LIVE = "SELECT count(*) FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND absolute_expiry > $2 AND idle_expiry > $2 \
                  AND carried_from IS NULL";
    /// Adds a session.
    INSERT = "INSERT INTO sessions (id, user_id, client_id, device, created_at, auth_time, amr, absolute_expiry, idle_expiry, \
              check_expiry_at, generation, branch, parent_branch, rotated_at, handed_out_at, confirmed, last_seen_at, ended_at, \
              end_reason, status_list, status_index, carried_from, carried_to) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, least($8::int8, $9::int8), $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
              $20, $21, $22) ON CONFLICT (id) DO NOTHING";
    /// Renames the device.
    RELABEL = "UPDATE sessions SET device = $2 WHERE id = $1 AND ended_at IS NULL";
    /// Keeps a session from running out before a moment.
    KEEP = "UPDATE sessions SET idle_expiry = $2 WHERE id = $1 AND ended_at IS NULL AND idle_expiry < $2";
    /// Gives a session a place, if it still has the one that was read.
    PLACE = "UPDATE sessions SET status_list = $4, status_index = $5 WHERE id = $1 AND ended_at IS NULL \
             AND status_list IS NOT DISTINCT FROM $2 AND status_index IS NOT DISTINCT FROM $3";
    /// Ends a session.
    END = "UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL";
    /// Ends every session of a user, but for one and the one that it was carried from. All are locked first, in one order for everybody
    /// who locks several.
    END_OF_USER = "UPDATE sessions SET ended_at = $3, end_reason = $4 WHERE id = ANY(ARRAY(\
                       SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $2 \
                       AND id IS DISTINCT FROM (SELECT carried_from FROM sessions WHERE id = $2) \
                       ORDER BY id FOR NO KEY UPDATE))";
    /// Whose a session is, and the one by which its group is known.
    OWNER = "SELECT user_id, coalesce(carried_from, id) FROM sessions WHERE id = $1 AND ended_at IS NULL";
    /// The session that others are carried from, if it may be. Until the end of the transaction nobody ends it or carries another.
    LOCK_HOME = "SELECT 1 FROM sessions WHERE id = $1 AND user_id = $2 AND carried_from IS NULL AND ended_at IS NULL FOR NO KEY UPDATE";
    /// Whether a session was carried to a site before, and can be used.
    IS_CARRIED = "SELECT 1 FROM sessions WHERE carried_from = $1 AND carried_to = $2 AND ended_at IS NULL AND absolute_expiry > $3 \
                  AND idle_expiry > $3";
    /// The active sessions of a group, in one order for everybody who locks several.
    LOCK_GROUP = "SELECT id FROM sessions WHERE (id = $1 OR carried_from = $1) AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE";
}
