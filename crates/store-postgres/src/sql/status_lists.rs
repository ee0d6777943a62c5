/// The columns in the order that `read::status_lists::decode` takes them.
macro_rules! select {
    () => {
        "SELECT id, bits, size, taken, created_at, keep_until FROM status_lists"
    };
}

statements! {
    /// Every list, oldest first.
    LIST = concat!(select!(), " ORDER BY created_at, id");
    /// A list by id.
    BY_ID = concat!(select!(), " WHERE id = $1");
    /// The places of a list whose tokens are not good: of the sessions that ended lately, and of the members of organisations that
    /// were suspended lately.
    BAD_PLACES = "SELECT status_index, 'invalid' FROM sessions WHERE status_list = $1 AND ended_at >= $2 \
                  UNION ALL \
                  SELECT sessions.status_index, 'suspended' FROM organizations \
                  JOIN users ON users.org_id = organizations.id \
                  JOIN sessions ON sessions.user_id = users.id AND sessions.ended_at IS NULL \
                  WHERE organizations.suspended_at >= $2 AND sessions.status_list = $1";
    /// Begins a list.
    INSERT = "INSERT INTO status_lists (id, bits, size, taken, created_at, keep_until) VALUES ($1, $2, $3, $4, $5, $6) \
              ON CONFLICT (id) DO NOTHING";
    /// Takes places that nobody took since the list was read.
    TAKE = "UPDATE status_lists SET taken = $3, keep_until = greatest(keep_until, $4) WHERE id = $1 AND taken = $2";
}
