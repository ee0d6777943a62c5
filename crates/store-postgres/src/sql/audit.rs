/// The columns in the order that `read::audit::decode` takes them.
macro_rules! select {
    () => {
        "SELECT at, kind, user_id, session_id, actor, address, detail FROM audit_entries"
    };
}

statements! {
    /// The newest entries, newest first.
    NEWEST = concat!(select!(), " ORDER BY id DESC LIMIT $1");
    /// The newest entries of a user, newest first.
    NEWEST_OF = concat!(select!(), " WHERE user_id = $1 ORDER BY id DESC LIMIT $2");
    /// Adds an entry.
    INSERT = "INSERT INTO audit_entries (at, kind, user_id, session_id, actor, address, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)";
}
