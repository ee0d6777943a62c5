statements! {
    /// All that an access token says of a user.
    BY_USER = concat!("SELECT ", subject_columns!(), " FROM users ", subject_joins!(), " WHERE users.id = $1");
    /// The same of the users of several sessions, with the sessions. The id comes first, once more: a row that cannot be read is that
    /// session's alone.
    BY_SESSIONS = concat!(
        "SELECT sessions.id, ", session_columns!(), ", ", subject_columns!(), " FROM sessions JOIN users ON users.id = sessions.user_id ", subject_joins!(),
        " WHERE sessions.id = ANY($1)"
    );
}
